// A workload without a ready pod whose callers fail because of it. Least particular of all causes: the cause of its own failure explains more,
// and the same callers.
import { isReady } from "#api/conditions.ts";
import { referenceText } from "#api/object.ts";
import { complaintQuote } from "#diagnosis/caller-complaints.ts";
import { dependentsOf, isDown } from "#diagnosis/dependents.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";

const quotesAtMost = 3;

export const dependencyDown = cause({
  code: "DependencyDown",
  title: "A workload that others depend on is down",
  reads: "Workloads without a ready pod, the Services before them, and the complaints about these Services in the logs of callers.",
  means: "Callers fail because of it, and the evidence does not show why it is down.",
  generality: 2,
  needs: ["objects.Pod", "objects.Service", "logs"],
  signs: ["log"],
  of: (view: View) =>
    view.workloads.filter(isDown).flatMap((workload) => {
      const complaints = dependentsOf(view, workload);
      const callers = complaints.map((complaint) => complaint.workload);
      const effects = callers.slice(0, quotesAtMost).map(({ reference }) => `${referenceText(reference)} gets no answer from it`);
      const count = workload.pods.length === 1 ? "Its only pod" : `None of its ${workload.pods.length} pods`;
      const state = workload.pods.length === 1 ? `${count} is not ready` : `${count} is ready`;
      return complaints.length === 0 ? [] : [{ workload, complaints, callers, effects, state }];
    }),
  supports: [
    { is: "a caller is not ready itself", holds: ({ callers }) => callers.some(({ pods }) => !pods.some(isReady)) },
    { is: "several callers complain", holds: ({ callers }) => callers.length > 1 },
  ],
  says: "{workload} is down and its callers fail: {callers}. {state}.",
  chain: "{workload} is down → {effects}",
  quotes: ({ workload, complaints }) => [
    objectQuote(workload, `0 of ${workload.desired ?? workload.pods.length} replicas are ready`),
    ...complaints.slice(0, quotesAtMost).map(complaintQuote),
  ],
  explains: ({ callers }) => callers,
  remedy: "Find out why the dependency is down; its callers recover once it is up.",
  otherwise: "find out why {workload} is down; its callers recover once it is up",
});
