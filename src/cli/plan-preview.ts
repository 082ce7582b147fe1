// What the controller would say and do about one object right now: its own investigation, policy and conclusion, on what the cluster holds. Changes nothing.
import type { Alert, Reference } from "#api/fields.ts";
import { isTerminal } from "#api/define-kind.ts";
import { installedSettings } from "#cli/installed-settings.ts";
import { type RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import { type KubeObject, referenceText } from "#api/object.ts";
import type { AttemptStory, TargetContext } from "#story/story.ts";
import { causeOf, consideredOf, managerText } from "#story/story-of.ts";
import { managedBy } from "#cluster/managed-by.ts";
import { savedJournal } from "#cluster/journal/journal-reader.ts";
import { readLabelsOf, readPolicyLabels } from "#cluster/policy-labels.ts";
import { readForAction } from "#cluster/read-for-action.ts";
import { conclude, plannedSteps } from "#investigation/conclude.ts";
import type { Diagnoser } from "#investigation/diagnoser.ts";
import { journalIn } from "#investigation/journal-in.ts";
import { type Look, lookInto } from "#investigation/look-into.ts";
import type { ReadForAction } from "#investigation/plan-repair.ts";
import type { Kube } from "#kube/client.ts";
import { type Clock, toTimestamp } from "#lib/clock.ts";
import { planHold } from "#policy/freeze.ts";
import { pastActions, rejectedPlans } from "#policy/episode.ts";
import { type PolicyContext, policyContextOf } from "#policy/permission.ts";

export interface PreviewDeps {
  readonly kube: Kube;
  readonly clock: Clock;
  /** Kintsugi's own namespace, where policies are. */
  readonly namespace: string;
  readonly signal?: AbortSignal | undefined;
  readonly diagnoser?: Diagnoser | undefined;
}

export interface PreviewSubject {
  readonly target: Reference;
  readonly object: KubeObject;
  readonly alertName: string;
  /** Kintsugi's own: what this episode has tried already is not planned again. */
  readonly requests: readonly RemediationRequest[];
}

export interface Preview {
  /** In the form of the story, so that both read alike. */
  readonly attempt: AttemptStory;
  /** Why the repair would not begin now; undefined also where none would be made. */
  readonly hold: string | undefined;
}

export const planPreview = async (deps: PreviewDeps, { target, object, alertName, requests }: PreviewSubject): Promise<Preview> => {
  const { kube, clock, namespace, signal, diagnoser } = deps;
  const owner = managedBy(object);
  const journal = savedJournal(kube, namespace);
  const read: ReadForAction = (reads, reference) => readForAction({ kube, journal }, reads, reference, signal);
  const { rejected, ...past } = episodeOf(requests, target);
  const subject = {
    ...{ target, alert: alertNamed(alertName, clock), changes: journalIn(journal, signal), rejected, ...past },
    ...(owner === undefined ? {} : { managedBy: owner }),
  };
  const [found, settings, labels] = await Promise.all([
    lookInto({ kube, clock, read, diagnoser }, subject, signal),
    installedSettings(kube, namespace, signal),
    target.namespace === undefined ? object.metadata.labels : readPolicyLabels(kube, target, signal),
  ]);
  const policy = policyContextOf({ target, labels, ownNamespace: namespace, settings });
  const labelsOf = await readLabelsOf(
    kube,
    plannedSteps(found).map((step) => step.target),
    signal,
  );
  const mandate = { target, autonomy: policy.autonomy, rejected, ownNamespace: namespace };
  const { status } = conclude(mandate, found, { labelsOf, settings });
  const considered = consideredOf(status);
  return {
    attempt: { number: 1, context: contextOf(policy, owner, found), cause: causeOf(status), considered },
    hold: considered?.chosen && planHold(settings, clock.now(), considered.chosen.steps, labelsOf)?.why,
  };
};

const alertNamed = (name: string, clock: Clock): Alert => ({
  name,
  fingerprint: "manual",
  severity: "unknown",
  startsAt: toTimestamp(clock.now()),
  source: "manual",
  labels: {},
  annotations: {},
});

/** Of the request that is in progress for this object: a new request begins a new episode, in which nothing was tried yet. */
const episodeOf = (
  requests: readonly RemediationRequest[],
  target: Reference,
): { readonly pastActions: readonly string[]; readonly rejected: ReturnType<typeof rejectedPlans> } => {
  const active = requests.find(
    ({ spec, status }) =>
      referenceText(spec.target) === referenceText(target) && !isTerminal(requestTransitions, status?.phase ?? "Pending"),
  );
  const next = Number.POSITIVE_INFINITY;
  return active === undefined
    ? { pastActions: [], rejected: [] }
    : { pastActions: pastActions(active, next), rejected: rejectedPlans(active, next) };
};

const contextOf = (policy: PolicyContext, owner: ReturnType<typeof managedBy>, { target, evidence }: Look): TargetContext => ({
  environment: policy.environment.value,
  environmentSource: policy.environment.source,
  autonomy: policy.autonomy,
  managed: policy.managed,
  protections: policy.protections,
  unread: evidence.gaps,
  ownerChain: [],
  replicas: target.replicas,
  troubledContainers: [],
  neighbours: [],
  managedBy: owner === undefined ? undefined : managerText(owner),
});
