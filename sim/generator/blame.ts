// An analysis that names another object as the root of the trouble: what makes one request follow another. The objects of a simulation do not depend on each other, so this is written for the product.
import type { Reference } from "#api/fields.ts";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { Stage } from "#sim/stage.ts";
import { writeAnalysis } from "#sim/write-analysis.ts";

/** The next analysis of the target that is not written yet; none where none begins. */
export const blame = async (
  stage: Stage,
  target: Pick<Reference, "namespace" | "name">,
  root: Reference,
  attempt: (act: () => unknown) => void,
): Promise<void> => {
  const open = (): AIAnalysis | undefined =>
    stage
      .objects(AIAnalysis)
      .find(
        ({ spec, status }) => status?.phase === undefined && spec.target.name === target.name && spec.target.namespace === target.namespace,
      );
  await stage.until(() => open() !== undefined);
  const analysis = open();
  if (analysis === undefined) return;
  attempt(() =>
    writeAnalysis(stage, analysis, {
      verdict: "NeedsHuman",
      result: "ManualReviewRequired",
      message: "What it calls is down.",
      confidence: 0.9,
      rootCause: { code: "DependencyDown", object: root, summary: "What it calls is down.", chain: [] },
    }),
  );
};
