// A container that is killed because its postStart hook fails: the kubelet reports the hook, and the program's own log may say nothing.
import { eventQuote } from "#diagnosis/quotes.ts";
import { recentEvent, repeated } from "#diagnosis/checks/events.ts";
import { hasUnreadyPod } from "#diagnosis/checks/pods.ts";
import { rollbackWithout } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";

/** Longer than the longest back-off between two starts of a container. */
const recentMs = 10 * 60_000;

export const startHookFails = cause({
  code: "StartHookFails",
  title: "A container whose postStart hook fails",
  reads: "FailedPostStartHook events of pods that are not ready, and the hooks of their templates.",
  means: "The kubelet kills a container whose postStart hook fails, however well its program runs.",
  needs: ["objects.Pod", "events"],
  signs: ["event FailedPostStartHook"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const event = recentEvent(view, workload, "FailedPostStartHook", recentMs);
      const hooked = workload.template.spec.containers.find(
        ({ lifecycle }) => (lifecycle as { postStart?: unknown } | undefined)?.postStart !== undefined,
      );
      return event === undefined ? [] : [{ workload, event, container: hooked?.name ?? "?", hooked, words: event.message.slice(0, 300) }];
    }),
  when: [hasUnreadyPod],
  supports: [repeated, { is: "the template has a postStart hook", holds: ({ hooked }) => hooked !== undefined }],
  object: ({ workload }) => workload,
  says: "The postStart hook of container {container} of {workload} fails: {words}.",
  chain: "the postStart hook fails → the kubelet kills container {container} → {workload} is not ready",
  quotes: ({ event }) => [eventQuote(event)],
  repairs: ({ workload, container, hooked }, view) =>
    rollbackWithout(
      view,
      workload,
      ({ spec }) => JSON.stringify(spec.containers.find(({ name }) => name === container)?.lifecycle) === JSON.stringify(hooked?.lifecycle),
    ),
  remedy: "`rollback_deployment` to a revision with another hook. Otherwise, correct the command of the hook.",
  otherwise: "run the command of the hook in the container by hand, and correct what it reports",
});
