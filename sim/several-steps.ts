// Plans that the investigation does not make: three steps whose last one fails, and a step in another namespace. The investigation makes plans of one step, so this replaces it: it writes the analysis first.
import type { Reference, Step } from "#api/fields.ts";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { Deployments, ReplicaSets } from "#api/kubernetes.ts";
import { planStep } from "#actions/plan.ts";
import { hashSteps } from "#actions/change.ts";
import { isOver, requestsOf, type Stage } from "#sim/stage.ts";
import { writeAnalysis } from "#sim/write-analysis.ts";

const open = (stage: Stage): AIAnalysis | undefined => stage.objects(AIAnalysis).find(({ status }) => status?.phase === undefined);

export const planSeveralSteps = (stage: Stage): Promise<void> => writePlan(stage, stepsFor);

/** As a planner would that takes the alert's namespace for the changed one's: one step, in the neighbour's, that claims to be allowed. */
export const planElsewhere = (stage: Stage): Promise<void> =>
  writePlan(stage, () => {
    const { namespace = "", name = "" } = stage.fixtures.at(-1) ?? {};
    const target = { apiVersion: "apps/v1", kind: "Deployment", namespace, name };
    return stepsFor(stage, target).slice(0, 1);
  });

const writePlan = async (stage: Stage, planned: (stage: Stage, target: Reference) => Step[]): Promise<void> => {
  await stage.until(() => open(stage) !== undefined || requestsOf(stage).some(isOver));
  const analysis = open(stage);
  if (analysis === undefined) return;
  const { target } = analysis.spec;
  const steps = planned(stage, target);
  writeAnalysis(stage, analysis, {
    verdict: "Actionable",
    result: "Proceed",
    confidence: 0.9,
    rootCause: { code: "ReleaseCrashes", object: target, summary: "The release crashes.", chain: [] },
    plans: [
      {
        steps,
        changesHash: hashSteps(steps),
        diffs: [],
        expected: "The pods run.",
        risk: "low",
        reversible: true,
        rationale: "It ran before.",
        score: 0.9,
        autonomy: "auto",
      },
    ],
    chosen: 0,
    symptom: { object: target, stabilisationSeconds: 2 },
  });
};

const permission = { environment: "staging", autonomy: "auto", reason: "the simulation says so" } as const;

/** The first two can be made and undone; the third asks for a container that is not there. */
const stepsFor = (stage: Stage, target: Reference): Step[] => {
  const live = stage.objects(Deployments).find(({ metadata }) => metadata.namespace === target.namespace && metadata.name === target.name);
  const replicaSets = stage.objects(ReplicaSets).filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === live?.metadata.uid);
  const step = (id: string, action: string, parameters: Record<string, string>): Step => {
    const planned = planStep({ action, target, parameters }, { target: live, replicaSets, siblings: [], autoscalers: [] });
    const changesHash = planned.ok ? planned.changesHash : "0".repeat(64);
    return { id, action, target, parameters, changesHash, permission, dependsOn: [], critical: true, timeoutSeconds: 300 };
  };
  return [
    step("s1", "rollback_deployment", { revision: "1" }),
    step("s2", "scale_deployment", { replicas: "2" }),
    step("s3", "increase_resources", { container: "absent", memory: "128Mi" }),
  ];
};
