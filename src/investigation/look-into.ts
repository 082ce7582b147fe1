// Collects what surrounds one object and investigates it: for an analysis, and for a person who asks what an analysis would do. Reads only.
import type { Alert, Reference } from "#api/fields.ts";
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { collectEvidence } from "#evidence/collect-cluster.ts";
import type { ChangeSource } from "#evidence/sources/source.ts";
import type { Evidence } from "#evidence/evidence.ts";
import type { PrometheusSource } from "#evidence/read-prometheus.ts";
import { leastConfidence } from "#diagnosis/rank.ts";
import { type Investigation, investigate, type InvestigationDeps, type Subject } from "#investigation/investigate.ts";
import type { TargetSurvey } from "#investigation/survey.ts";
import type { Kube } from "#kube/client.ts";
import type { Clock } from "#lib/clock.ts";

export interface LookDeps extends InvestigationDeps {
  readonly kube: Kube;
  readonly clock: Clock;
  /** What it measures is shown beside the findings, and decides no repair. Absent: none is asked. */
  readonly prometheus?: PrometheusSource | undefined;
  /** Default: the names are asked for, and left out where that is refused. */
  readonly maySeeSecretNames?: ((signal?: AbortSignal) => Promise<boolean>) | undefined;
}

export interface LookSubject extends Omit<Subject, "leastConfidence" | "target" | "namespace"> {
  readonly target: Reference;
  readonly alert: Alert;
  /** The change journal of the installation. */
  readonly changes?: ChangeSource;
}

/** The investigation of one object that was asked about. */
export interface Look extends Investigation {
  readonly target: TargetSurvey;
  readonly evidence: Evidence;
  readonly ms: number;
  /** The language model that found it, where the rules did not. */
  readonly by?: Omit<NonNullable<NonNullable<AIAnalysis["status"]>["investigator"]>, "ms">;
}

/** A person's own rights are tried; a controller's are known. */
const secretsFor = async (
  { maySeeSecretNames }: LookDeps,
  signal?: AbortSignal,
): Promise<{ readonly secrets?: "where allowed" | "left out" }> => {
  if (maySeeSecretNames === undefined) return { secrets: "where allowed" };
  return (await maySeeSecretNames(signal)) ? {} : { secrets: "left out" };
};

export const lookInto = async (deps: LookDeps, subject: LookSubject, signal?: AbortSignal): Promise<Look> => {
  const { kube, clock, prometheus } = deps;
  const { target, alert, changes } = subject;
  const startedAt = clock.now();
  const question = {
    around: { target },
    alerts: [alert],
    ...(await secretsFor(deps, signal)),
    prometheus,
    ...(changes === undefined ? {} : { changes }),
  } as const;
  const evidence = await collectEvidence(kube, clock, question, signal);
  const found = await investigate(deps, evidence, { ...subject, leastConfidence }, signal);
  if (found.target === undefined) throw new Error("the survey of a target says nothing of it");
  return { ...found, target: found.target, evidence, ms: Math.round(clock.now() - startedAt) };
};
