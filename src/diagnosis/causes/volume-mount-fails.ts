// A volume that cannot be attached or mounted: the pod is scheduled and never starts. Missing ConfigMaps and Secrets are another cause.
import type { ContainerStatus } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, eventQuote, person } from "#diagnosis/assess.ts";
import { missingIn } from "#diagnosis/causes/reference-missing.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "VolumeMountFails";

export const volumeMountFails: Cause = {
  code,
  title: "A volume that cannot be attached or mounted",
  reads: "FailedAttachVolume and FailedMount events of pods that do not start.",
  means: "The volume is attached elsewhere, its driver or path is missing, or the mount is refused.",
  remedy: "Check whether the volume is in use elsewhere, then detach it there. Never force a volume that is in use.",
  find: (view) => view.workloads.map((workload) => find(view, workload)),
};

const isCreating = ({ state }: ContainerStatus): boolean =>
  state?.waiting?.reason === undefined || state.waiting.reason === "ContainerCreating" || state.waiting.reason === "PodInitializing";

const find = (view: View, workload: Workload): Assessment => {
  // Once one of its containers has come further than that, its volumes are mounted.
  const waiting = new Set(
    workload.pods
      .filter(({ status }) => status?.phase === "Pending" && (status.containerStatuses ?? []).every(isCreating))
      .map(({ metadata }) => metadata.uid),
  );
  const events = view
    .eventsAround(workload)
    .filter(({ reason, uid }) => (reason === "FailedMount" || reason === "FailedAttachVolume") && uid !== undefined && waiting.has(uid))
    .filter(({ message }) => missingIn(message) === undefined)
    // "timed out waiting for the condition" only repeats another one.
    .toSorted((a, b) => Number(a.message.includes("timed out waiting")) - Number(b.message.includes("timed out waiting")));
  const [event] = events;
  const multi = /Multi-Attach error for volume "([^"]+)"/.exec(event?.message ?? "");
  return assess(
    code,
    {
      required: [{ claim: "a pod waits for a volume that cannot be mounted", holds: event !== undefined }],
      supporting: [
        { claim: "it was tried more than once", holds: (event?.count ?? 0) > 1, weight: 1 },
        { claim: "the reason is given", holds: event !== undefined && !event.message.includes("timed out waiting"), weight: 1 },
      ],
    },
    () => ({
      object: workload.reference,
      summary:
        multi === null
          ? `A volume of ${referenceText(workload.reference)} cannot be mounted: ${(event?.message ?? "").slice(0, 400)}`
          : `Volume ${multi[1]} of ${referenceText(workload.reference)} is still attached to another node.`,
      chain: ["the volume cannot be mounted", `pods of ${referenceText(workload.reference)} wait in ContainerCreating`],
      quotes: events.slice(0, 2).map(eventQuote),
      explains: [workload.reference],
      facts: person("check whether the volume is in use elsewhere before you detach it"),
    }),
  );
};
