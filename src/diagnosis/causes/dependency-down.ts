// A workload fails because another one that it calls is down, in its own namespace or another: the other one is where to look, whatever its own fault.
// Says least of all causes: wherever it is known why the other one is down, that is told instead, and explains the same callers.
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { dependentsOf, isDown } from "#diagnosis/dependents.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { isReady } from "#api/conditions.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "DependencyDown";

export const dependencyDown: Cause = {
  code,
  title: "A workload that others depend on is down",
  reads: "Workloads without a ready pod, the Services before them, and what the logs of others say of these Services.",
  means: "Callers fail for it, and nothing that was read says why it is down.",
  remedy: "Find out why the dependency is down; its callers recover once it is up.",
  generality: 2,
  find: (view) => view.workloads.filter(isDown).map((workload) => find(view, workload)),
};

const quotesAtMost = 3;

const find = (view: View, workload: Workload): Assessment => {
  const { reference, pods, desired } = workload;
  const complaints = dependentsOf(view, workload);
  const failing = complaints.filter((each) => !each.workload.pods.some(isReady));
  const name = referenceText(reference);
  return assess(
    code,
    {
      required: [
        { claim: `none of the pods of ${name} is ready`, holds: true },
        { claim: "others complain that they cannot reach it", holds: complaints.length > 0 },
      ],
      supporting: [
        { claim: "one of those is not ready itself", holds: failing.length > 0 },
        { claim: "several complain", holds: complaints.length > 1 },
      ],
    },
    () => ({
      object: reference,
      summary: `None of the ${pods.length} pods of ${name} is ready, and ${complaints.map((each) => referenceText(each.workload.reference)).join(", ")} fail to reach it.`,
      chain: [
        `${name} is down`,
        ...complaints.slice(0, quotesAtMost).map((each) => `${referenceText(each.workload.reference)} gets no answer from it`),
      ],
      quotes: [
        objectQuote(reference, `0 of ${desired ?? pods.length} replicas are ready`),
        ...complaints.slice(0, quotesAtMost).map(({ log, line }) => quote("log", `Pod ${log.namespace}/${log.pod}`, line)),
      ],
      explains: complaints.map((each) => each.workload.reference),
      facts: person(`find out why ${name} is down; its callers recover once it is up`),
    }),
  );
};
