// A repair that does not last: made before on the same object, and needed again. Pure; a person decides who is right, not the next repair.
import type { Plan } from "#api/kinds/ai-analysis.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { outlineOf, sameOutline } from "#api/plan-outline.ts";
import { planText } from "#controllers/remediation-request/children.ts";
import type { OutsideChange } from "#controllers/remediation-request/outside-changes.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { listed, times } from "#lib/words.ts";

/** So often the same repair of one object is made within the window; the next one needs a person. */
const maxRepeats = 2;
const windowMs = 24 * 3_600_000;

export interface Repeats {
  /** The times that the same repair was made, oldest first. */
  readonly same: readonly WorkflowExecution[];
  /** Other repairs of the object since the first of them: two repairs may undo each other. */
  readonly others: readonly WorkflowExecution[];
  readonly sinceMs: number;
}

/** `done`: workflows of the object that the plan repairs. Undefined while the repair may be made again. */
export const repeatsOf = (plan: Plan, done: readonly WorkflowExecution[], now: number): Repeats | undefined => {
  const recent = done
    .filter(({ status }) => status?.phase === "Completed" && endOf(status) >= now - windowMs)
    .toSorted((a, b) => endOf(a.status) - endOf(b.status));
  const same = recent.filter(({ spec }) => sameOutline(outlineOf(spec), outlineOf(plan)));
  const [first] = same;
  if (first === undefined || same.length < maxRepeats) return undefined;
  const sinceMs = endOf(first.status);
  return { same, others: recent.filter((each) => !same.includes(each) && endOf(each.status) >= sinceMs), sinceMs };
};

const endOf = (status: WorkflowExecution["status"]): number => fromTimestamp(status?.completedAt) ?? 0;

/** Names both sides: the requests that made the repair, and what has undone it. */
export const repeatText = (plan: Plan, { same, others }: Repeats, changes: readonly OutsideChange[]): string => {
  const names = (workflows: readonly WorkflowExecution[]): string =>
    listed([...new Set(workflows.map(({ spec }) => spec.request))].slice(0, 5));
  const [other] = others;
  const undone = [
    ...(other === undefined ? [] : [`${names(others)} made ${planText(other.spec)}`]),
    ...new Set(changes.map(({ text }) => text)),
  ].slice(0, 5);
  const why = undone.length === 0 ? "What undid it is not known" : `Since then, ${listed(undone)}`;
  return `${planText(plan)} was made ${times(same.length)} in 24 h (${names(same)}) and did not last. ${why}. Decide which is right.`;
};
