// What the status of a request says besides its phase, and the patch that writes it. Pure; leaves the Gateway's `alerts` alone.
import type { Attempt, RemediationRequest } from "#api/kinds/remediation-request.ts";
import { analysisName, chosenPlan, planText, processingName } from "#controllers/remediation-request/children.ts";
import { attemptOf, type RequestObservation, type Words } from "#controllers/remediation-request/observed.ts";
import type { Written } from "#controllers/phase-controller.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { toPreciseTimestamp } from "#lib/clock.ts";
import { type JsonPatch, type JsonPatchOperation, pointer } from "#lib/json-patch.ts";
import { clipped } from "#lib/words.ts";

const maxKeptAttempts = 20;

type Status = Words["status"];

export const statusAfter = (seen: RequestObservation, decision: Written<Words>, now: number): Partial<Status> => {
  if (decision.do === "updateStatus") return {};
  const { request, analysis } = seen;
  const attempt = decision.status?.attempt ?? attemptOf(request);
  const plan = chosenPlan(analysis) ?? analysis?.status?.plans?.[0];
  const cause = analysis?.status?.rootCause;
  return {
    startedAt: request.status?.startedAt ?? toPreciseTimestamp(now),
    attempt,
    attempts: attemptsAfter(seen, decision.status?.attempts ?? request.status?.attempts ?? [], attempt),
    blockedBy: decision.status?.blockedBy,
    ...(cause === undefined ? {} : { rootCause: clipped(cause.summary), causeObject: cause.object }),
    ...(plan === undefined ? {} : { repair: clipped(planText(plan)) }),
  };
};

const attemptsAfter = ({ request, analysis, workflow }: RequestObservation, known: readonly Attempt[], number: number): Attempt[] => {
  const { name } = request.metadata;
  const before = known.find((entry) => entry.number === number);
  const approval = analysis?.status?.approval;
  const current: Attempt = {
    ...before,
    number,
    processing: processingName(name, number),
    ...(analysis === undefined ? {} : { analysis: analysisName(name, number) }),
    ...(approval === undefined ? {} : { approval }),
    // What a repair tried is read from the repair itself, whatever the list of analyses shows.
    ...(workflow === undefined
      ? {}
      : { workflow: workflow.metadata.name, actions: before?.actions ?? workflow.spec.steps.map(({ action }) => action) }),
  };
  return kept([...known.filter((entry) => entry.number !== number), current]);
};

/** What was tried or refused is remembered longest: it must not be proposed again. */
const kept = (attempts: readonly Attempt[]): Attempt[] => {
  if (attempts.length <= maxKeptAttempts) return [...attempts];
  const isTelling = ({ workflow, rejected }: Attempt): boolean => workflow !== undefined || rejected !== undefined;
  const dropped = attempts.slice(0, -1).find((attempt) => !isTelling(attempt)) ?? attempts[0];
  return attempts.filter((attempt) => attempt !== dropped);
};

/**
 * The first write finds no phase to test, and perhaps no status at all: a merge patch adds our keys beside the Gateway's, and the version says
 * that no other replica has begun. (A JSON Patch would have to add the whole status there, and so could erase an alert that arrived meanwhile.)
 */
export const firstWrite = (request: RemediationRequest, { alerts: _gateways, ...status }: Status): object => ({
  metadata: { resourceVersion: request.metadata.resourceVersion },
  status,
});

/** Every later write, guarded by the phase that was decided upon; without the version, since the Gateway writes beside us. */
export const laterWrite = (request: RemediationRequest, { alerts: _gateways, ...after }: Status): JsonPatch => {
  const { alerts: _known, ...before } = request.status ?? {};
  const operations: JsonPatchOperation[] = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof typeof after>) {
    if (jsonEqual(before[key] ?? null, after[key] ?? null)) continue;
    const path = pointer("status", key);
    operations.push(after[key] === undefined ? { op: "remove", path } : { op: "add", path, value: after[key] });
  }
  if (operations.length === 0) return [];
  return [
    { op: "test", path: "/status/phase", value: before.phase },
    { op: "test", path: "/status/phaseStartedAt", value: before.phaseStartedAt },
    ...operations,
  ];
};
