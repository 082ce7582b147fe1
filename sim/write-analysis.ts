// An analysis that the simulation writes in place of the investigation, which makes neither several steps nor dependent objects. Uses the controllers' account.
import { API_VERSION } from "#api/define-kind.ts";
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { toPreciseTimestamp } from "#lib/clock.ts";
import { own } from "#sim/platform.ts";
import type { Stage } from "#sim/stage.ts";

/** Completed now, with this answer. */
export const writeAnalysis = (stage: Stage, { kind, metadata }: AIAnalysis, answer: object): void => {
  const { name, namespace, resourceVersion } = metadata;
  const at = toPreciseTimestamp(stage.clock.now());
  stage.platform.controllers("PUT", `/apis/${API_VERSION}/namespaces/${own}/aianalyses/${name}/status`, {
    apiVersion: API_VERSION,
    kind,
    metadata: { name, namespace, resourceVersion },
    status: { phase: "Completed", phaseStartedAt: at, completedAt: at, ...answer },
  });
};
