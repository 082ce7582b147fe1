// An image registry whose name does not resolve: the name is wrong, or the DNS of the node is.
import { pullsWaiting } from "#diagnosis/image-pulls.ts";
import { eventQuote, objectQuote, quoted } from "#diagnosis/quotes.ts";
import { rollbackWithout } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";

const isFrom = (image: string, host: string): boolean => image.startsWith(`${host}/`) || image.startsWith(`${host}:`);

export const registryUnresolvable = cause({
  code: "RegistryUnresolvable",
  title: "A registry whose name does not resolve",
  reads: "Containers that wait for their image, and the errors of the container runtime about the registry's name.",
  means: "The node cannot resolve the name of the registry.",
  needs: ["objects.Pod"],
  signs: ["waiting ErrImagePull", "waiting ImagePullBackOff", "waiting RegistryUnavailable", "waiting ImageInspectError"],
  of: (view: View) => {
    const pulls = pullsWaiting(view);
    return pulls.flatMap((pull) => {
      const host = /lookup ([^\s:]+)(?: on \S+)?: (?:no such host|server misbehaving|Temporary failure|i\/o timeout)/.exec(
        pull.message,
      )?.[1];
      if (host === undefined) return [];
      // Several images of other registries go through it: a mirror in the configuration of the nodes.
      const isMirror = !isFrom(pull.image, host) && pulls.filter(({ message }) => message.includes(`lookup ${host}`)).length > 1;
      const step = isMirror
        ? "correct the registry mirror in the configuration of the nodes: its name does not resolve"
        : "correct the name of the registry, or the DNS of the nodes";
      return [{ ...pull, host, isMirror, step }];
    });
  },
  supports: [
    { is: "the image names that registry", holds: ({ image, host }) => isFrom(image, host) || "unknown", weight: 2 },
    { is: "the name server answers that the name does not exist", holds: ({ message }) => message.includes("no such host") },
  ],
  says: "The registry {host} of image {image} does not resolve: container {container} of {workload} cannot start.",
  chain: "{host} does not resolve → image {image} cannot be pulled → pods of {workload} wait for it",
  quotes: ({ workload, event, container, image }) => [
    quoted(event, eventQuote),
    objectQuote(workload, `container ${container}: image ${image}`),
  ],
  repairs: ({ workload, host, isMirror }, view) =>
    isMirror ? [] : rollbackWithout(view, workload, ({ spec }) => spec.containers.some(({ image = "" }) => isFrom(image, host))),
  remedy:
    "`rollback_deployment` to a revision whose registry resolves. Otherwise, correct the name of the registry or the DNS of the nodes.",
  otherwise: "{step}",
});
