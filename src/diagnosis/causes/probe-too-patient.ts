// A readiness probe whose first check comes after the rollout counts as failed: the kubelet keeps a container unready for the whole initial delay
// (pkg/kubelet/prober/worker.go), and a Deployment gives its rollout progressDeadlineSeconds.
import type { Container, Deployment } from "#api/kubernetes.ts";
import { containerOf, containerStatusOf } from "#diagnosis/containers.ts";
import { probeOf, probeText } from "#diagnosis/probe-failures.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { rollbackWithout } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

/** The API server's default, as of any workload without the field. */
const defaultDeadlineSeconds = 600;
/** A container that has run for less is only starting. */
const startingSeconds = 30;

const delayOf = (container: Container | undefined): number =>
  container === undefined ? 0 : (probeOf(container, "readiness")?.initialDelaySeconds ?? 0);

export const probeTooPatient = cause({
  code: "ProbeTooPatient",
  title: "A readiness probe that starts too late",
  reads: "Containers that run and are not ready, the initial delay of their readiness probe, and the rollout's deadline.",
  means: "The pod cannot become ready before the rollout counts as failed, however early the program is.",
  needs: ["objects.Pod"],
  signs: ["Pod Ready=False"],
  of: (view: View) =>
    view.workloads.flatMap((workload) =>
      workload.pods.slice(0, 1).flatMap((pod) =>
        pod.spec.containers.flatMap((container) => {
          const status = containerStatusOf(pod, container.name);
          const startedAt = fromTimestamp(status?.state?.running?.startedAt);
          const probe = probeOf(container, "readiness");
          if (startedAt === undefined || status === undefined || status.ready || probe === undefined) return [];
          const deadline = (workload.object as Deployment).spec.progressDeadlineSeconds ?? defaultDeadlineSeconds;
          const runSeconds = Math.max(0, Math.round((view.now - startedAt) / 1000));
          return [{ workload, pod, status, probe, container: container.name, delay: probe.initialDelaySeconds, deadline, runSeconds }];
        }),
      ),
    ),
  when: [
    { is: "its readiness probe has not started yet", holds: ({ runSeconds, delay }) => runSeconds < delay },
    { is: "the delay is not shorter than the rollout's deadline", holds: ({ delay, deadline }) => delay >= deadline },
  ],
  unless: [
    {
      is: ({ container }) => `container ${container} has been restarted: it has another fault`,
      holds: ({ status }) => status.restartCount > 0,
    },
  ],
  supports: [{ is: "it has run for longer than a start takes", holds: ({ runSeconds }) => runSeconds >= startingSeconds }],
  says: "The readiness probe of container {container} of {workload} starts after {delay} s, and the rollout fails after {deadline} s.",
  chain:
    "the readiness probe waits {delay} s before its first check → the pod is not ready until then → the rollout counts as failed before",
  quotes: ({ workload, pod, container, probe, runSeconds }) => [
    objectQuote(workload, `container ${container}: readiness probe: ${probeText(probe)}`),
    objectQuote(pod, `container ${container}: running for ${runSeconds} s, not ready`),
  ],
  explains: ({ workload }, view) => view.servicesOf(workload),
  repairs: ({ workload, container, deadline }, view) =>
    rollbackWithout(view, workload, ({ spec }) => delayOf(containerOf(spec, container)) >= deadline),
  remedy: "`rollback_deployment` to a revision that probes sooner. Otherwise, shorten the delay.",
  otherwise: "shorten initialDelaySeconds of the probe",
});
