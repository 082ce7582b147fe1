// A volume that cannot be attached or mounted: the pod is scheduled and never starts. Missing ConfigMaps and Secrets are a cause of their own.
import type { ContainerStatus } from "#api/kubernetes.ts";
import { missingIn } from "#diagnosis/causes/reference-missing.ts";
import { repeated } from "#diagnosis/checks/events.ts";
import { eventQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";

const isCreating = ({ state }: ContainerStatus): boolean =>
  state?.waiting?.reason === undefined || state.waiting.reason === "ContainerCreating" || state.waiting.reason === "PodInitializing";

/** The kubelet's summary of other events: it gives no reason. */
const isSummary = (message: string): boolean => message.includes("timed out waiting");

export const volumeMountFails = cause({
  code: "VolumeMountFails",
  title: "A volume that cannot be attached or mounted",
  reads: "FailedAttachVolume and FailedMount events of pods that do not start.",
  means: "The volume is attached to another node, its driver or path is missing, or the mount is refused.",
  suppressedBy: ["MemoryUnitWrong"],
  needs: ["objects.Pod", "events"],
  signs: ["event FailedMount", "event FailedAttachVolume"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      // Where a container has come further, the volumes are mounted.
      const waiting = new Set(
        workload.pods
          .filter(({ status }) => status?.phase === "Pending" && (status.containerStatuses ?? []).every(isCreating))
          .map(({ metadata }) => metadata.uid),
      );
      const events = view
        .eventsAround(workload)
        .filter(({ reason, uid }) => (reason === "FailedMount" || reason === "FailedAttachVolume") && uid !== undefined && waiting.has(uid))
        .filter(({ message }) => missingIn(message) === undefined)
        .toSorted((a, b) => Number(isSummary(a.message)) - Number(isSummary(b.message)));
      const [event] = events;
      if (event === undefined) return [];
      const attached = /Multi-Attach error for volume "([^"]+)"/.exec(event.message)?.[1];
      const problem =
        attached === undefined
          ? `A volume cannot be mounted: ${event.message.slice(0, 400)}`
          : `Volume ${attached} is still attached to another node.`;
      return [{ workload, events, event, problem }];
    }),
  supports: [repeated, { is: "the event gives the reason", holds: ({ event }) => !isSummary(event.message) }],
  says: "Pods of {workload} do not start. {problem}",
  chain: "a volume cannot be mounted → pods of {workload} wait in ContainerCreating",
  quotes: ({ events }) => events.slice(0, 2).map(eventQuote),
  remedy: "Check whether the volume is in use elsewhere, then detach it there. Never force a volume that is in use.",
  otherwise: "check whether the volume is in use elsewhere before you detach it",
});
