// The alert rules of the scenarios that run now: they share one Prometheus, so a change of one keeps the rules of the others.
import type { AlertRule } from "#scenarios/scenario.ts";

export interface SharedAlertRules {
  set(owner: string, rules: readonly AlertRule[]): Promise<void>;
  remove(owner: string): Promise<void>;
}

/** Guarantees: writes happen one after the other, each with the rules of every owner. */
export const createSharedAlertRules = (write: (rules: readonly AlertRule[]) => Promise<void>): SharedAlertRules => {
  const byOwner = new Map<string, readonly AlertRule[]>();
  let last: Promise<void> = Promise.resolve();
  const flush = (): Promise<void> => {
    // The caller of the previous write has received its failure.
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
