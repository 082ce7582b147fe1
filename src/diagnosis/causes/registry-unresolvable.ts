// The name of an image's registry cannot be resolved: it is wrong, or the node's own DNS is.
import { referenceText } from "#api/object.ts";
import { assess, eventQuote, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { remediesOr, rollbackWithout } from "#diagnosis/previous-revision.ts";
import { type Pull, pullsWaiting } from "#diagnosis/image-pulls.ts";
import type { View } from "#diagnosis/view.ts";

const code = "RegistryUnresolvable";

export const registryUnresolvable: Cause = {
  code,
  title: "A registry whose name cannot be resolved",
  reads: "Containers that wait for their image, and what the container runtime says of the registry's name.",
  means: "The node cannot resolve the registry's name.",
  remedy:
    "`rollback_deployment` to a revision whose registry resolves. Otherwise, correct the name of the registry or the DNS of the nodes.",
  find: (view) => pullsWaiting(view).map((pull) => find(view, pull)),
};

const find = (view: View, { workload, container, image, event, message }: Pull): Assessment => {
  const host = /lookup ([^\s:]+)(?: on \S+)?: (?:no such host|server misbehaving|Temporary failure|i\/o timeout)/.exec(message)?.[1];
  const others = pullsWaiting(view).filter((each) => each.message.includes(`lookup ${host}`)).length;
  return assess(
    code,
    {
      required: [{ claim: "the runtime cannot resolve the registry's name", holds: host !== undefined }],
      supporting: [
        { claim: "the image names that registry", holds: host !== undefined && isFrom(image, host) ? true : "unknown", weight: 2 },
        { claim: "the name does not exist, instead of not being answered", holds: message.includes("no such host"), weight: 1 },
      ],
    },
    () => ({
      object: workload.reference,
      summary: `The registry ${host} of image ${image} cannot be resolved: container ${container} of ${referenceText(workload.reference)} cannot start.`,
      chain: [`${host} is not resolved`, `image ${image} cannot be pulled`, `pods of ${referenceText(workload.reference)} wait for it`],
      quotes: [
        ...(event === undefined ? [] : [eventQuote(event)]),
        objectQuote(workload.reference, `container ${container}: image ${image}`),
      ],
      explains: [workload.reference],
      facts:
        others > 1 && host !== undefined && !isFrom(image, host)
          ? person("correct the registry mirror in the configuration of the nodes: its name does not resolve")
          : remediesOr(
              rollbackWithout(view, workload, ({ spec }) =>
                spec.containers.some((each) => host !== undefined && isFrom(each.image ?? "", host)),
              ),
              "correct the name of the registry, or the DNS of the nodes",
            ),
    }),
  );
};

const isFrom = (image: string, host: string): boolean => image.startsWith(`${host}/`) || image.startsWith(`${host}:`);
