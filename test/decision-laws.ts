// The laws that every table of guards keeps, as tests: run them with the cases of a kind and every combination of what its decisions may see.
import { expect, test } from "vitest";
import { isTerminal, type Transitions } from "#api/define-kind.ts";
import { requireEdges } from "#api/transition.ts";
import { type Decision, firstDecision, type Phases, type Vocabulary } from "#controllers/decision.ts";

export interface Laws<V extends Vocabulary, Seen> {
  readonly phases: Phases<V["phase"], Seen, Decision<V>>;
  readonly transitions: Transitions<V["phase"]>;
  readonly phaseIn: (seen: Seen) => V["phase"];
  /** The named cases of the kind. */
  readonly cases: Iterable<readonly [Seen, number]>;
  /** Every combination; the cases by default. */
  readonly everything?: Iterable<readonly [Seen, number]>;
}

export const testDecisionLaws = <V extends Vocabulary, Seen>({ phases, transitions, phaseIn, ...seen }: Laws<V, Seen>): void => {
  const cases = [...seen.cases];

  test("the phases without guards are the terminal ones", () => {
    const names = Object.keys(transitions) as V["phase"][];
    expect(names.filter((phase) => phases[phase].length === 0)).toEqual(names.filter((phase) => isTerminal(transitions, phase)));
  });

  test("every guard of every phase decides some case", () => {
    const guardOf = (observed: Seen, now: number): string | undefined => firstDecision(phases[phaseIn(observed)], observed, now)?.guard;
    const reached = new Set(cases.map(([observed, now]) => `${phaseIn(observed)}: ${guardOf(observed, now)}`));
    const declared = (Object.keys(phases) as V["phase"][]).flatMap((phase) => phases[phase].map(({ name }) => `${phase}: ${name}`));
    expect(declared.filter((guard) => !reached.has(guard))).toEqual([]);
  });

  test("the decisions and the transition table have the same edges", () => {
    const decided = new Set<string>();
    for (const [observed, now] of [...cases, ...(seen.everything ?? [])]) {
      const from = phaseIn(observed);
      const decision = firstDecision(phases[from], observed, now)?.decision;
      if (decision?.do !== "transition") continue;
      const stops = [from, ...(decision.through ?? []), decision.to];
      requireEdges("the decision", transitions, ...(stops as [V["phase"], ...V["phase"][]]));
      for (const [index, to] of stops.slice(1).entries()) decided.add(`${stops[index]} → ${to}`);
    }
    const declared = Object.entries<readonly string[]>(transitions).flatMap(([from, targets]) => targets.map((to) => `${from} → ${to}`));
    expect([...decided].toSorted()).toEqual(declared.toSorted());
  });
};
