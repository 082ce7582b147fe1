// A pod of a superseded revision that fails and that its controller does not replace, although the template is right again (kubernetes/kubernetes#67250).
import type { Pod, StatefulSet } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { keptRevisions } from "#diagnosis/controller-revisions.ts";
import { failureQuote, failureText, logQuotes } from "#diagnosis/explain.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";

const code = "SupersededPodStuck";

export const supersededPodStuck: Cause = {
  code,
  title: "A pod of a superseded revision that nothing replaces",
  reads: "Failing pods of a StatefulSet or DaemonSet, the revision that they run, the revision of the template, and the update strategy.",
  means: "The template has changed since, but the controller waits for the old pod to become ready, or leaves pods to be deleted by hand.",
  remedy: "`restart_pod` for the pod, which its controller makes anew from the template. Otherwise, delete the pod.",
  find: (view) =>
    view.workloads
      .filter(({ object }) => object.kind === "StatefulSet" || object.kind === "DaemonSet")
      .map((workload) => find(view, workload)),
};

const find = (view: View, workload: Workload): Assessment => {
  const { reference, pods, template } = workload;
  const revisions = keptRevisions(view, workload);
  const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]));
  const isSuperseded = (name: string): boolean => {
    const pod = byName.get(name);
    return pod !== undefined && revisions.newest !== undefined && isUpdated(workload, pod) && !revisions.isNewest(pod);
  };
  const failures = failuresOf(view, workload);
  const stuck = failures
    .filter(({ pod }) => !pod.isReady && isSuperseded(pod.name))
    .toSorted((a, b) => ordinalOf(a.pod.name) - ordinalOf(b.pod.name));
  const [failure] = stuck;
  const pod = failure === undefined ? undefined : byName.get(failure.pod.name);
  const wait = waitText(workload);
  return assess(
    code,
    {
      required: [
        { claim: "a failing pod of a superseded revision", holds: failure !== undefined },
        { claim: "an update strategy that does not replace it", holds: wait !== undefined },
      ],
      against: [
        {
          claim: "a pod of the newest revision fails, too",
          holds: failures.some(({ pod: each }) => !isSuperseded(each.name)),
        },
      ],
      supporting: [
        { claim: "its revision is kept", holds: pod !== undefined && revisions.of(pod) !== undefined, weight: 1 },
        { claim: "what fails has changed in the template", holds: pod === undefined ? "unknown" : differs(workload, pod), weight: 2 },
      ],
    },
    () => {
      const name = failure?.pod.name ?? "";
      const target = {
        apiVersion: "v1",
        kind: "Pod",
        ...(reference.namespace === undefined ? {} : { namespace: reference.namespace }),
        name,
      };
      const container = failure?.container.name ?? "";
      const old = pod === undefined ? undefined : revisions.of(pod);
      const was = `${old === undefined ? "a superseded revision" : `revision ${old.revision}`}${imageText(pod?.spec, container)}`;
      const is = `revision ${revisions.newest?.revision}${imageText(template.spec, container)}`;
      const command = `kubectl delete pod ${name}${reference.namespace === undefined ? "" : ` -n ${reference.namespace}`}`;
      return {
        object: reference,
        summary: `Pod ${name} of ${referenceText(reference)} still runs ${was} and fails; the template is already at ${is}. ${wait}.`,
        chain: [
          `${referenceText(target)} was made from ${was}`,
          ...(failure === undefined ? [] : [`container ${container} ${failureText(failure)}`]),
          `the template is at ${is}`,
          wait ?? "",
        ],
        quotes: [
          ...(failure === undefined ? [] : [failureQuote(workload, failure)]),
          objectQuote(reference, `template: ${is}`),
          ...logQuotes(view, workload, stuck, 1),
        ],
        explains: [reference, ...(pod === undefined ? [] : [referenceTo(pod)])],
        facts: {
          remedies: [
            {
              action: "restart_pod",
              target,
              parameters: {},
              rationale: `${referenceText(reference)} makes the pod anew, from ${is}.`,
              expected: `${referenceText(target)} runs ${is} and is ready.`,
            },
          ],
          otherwise: `delete the pod: ${command}`,
        },
      };
    },
  );
};

/** The number that a StatefulSet gave it; a DaemonSet gives none. */
const ordinalOf = (name: string): number => Number(/-(\d+)$/.exec(name)?.[1] ?? 0);

/** Below the partition a StatefulSet keeps pods at the revision before. */
const isUpdated = ({ object }: Workload, { metadata }: Pod): boolean =>
  object.kind !== "StatefulSet" || ordinalOf(metadata.name) >= ((object as StatefulSet).spec.updateStrategy?.rollingUpdate?.partition ?? 0);

/** Why the controller does not replace it; undefined where it does. */
const waitText = ({ object }: Workload): string | undefined => {
  const { updateStrategy, podManagementPolicy } = (object as StatefulSet).spec;
  if (updateStrategy?.type === "OnDelete")
    return `With the update strategy OnDelete, a ${object.kind} replaces a pod only after it was deleted`;
  return object.kind === "StatefulSet" && podManagementPolicy !== "Parallel"
    ? "A StatefulSet does not replace a pod that is not ready: it waits for it"
    : undefined;
};

const imageIn = (spec: Pod["spec"] | undefined, container: string): string | undefined =>
  [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find(({ name }) => name === container)?.image;

const imageText = (spec: Pod["spec"] | undefined, container: string): string => {
  const image = imageIn(spec, container);
  return image === undefined ? "" : ` (image ${image})`;
};

/** Of what the API server fills into a pod, nothing is in a template: only what both have is compared. */
const differs = ({ template }: Workload, pod: Pod): boolean =>
  template.spec.containers.some(({ name, image, command, args }) => {
    const own = pod.spec.containers.find((each) => each.name === name);
    return own === undefined || own.image !== image || JSON.stringify([own.command, own.args]) !== JSON.stringify([command, args]);
  });
