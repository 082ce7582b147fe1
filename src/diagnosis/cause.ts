// One kind of fault, as every file under causes/ describes it: what it looks at, what it means, and a pure function that finds it.
import type { CauseCode } from "#api/cause-codes.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import type { Sign } from "#diagnosis/signs.ts";
import type { SourceName } from "#evidence/source-names.ts";
import type { View } from "#diagnosis/view.ts";

export interface Cause {
  /** PascalCase; what a verdict, a scenario and the reference page call it. */
  readonly code: CauseCode;
  readonly title: string;
  /** One sentence each, for the generated reference page. */
  readonly reads: string;
  readonly means: string;
  /** The evidence without which it cannot be found. */
  readonly needs: readonly SourceName[];
  /** It is only looked for where the evidence shows one of these. */
  readonly signs: readonly Sign[];
  /** What removes it: actions of the catalogue in code font, then what to do by hand. */
  readonly remedy: string;
  /** Codes of more particular causes: a finding of one of them about the same object suppresses this one. */
  readonly suppressedBy?: readonly CauseCode[];
  /** A last resort has more than 0: every cause of a lower generality suppresses it about the same object. */
  readonly generality?: 0 | 1 | 2;
  /**
   * Every place where it holds, and where it nearly did: an assessment that is ruled out says by what.
   * Guarantees: the same view, the same answer; names of workloads, namespaces and images mean nothing to it.
   */
  readonly find: (view: View) => readonly Assessment[];
}
