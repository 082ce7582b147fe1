// A pod of a superseded revision that fails and that its controller does not replace, although the template is right again (kubernetes/kubernetes#67250).
import type { Pod, PodSpec, StatefulSet } from "#api/kubernetes.ts";
import { containerOf } from "#diagnosis/containers.ts";
import { hasControllerRevisions, keptRevisions } from "#diagnosis/controller-revisions.ts";
import { failureQuote, failureText, logQuotes } from "#diagnosis/explain.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import { kubectl } from "#diagnosis/kubectl.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";

/** The number that a StatefulSet gave it; a DaemonSet gives none. */
const ordinalOf = (name: string): number => Number(/-(\d+)$/.exec(name)?.[1] ?? 0);

/** Below the partition a StatefulSet keeps pods at the previous revision. */
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

const imageText = (spec: PodSpec, container: string): string => {
  const image = containerOf(spec, container)?.image;
  return image === undefined ? "" : ` (image ${image})`;
};

/** The API server adds fields to a pod that no template has: only the fields of both count. */
const differs = ({ template }: Workload, pod: Pod): boolean =>
  template.spec.containers.some(({ name, image, command, args }) => {
    const own = pod.spec.containers.find((each) => each.name === name);
    return own === undefined || own.image !== image || JSON.stringify([own.command, own.args]) !== JSON.stringify([command, args]);
  });

const stuckPod = (view: View, workload: Workload) => {
  const { pods, template } = workload;
  const wait = waitText(workload);
  const revisions = keptRevisions(view, workload);
  const { newest } = revisions;
  if (wait === undefined || newest === undefined) return [];
  const superseded = new Map(
    pods.filter((pod) => isUpdated(workload, pod) && !revisions.isNewest(pod)).map((pod) => [pod.metadata.name, pod]),
  );
  const failures = failuresOf(view, workload);
  const stuck = failures
    .filter(({ pod }) => !pod.isReady && superseded.has(pod.name))
    .toSorted((a, b) => ordinalOf(a.pod.name) - ordinalOf(b.pod.name));
  const [failure] = stuck;
  const pod = superseded.get(failure?.pod.name ?? "");
  if (failure === undefined || pod === undefined) return [];
  const old = revisions.of(pod);
  const container = failure.container.name;
  return [
    {
      ...{ workload, pod, failures, stuck, failure, old, wait, superseded, container },
      death: failureText(failure),
      was: `${old === undefined ? "a superseded revision" : `revision ${old.revision}`}${imageText(pod.spec, container)}`,
      current: `revision ${newest.revision}${imageText(template.spec, container)}`,
      command: kubectl(workload.reference.namespace, "delete", "pod", pod.metadata.name),
    },
  ];
};

export const supersededPodStuck = cause({
  code: "SupersededPodStuck",
  title: "A pod of a superseded revision that is not replaced",
  reads: "Failing pods of a StatefulSet or DaemonSet, their revision, the revision of the template, and the update strategy.",
  means: "The template has changed since, but the controller waits for the old pod to become ready, or for a person to delete it.",
  needs: ["objects.Pod", "objects.ControllerRevision"],
  signs: ["StatefulSet", "DaemonSet"],
  of: (view: View) => view.workloads.filter(hasControllerRevisions).flatMap((workload) => stuckPod(view, workload)),
  unless: [
    {
      is: "a pod of the newest revision fails too",
      holds: ({ failures, superseded }) => failures.some(({ pod }) => !superseded.has(pod.name)),
    },
  ],
  supports: [
    { is: "its revision is kept", holds: ({ old }) => old !== undefined },
    { is: "the failing part has changed in the template", holds: ({ workload, pod }) => differs(workload, pod), weight: 2 },
  ],
  says: "{pod} of {workload} still runs {was} and fails; the template is already at {current}. {wait}.",
  chain: "{pod} was created from {was} → container {container} {death} → the template is at {current} → {wait}",
  quotes: ({ workload, failure, current, stuck }, view) => [
    failureQuote(workload, failure),
    objectQuote(workload, `template: ${current}`),
    ...logQuotes(view, workload, stuck, 1),
  ],
  explains: ({ pod }) => [pod],
  repairs: ({ workload, pod, current }) => [
    {
      action: "restart_pod",
      target: referenceTo(pod),
      parameters: {},
      rationale: `${nameOf(workload)} creates the pod again, from ${current}.`,
      expected: `${nameOf(pod)} runs ${current} and is ready.`,
    },
  ],
  remedy: "`restart_pod` for the pod, which its controller creates again from the template. Otherwise, delete the pod.",
  otherwise: "delete the pod: {command}",
});
