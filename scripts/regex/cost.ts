// Whether the time a regular expression takes grows faster than the text: decided on its automaton, the same on every machine, in milliseconds.
// Errs on the side of "superlinear". (The npm package `recheck` finds the same, but takes minutes for our patterns and leaves a dozen undecided.)
import { automatonOf, type Automaton, NotAnalysable } from "./automaton.ts";

export type Cost = { readonly isLinear: true } | { readonly isLinear: false; readonly why: string };

const linear: Cost = { isLinear: true };
const superlinear = (why: string): Cost => ({ isLinear: false, why });

/** Parts of a pattern that repeat as a whole, and that are larger, are not searched through. */
const largestLoop = 60;

export const costOf = (pattern: string, flags: string): Cost => {
  let automaton: Automaton;
  try {
    automaton = automatonOf(pattern, flags);
  } catch (error) {
    if (error instanceof NotAnalysable) return superlinear(`it cannot be analysed: ${error.message}`);
    throw error;
  }
  const loops = loopsOf(automaton);
  return exponential(automaton, loops) ?? polynomial(automaton, loops) ?? linear;
};

/** The loop that a state is part of, by its number; undefined where it is in none. */
type Loops = readonly (number | undefined)[];

/** Strongly connected components that have an edge (Tarjan). */
const loopsOf = ({ states }: Automaton): Loops => {
  const index: (number | undefined)[] = [];
  const low: number[] = [];
  const open: number[] = [];
  const isOpen = new Set<number>();
  const loops: (number | undefined)[] = states.map(() => undefined);
  let count = 0;
  const visit = (at: number): void => {
    const own = count++;
    index[at] = own;
    low[at] = own;
    open.push(at);
    isOpen.add(at);
    for (const { to } of states[at]?.edges ?? []) {
      if (index[to] === undefined) visit(to);
      if (isOpen.has(to)) low[at] = Math.min(low[at] ?? own, low[to] ?? own);
    }
    if (low[at] !== own) return;
    const members = open.splice(open.indexOf(at));
    for (const each of members) isOpen.delete(each);
    const isLoop = members.length > 1 || (states[at]?.edges.some(({ to }) => to === at) ?? false);
    if (isLoop) for (const each of members) loops[each] = own;
  };
  for (const at of states.keys()) if (index[at] === undefined) visit(at);
  return loops;
};

/** Two ways around one loop that read the same text. */
const exponential = ({ states }: Automaton, loops: Loops): Cost | undefined => {
  for (const loop of new Set(loops.filter((each) => each !== undefined))) {
    const members = [...states.keys()].filter((at) => loops[at] === loop);
    const inside = (at: number) => (states[at]?.edges ?? []).filter(({ to }) => loops[to] === loop);
    const twice = members.find((at) => inside(at).some(({ isDoubled }) => isDoubled));
    if (twice !== undefined) return superlinear(`"${states[twice]?.text}" repeats inside of something that repeats it again`);
    if (members.length > largestLoop) return superlinear("it cannot be analysed: a part that repeats is too large");
    // From one state apart and together again: on the way back, every pair is reached against the direction of its edges.
    const pair = (a: number, b: number): string => `${a} ${b}`;
    const next = new Map<string, string[]>();
    const previous = new Map<string, string[]>();
    for (const a of members)
      for (const b of members)
        for (const left of inside(a))
          for (const right of inside(b))
            if ((left.symbols & right.symbols) !== 0n) {
              next.set(pair(a, b), [...(next.get(pair(a, b)) ?? []), pair(left.to, right.to)]);
              previous.set(pair(left.to, right.to), [...(previous.get(pair(left.to, right.to)) ?? []), pair(a, b)]);
            }
    const same = members.map((at) => pair(at, at));
    const apart = reachable(same, next);
    const together = reachable(same, previous);
    const found = members.find((a) => members.some((b) => a !== b && apart.has(pair(a, b)) && together.has(pair(a, b))));
    if (found !== undefined) return superlinear(`there are several ways around the repetition with "${states[found]?.text}" for one text`);
  }
  return undefined;
};

const reachable = (from: readonly string[], next: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> => {
  const seen = new Set(from);
  for (const at of seen) for (const to of next.get(at) ?? []) seen.add(to);
  return seen;
};

/** Two loops, one behind the other, that read the same text: where one ends and the other begins may be anywhere in it. */
const polynomial = ({ states, search }: Automaton, loops: Loops): Cost | undefined => {
  const looping = [...states.keys()].filter((at) => loops[at] !== undefined);
  for (const second of looping.filter((at) => at < search && states[at]?.succeeds === false)) {
    const leads = leadingTo(states, second);
    for (const first of looping) {
      if (loops[first] === loops[second] || !leads.has(first) || states[first]?.succeeds === true) continue;
      if (!sharesText(states, loops, leads, first, second)) continue;
      return superlinear(
        first >= search
          ? `"${states[second]?.text}" repeats and may begin anywhere in what it reads`
          : `"${states[first]?.text}" and then "${states[second]?.text}" may divide one text anywhere`,
      );
    }
  }
  return undefined;
};

const leadingTo = (states: Automaton["states"], target: number): ReadonlySet<number> => {
  const leads = new Set([target]);
  let isGrowing = true;
  while (isGrowing) {
    isGrowing = false;
    for (const [index, { edges }] of states.entries())
      if (!leads.has(index) && edges.some(({ to }) => leads.has(to))) {
        leads.add(index);
        isGrowing = true;
      }
  }
  return leads;
};

/** Whether one text leads around the first loop, from it into the second, and around the second. */
const sharesText = (states: Automaton["states"], loops: Loops, leads: ReadonlySet<number>, first: number, second: number): boolean => {
  const seen = new Set<string>();
  const open: (readonly [number, number, number])[] = [[first, first, second]];
  for (let triple = open.pop(); triple !== undefined; triple = open.pop()) {
    const [a, b, c] = triple;
    for (const left of states[a]?.edges ?? []) {
      if (loops[left.to] !== loops[first]) continue;
      for (const right of states[c]?.edges ?? []) {
        const both = left.symbols & right.symbols;
        if (loops[right.to] !== loops[second] || both === 0n) continue;
        for (const middle of states[b]?.edges ?? []) {
          if ((middle.symbols & both) === 0n || !leads.has(middle.to)) continue;
          if (left.to === first && middle.to === second && right.to === second) return true;
          const key = `${left.to} ${middle.to} ${right.to}`;
          if (seen.has(key)) continue;
          seen.add(key);
          open.push([left.to, middle.to, right.to]);
        }
      }
    }
  }
  return false;
};
