// A fault as a value: what runs well, what breaks it, the root cause, and what becomes of it. Applied by break-cluster; names and messages of its
// objects never give it away.
import type { ActionName } from "#api/action-names.ts";
import type { CauseCode } from "#api/cause-codes.ts";

export interface Fault {
  /** Its namespace. */
  readonly name: string;
  /** In words, with the number in the list of scenarios. */
  readonly scenario?: string;
  /** Of its namespace. */
  readonly labels?: Readonly<Record<string, string>>;
  /** YAML or JSON documents: runs well, unless there is no `after`. */
  readonly before: string;
  /** Applied once `before` runs. */
  readonly after?: string;
  /** Absent: nothing is wrong in this namespace. */
  readonly cause?: Cause;
  /** Where more is wrong in the namespace: only this object is asked about, as kind/name. */
  readonly asked?: string;
  /** The labels of pods that are deleted once `after` is applied, so that they read a new configuration. */
  readonly restart?: Readonly<Record<string, string>>;
  /** What each of its containers uses, as metrics.k8s.io has it. */
  readonly cpu?: string;
  /** The action that repairs it; absent: none is run, and manual review is asked for. */
  readonly repair?: ActionName;
  /** kubectl's arguments, once all other faults have been seen. */
  readonly kubectl?: readonly (readonly string[])[];
  /** Takes that back: with two such faults at once no node would be left for a repair's Job. */
  readonly afterwards?: readonly string[];
}

export interface Cause {
  /** Any of them is right. */
  readonly codes: readonly CauseCode[];
  readonly kind: string;
  readonly name: string;
}

/** Those in which kubectl does something to nodes, apart from the others. */
export const inOrder = (faults: readonly Fault[]): { readonly others: readonly Fault[]; readonly ofNodes: readonly Fault[] } => ({
  others: faults.filter(({ kubectl }) => kubectl === undefined),
  ofNodes: faults.filter(({ kubectl }) => kubectl !== undefined),
});
