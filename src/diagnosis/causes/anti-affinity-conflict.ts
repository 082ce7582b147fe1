// Required pod anti-affinity leaves no node: each has a pod already that the new one must not stand beside.
import { referenceText } from "#api/object.ts";
import { assess, objectQuote } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { remediesOr, rollbackWithout } from "#diagnosis/previous-revision.ts";
import { type Unscheduled, unscheduledPods } from "#diagnosis/scheduling.ts";
import type { View } from "#diagnosis/view.ts";

const code = "AntiAffinityConflict";

export const antiAffinityConflict: Cause = {
  code,
  title: "Pod anti-affinity that leaves no node",
  reads: "Pods that are not scheduled, what the scheduler says, and the template's required anti-affinity.",
  means: "More pods than nodes that may hold one, or pods of others that must not stand beside them.",
  remedy: "`rollback_deployment` to a revision without the rule. Otherwise, add nodes, run fewer replicas, or make the rule a preference.",
  find: (view) => unscheduledPods(view).map((waiting) => find(view, waiting)),
};

const find = (view: View, { workload, pod, message, counts, blocker }: Unscheduled): Assessment => {
  const rules = requiredRules(pod.spec["affinity"]);
  const running = workload.pods.filter(({ spec, status }) => spec.nodeName !== undefined && status?.phase === "Running");
  const desired = workload.desired ?? 1;
  return assess(
    code,
    {
      required: [
        { claim: "the scheduler says that nodes do not meet anti-affinity rules", holds: (counts.antiAffinity ?? 0) > 0 },
        { claim: "anti-affinity is what keeps it out of most nodes that it could run on", holds: blocker === "antiAffinity" },
      ],
      supporting: [
        { claim: "the template has a required anti-affinity rule", holds: rules > 0 ? true : "unknown", weight: 2 },
        {
          claim: "some pods of it run already, one a node",
          holds: running.length > 0 ? new Set(running.map(({ spec }) => spec.nodeName)).size === running.length : "unknown",
          weight: 1,
        },
      ],
    },
    () => ({
      object: workload.reference,
      summary: `Pod anti-affinity of ${referenceText(workload.reference)} leaves no node for ${running.length === 0 ? "its pod" : `more than ${running.length} of ${desired} pods`}.`,
      chain: [`required pod anti-affinity excludes ${counts.antiAffinity} nodes`, `Pod ${pod.metadata.name} is not scheduled`],
      quotes: [
        objectQuote(workload.reference, `affinity: ${JSON.stringify(pod.spec["affinity"] ?? "not known").slice(0, 500)}`),
        objectQuote({ kind: "Pod", ...pod.metadata }, `PodScheduled False: ${message}`),
      ],
      explains: [workload.reference],
      facts: remediesOr(
        rollbackWithout(view, workload, ({ spec }) => requiredRules(spec["affinity"]) > 0),
        "add nodes, run fewer replicas, or turn the required anti-affinity rule into a preferred one",
      ),
    }),
  );
};

const requiredRules = (affinity: unknown): number =>
  (affinity as { podAntiAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: unknown[] } } | undefined)?.podAntiAffinity
    ?.requiredDuringSchedulingIgnoredDuringExecution?.length ?? 0;
