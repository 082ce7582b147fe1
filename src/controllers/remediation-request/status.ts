// The status a move gives a request, and the patch that writes it. Pure; leaves the Gateway's `alerts` alone.
import { clipped } from "#lib/words.ts";
import type { Condition } from "#api/fields.ts";
import { type Attempt, type RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { isTerminal } from "#api/define-kind.ts";
import { toPreciseTimestamp } from "#lib/clock.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { type JsonPatch, type JsonPatchOperation, pointer } from "#lib/json-patch.ts";
import { analysisName, chosenPlan, planText, processingName, refusedBy } from "#controllers/remediation-request/children.ts";
import { type Move, type Observed, attemptOf, phaseOf } from "#controllers/remediation-request/decide.ts";

type Status = NonNullable<RemediationRequest["status"]>;
/** What this controller owns of it. */
export type OwnStatus = Omit<Status, "alerts">;

/** The whole of our own keys after the move. `workflow` is the one that now exists, where there is one. */
export const statusAfter = (seen: Observed, move: Move, workflow: WorkflowExecution | undefined, now: number): OwnStatus => {
  const { request, analysis } = seen;
  const { alerts: _gateways, blockedBy: _before, ...before } = request.status ?? {};
  const at = toPreciseTimestamp(now);
  const attempt = attemptOf(request) + (startsAttempt(request, move) ? 1 : 0);
  const plan = chosenPlan(analysis) ?? analysis?.status?.plans?.[0];
  const cause = analysis?.status?.rootCause?.summary;
  return {
    ...before,
    phase: move.to,
    phaseStartedAt: at,
    startedAt: before.startedAt ?? at,
    attempt,
    attempts: attemptsAfter(seen, move, attempt, workflow),
    message: clipped(move.message),
    ...(cause === undefined ? {} : { rootCause: clipped(cause) }),
    ...(plan === undefined ? {} : { repair: clipped(planText(plan)) }),
    ...(move.blockedBy === undefined ? {} : { blockedBy: clipped(move.blockedBy) }),
    ...(isTerminal(requestTransitions, move.to) ? { completedAt: at, conditions: [complete(move, at)] } : {}),
    ...(move.outcome === undefined ? {} : { outcome: move.outcome }),
  };
};

/** A second look at the same trouble begins where the first one failed. */
export const startsAttempt = (request: RemediationRequest, move: Move): boolean =>
  phaseOf(request) === "Recovering" && move.to === "Processing";

const attemptsAfter = (seen: Observed, move: Move, number: number, workflow: WorkflowExecution | undefined): Attempt[] => {
  const { request, analysis } = seen;
  const name = request.metadata.name;
  const known = request.status?.attempts ?? [];
  const before = known.find((entry) => entry.number === number);
  const current: Attempt = {
    ...before,
    number,
    processing: processingName(name, number),
    ...(startsAttempt(request, move) || (move.ensure !== "analysis" && analysis === undefined)
      ? {}
      : { analysis: analysisName(name, number) }),
    ...(analysis?.status?.approval === undefined || startsAttempt(request, move) ? {} : { approval: analysis.status.approval }),
    ...(workflow === undefined ? {} : { workflow: workflow.metadata.name, actions: workflow.spec.steps.map(({ action }) => action) }),
    ...(move.result === undefined ? {} : { result: clipped(move.result) }),
    ...(move.untried ? { actions: [] } : {}),
    ...(move.undone ? { undone: true } : {}),
    ...(move.rejected === undefined ? {} : { rejected: refusedBy(analysis, clipped(move.rejected)).slice(0, 10) }),
  };
  return [...known.filter((entry) => entry.number !== number), current];
};

const complete = (move: Move, at: string): Condition => ({
  type: "Complete",
  status: "True",
  reason: move.outcome ?? move.to,
  message: clipped(move.message),
  lastTransitionTime: at,
});

/**
 * The first write finds no phase to test, and perhaps no status at all: a merge patch adds our keys beside the Gateway's, and the version says
 * that nobody else has begun. (A JSON Patch would have to add the whole status there, and so could erase an alert that arrived meanwhile.)
 */
export const firstWrite = (request: RemediationRequest, status: OwnStatus): object => ({
  metadata: { resourceVersion: request.metadata.resourceVersion },
  status,
});

/** Every later write, guarded by the phase we decided upon; the version is left out, since the Gateway writes beside us. */
export const laterWrite = (request: RemediationRequest, after: OwnStatus): JsonPatch => {
  const { alerts: _gateways, ...before } = request.status ?? {};
  const operations: JsonPatchOperation[] = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof OwnStatus>) {
    const path = pointer("status", key);
    if (after[key] === undefined) operations.push({ op: "remove", path });
    else if (!jsonEqual(before[key], after[key])) operations.push({ op: "add", path, value: after[key] });
  }
  if (operations.length === 0) return [];
  return [
    { op: "test", path: "/status/phase", value: before.phase },
    { op: "test", path: "/status/phaseStartedAt", value: before.phaseStartedAt },
    ...operations,
  ];
};
