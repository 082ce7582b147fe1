// One kind of fault, as every file under causes/ describes it: what it looks at, what it concludes, and a pure function that finds it.
import type { Assessment } from "#diagnosis/finding.ts";
import type { View } from "#diagnosis/view.ts";

export interface Cause {
  /** PascalCase; what a verdict, a scenario and the reference page call it. */
  readonly code: string;
  readonly title: string;
  /** One sentence each, for the generated reference page. */
  readonly looksAt: string;
  readonly concludes: string;
  readonly wouldDo: string;
  /** Codes of more particular causes, or any: where one of them holds for the same object, this one is not told. */
  readonly yieldsTo?: readonly string[] | "any";
  /**
   * Every place where it holds, and where it nearly did: an assessment that is ruled out says by what.
   * Guarantees: the same view, the same answer; names of workloads, namespaces and images mean nothing to it.
   */
  readonly find: (view: View) => readonly Assessment[];
}
