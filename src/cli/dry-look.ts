// A look at one object as an analysis would take it: evidence, cause, plans and their diffs, and what policy would say. Changes nothing, asks nothing of anybody.
import type { Alert, Reference } from "#api/fields.ts";
import type { Plan, Refusal } from "#api/kinds/ai-analysis.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { type KubeObject, controllerOf } from "#api/object.ts";
import type { AttemptStory, Cause, TargetContext } from "#story/story.ts";
import { managedBy, type ManagedBy } from "#cluster/managed-by.ts";
import { savedJournal } from "#cluster/journal/journal-reader.ts";
import { readLabelsOf, readPolicyLabels } from "#cluster/policy-labels.ts";
import { readForAction, readObject } from "#cluster/read-for-action.ts";
import type { Diagnosis } from "#diagnosis/verdict.ts";
import type { Diagnoser } from "#investigation/diagnoser.ts";
import { journalIn } from "#investigation/journal-in.ts";
import { investigate } from "#investigation/investigate.ts";
import type { ReadForAction } from "#investigation/plan-repair.ts";
import type { Kube } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";
import { type Clock, toTimestamp } from "#lib/clock.ts";
import { grantFor } from "#policy/grant.ts";
import { type PolicyContext, policyContextOf } from "#policy/permission.ts";
import { defaultSettings, type Settings, settingsFrom } from "#policy/settings.ts";

export interface LookDeps {
  readonly kube: Kube;
  readonly clock: Clock;
  /** Kintsugi's own namespace, where policies are. */
  readonly namespace: string;
  readonly signal?: AbortSignal | undefined;
  readonly diagnoser?: Diagnoser | undefined;
}

export interface DryLook {
  readonly target: Reference;
  /** In the form of the story, so that both read alike. */
  readonly attempt: AttemptStory;
}

/** The object itself, or the one that controls it in the end; undefined where there is none of that name. */
export const rootOf = async (
  kube: Kube,
  reference: Reference,
  signal?: AbortSignal,
): Promise<{ reference: Reference; object: KubeObject } | undefined> => {
  let at = reference;
  let object = await readObject(kube, at, signal);
  for (let depth = 0; object !== undefined && depth < maxOwners; depth += 1) {
    const owner = controllerOf(object);
    if (owner === undefined) break;
    const above: Reference = {
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      name: owner.name,
      ...(at.namespace === undefined ? {} : { namespace: at.namespace }),
    };
    const found = await readObject(kube, above, signal);
    // An owner of a kind that nobody here knows is not looked into: what it controls is.
    if (found === undefined) break;
    at = above;
    object = found;
  }
  return object === undefined ? undefined : { reference: at, object };
};
const maxOwners = 5;

export const dryLook = async (deps: LookDeps, target: Reference, object: KubeObject, alertName: string): Promise<DryLook> => {
  const { kube, clock, signal, diagnoser } = deps;
  const alert: Alert = {
    name: alertName,
    fingerprint: "manual",
    severity: "unknown",
    startsAt: toTimestamp(clock.now()),
    source: "manual",
    labels: {},
    annotations: {},
  };
  const owner = managedBy(object);
  const journal = savedJournal(kube, deps.namespace);
  const read: ReadForAction = (reads, reference) => readForAction({ kube, journal }, reads, reference, signal);
  const subject = {
    target,
    alert,
    pastActions: [],
    changes: journalIn(journal, signal),
    ...(owner === undefined ? {} : { managedBy: owner }),
  };
  const [found, policy] = await Promise.all([
    investigate({ kube, clock, read, diagnoser }, subject, signal),
    policyOf(deps, target, object),
  ]);
  const { evidence, diagnosis, persons } = found;
  const plans: Plan[] = [];
  const refused: Refusal[] = [...found.refused];
  const targets = found.planned.flatMap((each) => each.plan.steps.map((step) => step.target));
  const labelsOf = await readLabelsOf(kube, targets, signal);
  for (const { plan, repair } of found.planned) {
    const grant = grantFor({ plan, alerted: target, labelsOf, ownNamespace: deps.namespace, settings: policy.settings });
    if (grant.value === "off") refused.push({ action: repair.action, reason: grant.why });
    else plans.push({ ...plan, autonomy: grant.value });
  }
  const ranked = plans.toSorted((a, b) => b.score - a.score);
  const chosen = ranked.find((plan) => plan.autonomy === "auto" || plan.autonomy === "approve");
  return {
    target,
    attempt: {
      number: 1,
      context: surroundingsOf(policy, owner, evidence.target.replicas, evidence.gaps),
      cause: causeOf(diagnosis, plans.length, persons, found.ms),
      considered:
        ranked.length === 0 && refused.length === 0 ? undefined : { chosen, others: ranked.filter((plan) => plan !== chosen), refused },
    },
  };
};

interface Policy extends PolicyContext {
  readonly settings: Settings;
}

const policyOf = async ({ kube, namespace, signal }: LookDeps, target: Reference, object: KubeObject): Promise<Policy> => {
  const options = signal === undefined ? {} : { signal };
  const labels = target.namespace === undefined ? object.metadata.labels : await readPolicyLabels(kube, target, signal);
  const settings = await settingsOf(kube, namespace, options);
  return { ...policyContextOf({ target, labels, ownNamespace: namespace, settings }), settings };
};

/** Where Kintsugi is not installed, or its policies may not be read, its defaults apply: a look needs no installation. */
const settingsOf = async (kube: Kube, namespace: string, options: { signal?: AbortSignal }): Promise<Settings> => {
  try {
    return settingsFrom(await kube.list(RemediationPolicy, { namespace }, options));
  } catch (error) {
    if (error instanceof KubeError && (error.status === 404 || error.status === 403)) return defaultSettings;
    throw error;
  }
};

const surroundingsOf = (
  policy: Policy,
  owner: ManagedBy | undefined,
  replicas: { readonly desired: number; readonly ready: number; readonly updated: number; readonly available: number } | undefined,
  gaps: readonly string[],
): TargetContext => ({
  environment: policy.environment.value,
  environmentSource: policy.environment.source,
  autonomy: policy.autonomy,
  managed: policy.managed,
  protections: policy.protections,
  unread: gaps,
  ownerChain: [],
  replicas,
  troubledContainers: [],
  neighbours: [],
  managedBy: owner === undefined ? undefined : `${owner.tool} ${owner.object} (${owner.proof})`,
});

const causeOf = (diagnosis: Diagnosis, plans: number, persons: readonly string[], ms: number): Cause => {
  const told = {
    confidence: diagnosis.confidence,
    evidence: [...diagnosis.quotes],
    ruledOut: diagnosis.ruledOut,
    investigator: { engine: "rules" as const, ms: Math.round(ms) },
    message: [diagnosis.message, ...persons].join(" "),
  };
  if (diagnosis.kind === "Inconclusive") return { verdict: "Inconclusive", ...told };
  if (diagnosis.kind !== "Cause") return { verdict: "Healthy", ...told };
  const { code, object, summary, chain } = diagnosis.findings[0];
  return { verdict: plans > 0 ? "Actionable" : "NeedsHuman", root: { code, object, summary, chain: [...chain] }, ...told };
};
