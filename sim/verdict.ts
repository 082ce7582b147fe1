// Whether a run was as it should be: the laws it kept, how it ended for its course, and what a run without faults has made. Pure.
import type { Fault, FaultPlan } from "#sim/faults.ts";
import type { Simulated } from "#sim/run-once.ts";
import { badArgs, goodArgs } from "#scenarios/faults/fixture-faults.ts";
import type { Course } from "#sim/courses.ts";

/** Runs without faults: of the course itself, and of the longest one that it may become where an outside event comes too late. */
export interface References {
  readonly own: Simulated;
  readonly longest: Simulated;
}

/** One sentence for each thing that is wrong. */
export const judge = (run: Simulated, course: Course, references: References | undefined): readonly string[] => {
  const wrong = [...run.violations, ...broken(run, course)];
  if (run.plan.every(isHarmless)) {
    const gaveUp = mayGiveUp(run.plan, course);
    const ends = run.ends.join(", ");
    const expected = [
      course.ends,
      ...(course.mayEnd ?? []),
      ...(gaveUp ? [["AwaitingPerson/ManualReviewRequired"], ["Failed/ManualReviewRequired"]] : []),
    ];
    if (!expected.some((each) => each.join(", ") === ends))
      wrong.push(`it ended ${ends || "with no request"}, not ${expected.map((each) => each.join(", ")).join(" or ") || "with none"}`);
    const isIntended = gaveUp ? run.changes <= Math.max(...course.changes) : course.changes.includes(run.changes);
    const begins = course.begins ?? run.begun;
    if (!gaveUp && begins.join() !== run.begun.join()) wrong.push(`it began ${run.begun.join(", ")}, not ${begins.join(", ")}`);
    if (!isIntended) wrong.push(`the fixtures were changed ${run.changes} times, not ${course.changes.join(" or ")}`);
  }
  return references === undefined ? wrong : [...wrong, ...compared(run, course, references)];
};

const compared = (run: Simulated, course: Course, { own, longest }: References): string[] => {
  const wrong: string[] = [];
  if (run.plan.every(leavesNoTrace)) {
    // Where the end depends on what came first, so do its objects; but nothing may be made that neither course has.
    if (course.mayEnd === undefined) wrong.push(...differences(run.made, own.made));
    else wrong.push(...unknown(run.made, [...own.made, ...longest.made]));
  }
  if (hasExactWrites(run, course)) wrong.push(...differentWrites(run, own));
  const most = Math.max(own.writes.length, longest.writes.length);
  if (run.writes.length > 2 * most + 6) wrong.push(`${run.writes.length} writes, and ${most} without faults`);
  return wrong;
};

/** What an end says of the fixture must be true of it. */
const broken = ({ ends, args, changes }: Simulated, course: Course): string[] => {
  const [end] = ends;
  if (end === undefined || ends.length > 1) return [];
  const found = args.join(" ");
  const isGood = found === goodArgs.join(" ");
  if (!isGood && found !== badArgs.join(" ")) return [`the fixture is left as neither of its revisions: ${found}`];
  if (end === "Completed/Remediated" && !isGood) return [`${end}, and the bad release still runs`];
  if (mustBeUndone.has(end) && isGood) return [`${end}, and the repair is still in place`];
  // A repair of one step is made and taken back; of several, each may be.
  if (Math.max(...course.changes) <= 2 && isGood !== (changes % 2 === 1)) return [`${changes} changes, and the fixture runs ${found}`];
  return [];
};

const mustBeUndone = new Set([
  "Cancelled/",
  "TimedOut/",
  "AwaitingPerson/RolledBack",
  "AwaitingPerson/Rejected",
  "AwaitingPerson/ApprovalExpired",
]);

/** What must not change how a request ends: the product has to outlive it. An action's Job runs once, and may fail; a wrong clock moves deadlines. */
const isHarmless = ({ at, what }: Fault): boolean => {
  if (at !== "time" && at.of === "act")
    return what.kind === "kill" || what.kind === "delay" || what.kind === "repeat" || what.kind === "stale";
  return !["skew", "drop"].includes(what.kind);
};

/**
 * A Job runs once, and reports what it could not do in eight seconds. Where its pod is killed or finds no API server, the only attempt there is may
 * be over, or an undo has failed: then it is handed to a person. What is said of the fixture has to be true all the same.
 */
const mayGiveUp = (plan: FaultPlan, { policy, changes }: Course): boolean =>
  plan.some(({ at, what }) => what.kind === "outage" || (at !== "time" && at.of === "act" && what.kind === "kill")) &&
  (policy.maxAttempts === 1 || Math.max(...changes) > 1);

/** What must not even make other objects than a run without it: after an outage that an action does not outlive, there is another attempt. */
const leavesNoTrace = (fault: Fault): boolean =>
  isHarmless(fault) &&
  (fault.at === "time" ? fault.what.kind !== "outage" || fault.what.forMs < actionsPatienceMs : fault.at.of === "product");

/** The least that five tries of an action's Job take. */
const actionsPatienceMs = 3_750;

/** Nothing had to be tried again, and what outsiders do does not race with it: then each write is as in a run without faults, and happens as often. */
const hasExactWrites = ({ plan }: Simulated, { mayEnd, fixtures, name }: Course): boolean =>
  mayEnd === undefined &&
  fixtures.length === 1 &&
  !nameExceptions.has(name) &&
  plan.every(({ at, what }) => at !== "time" && at.on === "event" && (what.kind !== "hold" || what.ms <= 3_000));

/** Repeated alerts are counted a second later, together or not; an analysis that is written for the product meets the product's own. */
const nameExceptions = new Set(["duplicate", "several-steps", "other-namespace"]);

const differentWrites = ({ plan, writes }: Simulated, { writes: expected }: Simulated): string[] => {
  // Of a fixture that is seen to get well only later, a verification has one thing more to say.
  const isFree = (write: string): boolean => plan.length > 0 && /\/workflowexecutions\/[^/]+\/status /.test(write);
  const count = (all: readonly string[], write: string): number => all.filter((each) => each === write).length;
  return [...new Set([...writes, ...expected])]
    .filter((write) => !isFree(write) && count(writes, write) !== count(expected, write))
    .map((write) => `${write}: ${count(writes, write)} times, and ${count(expected, write)} without faults`);
};

const unknown = (made: readonly string[], expected: readonly string[]): string[] =>
  made.filter((each) => !expected.includes(each)).map((each) => `${each}: a run without faults does not`);

const differences = (made: readonly string[], expected: readonly string[]): string[] => [
  ...unknown(made, expected),
  ...expected.filter((each) => !made.includes(each)).map((each) => `${each}: is missing`),
];
