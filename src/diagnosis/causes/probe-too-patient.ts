// A readiness probe that is not asked before the rollout counts as failed: the kubelet keeps a container unready for the whole initial delay
// (pkg/kubelet/prober/worker.go), and a Deployment gives its rollout progressDeadlineSeconds.
import { type Container, Deployments, type Pod } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { remediesOr, rollbackWithout } from "#diagnosis/previous-revision.ts";
import { probeOf, probeText } from "#diagnosis/probe-failures.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

const code = "ProbeTooPatient";

/** What a Deployment is given where it does not say. */
const defaultDeadlineSeconds = 600;

export const probeTooPatient: Cause = {
  code,
  title: "A readiness probe that is asked too late",
  reads:
    "Containers that run and are not ready, how long they have run, the initial delay of their readiness probe, the rollout's deadline.",
  means: "The pod cannot become ready before the rollout counts as failed, however soon the program is.",
  remedy: "`rollback_deployment` to a revision that probes sooner. Otherwise, shorten the delay.",
  find: (view) =>
    view.workloads.flatMap((workload) =>
      workload.pods.slice(0, 1).flatMap((pod) => pod.spec.containers.map((container) => find(view, workload, pod, container))),
    ),
};

const find = (view: View, workload: Workload, pod: Pod, container: Container): Assessment => {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === container.name);
  const startedAt = fromTimestamp(status?.state?.running?.startedAt);
  const probe = probeOf(container, "readiness");
  const delay = probe?.initialDelaySeconds ?? 0;
  const runSeconds = startedAt === undefined ? Number.POSITIVE_INFINITY : Math.max(0, Math.round((view.now - startedAt) / 1000));
  const deadline = deadlineOf(view, workload);
  return assess(
    code,
    {
      required: [
        { claim: "the container runs and is not ready", holds: startedAt !== undefined && status?.ready === false },
        { claim: "its readiness probe has not been asked yet", holds: runSeconds < delay },
        { claim: `the delay is not shorter than the rollout's deadline of ${deadline} s`, holds: delay >= deadline },
      ],
      against: [{ claim: "the container has been restarted: something else is wrong with it", holds: (status?.restartCount ?? 0) > 0 }],
      supporting: [{ claim: "it has run for half a minute, and no longer only starts", holds: runSeconds >= 30, weight: 1 }],
    },
    () => ({
      object: workload.reference,
      summary: `The readiness probe of container ${container.name} of ${referenceText(workload.reference)} is asked for the first time after ${delay} s, and its rollout has ${deadline} s.`,
      chain: [
        `the readiness probe waits ${delay} s before it asks`,
        "the pod is not ready until then",
        "the rollout counts as failed before",
      ],
      quotes: [
        ...(probe === undefined
          ? []
          : [objectQuote(workload.reference, `container ${container.name}: readiness probe: ${probeText(probe)}`)]),
        objectQuote({ kind: "Pod", ...pod.metadata }, `container ${container.name}: running for ${runSeconds} s, not ready`),
      ],
      explains: [workload.reference, ...view.servicesOf(workload).map(referenceTo)],
      facts: remediesOr(
        rollbackWithout(view, workload, ({ spec }) => {
          const older = spec.containers.find(({ name }) => name === container.name);
          return (older === undefined ? 0 : (probeOf(older, "readiness")?.initialDelaySeconds ?? 0)) >= deadline;
        }),
        "shorten initialDelaySeconds of the probe",
      ),
    }),
  );
};

const deadlineOf = (view: View, { reference }: Workload): number => {
  if (reference.kind !== Deployments.kind) return defaultDeadlineSeconds;
  const deployment = view.all(Deployments, reference.namespace).find(({ metadata }) => metadata.name === reference.name);
  return deployment?.spec.progressDeadlineSeconds ?? defaultDeadlineSeconds;
};
