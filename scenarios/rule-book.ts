// The alert rules of the scenarios that run at this moment: they share one Prometheus, so that each change has to keep the others' rules.
import type { AlertRule } from "#scenarios/scenario.ts";

export interface RuleBook {
  set(owner: string, rules: readonly AlertRule[]): Promise<void>;
  remove(owner: string): Promise<void>;
}

/** Guarantees: writes happen one after the other, each with the rules of every owner. */
export const createRuleBook = (write: (rules: readonly AlertRule[]) => Promise<void>): RuleBook => {
  const byOwner = new Map<string, readonly AlertRule[]>();
  let last: Promise<void> = Promise.resolve();
  const flush = (): Promise<void> => {
    // The last write's failure was its own caller's to hear of.
    last = last.catch(() => {}).then(() => write([...byOwner.values()].flat()));
    return last;
  };
  return {
    set: (owner, rules) => {
      byOwner.set(owner, rules);
      return flush();
    },
    remove: (owner) => (byOwner.delete(owner) ? flush() : Promise.resolve()),
  };
};
