// Plans one execution again from the live objects, compares it with what was approved, and has the server try it. Changes nothing.
import { asSentence, clipped } from "#lib/words.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { Change } from "#api/change.ts";
import { referenceText } from "#api/object.ts";
import type { Action } from "#actions/action.ts";
import { decodeChanges, guardsHold, isInPlace } from "#actions/change.ts";
import { objectDiffs } from "#actions/diff.ts";
import { holdsChanges, irreversible, priorStateOf } from "#actions/invert.ts";
import { liveObjects, planStep } from "#actions/plan.ts";
import { findAction } from "#actions/registry.ts";
import { readForAction, readObject } from "#cluster/read-for-action.ts";
import { openChanges, type Place, sealer } from "#cluster/sealed-changes.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { isOver, type Status, type Validation } from "#controllers/kubernetes-execution/decide.ts";
import { dryRun } from "#controllers/kubernetes-execution/dry-run.ts";
import { policyNow } from "#controllers/kubernetes-execution/policy-now.ts";
import { isTransient } from "#kube/errors.ts";
import { sha256 } from "#lib/canonical-json.ts";

export type ValidateDeps = Pick<RoleDeps, "kube" | "randomBytes" | "clock" | "journal" | "settings" | "guardrails" | "namespace">;

/** The changes to make and what is recorded of them. */
interface Candidate {
  readonly changes: readonly Change[];
  readonly fields: Pick<Status, "priorState" | "diffs" | "blast"> & { readonly changes: string; readonly inverse: string };
}
type Recorded = Pick<Status, "changes" | "inverse" | "inverseHash" | "priorState" | "diffs" | "blast">;

/** A transient error of the API server is a value here, never thrown. */
export const validate = async (deps: ValidateDeps, execution: KubernetesExecution, signal: AbortSignal): Promise<Validation> => {
  try {
    return await check(deps, execution, signal);
  } catch (error) {
    if (!isTransient(error)) throw error;
    return { kind: "unavailable", error: error as Error };
  }
};

const check = async (deps: ValidateDeps, execution: KubernetesExecution, signal: AbortSignal): Promise<Validation> => {
  const { spec } = execution;
  const action = findAction(spec.action);
  if (action === undefined) return failed("Refused", `Unknown action ${spec.action}.`);
  const candidate =
    spec.undoes === undefined ? await planAgain(deps, execution, action, signal) : await planUndo(deps, execution, spec.undoes, signal);
  if ("kind" in candidate) return candidate;
  if (candidate.changes.length === 0) return { kind: "notNeeded", message: "The action changes nothing in the cluster." };
  const reversible = candidate.fields.inverse !== irreversible;
  const { refusal, permission } = await policyNow(
    deps,
    execution,
    { risk: action.risk, reversible, blast: candidate.fields.blast },
    signal,
  );
  if (refusal !== undefined) return failed("Forbidden", refusal);
  for (const change of candidate.changes) {
    const answer = await dryRun(deps.kube, change, signal);
    if (answer.kind === "drifted") return failed(spec.undoes === undefined ? "Drifted" : "UndoGuardFailed", answer.message);
    if (answer.kind === "rejected")
      return {
        ...failed("DryRunRejected", `The API server rejects the change: ${answer.message}`),
        dryRun: { accepted: false, message: clipped(answer.message) },
      };
  }
  const recorded = permission === undefined ? {} : { permission };
  return {
    kind: "ready",
    fields: { ...(await sealed(deps, execution, candidate.fields, signal)), ...recorded, dryRun: { accepted: true } },
  };
};

/** Raw changes are sealed, since viewers of the record must not read them; the hash of the inverse binds an undo to it. */
const sealed = async (
  deps: ValidateDeps,
  { metadata: { name } }: KubernetesExecution,
  { changes, inverse, ...rest }: Candidate["fields"],
  signal: AbortSignal,
): Promise<Recorded> => {
  const seal = await sealer(deps, signal);
  const placeOf = (field: Place["field"]): Place => ({ kind: KubernetesExecution.kind, name, field });
  return {
    ...rest,
    changes: seal(placeOf("changes"), changes),
    ...(holdsChanges(inverse) ? { inverse: seal(placeOf("inverse"), inverse), inverseHash: sha256(inverse) } : { inverse }),
  };
};

const planAgain = async (
  deps: ValidateDeps,
  { spec }: KubernetesExecution,
  action: Action,
  signal: AbortSignal,
): Promise<Candidate | Validation> => {
  const observed = await readForAction(deps, action.readsFor(spec.parameters), spec.target, signal);
  const plan = planStep(spec, observed);
  if (!plan.ok) {
    if (plan.code === "NoOp") return { kind: "notNeeded", message: clipped(`Nothing to do: ${plan.reason}.`) };
    return failed(plan.code, `${referenceText(spec.target)}: ${plan.reason}.`);
  }
  if (plan.changesHash !== spec.changesHash)
    return failed("Drifted", `${referenceText(spec.target)} changed since planning; the plan hash no longer matches.`);
  return {
    changes: plan.changes,
    fields: {
      changes: plan.changesText,
      inverse: plan.inverseText,
      priorState: plan.priorStateText,
      diffs: [...plan.diffs],
      blast: plan.blast,
    },
  };
};

/** An undo is not planned: it is the inverse that was stored, guarded by the values that were written. */
const planUndo = async (
  deps: ValidateDeps,
  { spec }: KubernetesExecution,
  undone: string,
  signal: AbortSignal,
): Promise<Candidate | Validation> => {
  const original = await deps.kube.get(KubernetesExecution, { namespace: deps.namespace, name: undone }, { signal });
  if (original === undefined) return failed("Refused", `KubernetesExecution ${undone} does not exist, so its change cannot be undone.`);
  if (!isOver(original)) return failed("Refused", `KubernetesExecution ${undone} has not ended yet.`);
  const { inverse } = original.status ?? {};
  if (inverse === undefined || inverse === irreversible)
    return failed("Refused", `The change of KubernetesExecution ${undone} cannot be undone.`);
  const opened = await openChanges(deps, { kind: KubernetesExecution.kind, name: undone, field: "inverse" }, inverse, signal);
  if (!opened.ok) return failed("Unreadable", `${asSentence(opened.reason)}.`);
  const { text } = opened;
  if (sha256(text) !== spec.changesHash)
    return failed("Drifted", `Hash mismatch: the inverse in KubernetesExecution ${undone} is not the planned one.`);
  const changes = decodeChanges(text);
  const target = await readObject(deps.kube, spec.target, signal);
  const liveOf = liveObjects({ target });
  if (changes.every((change) => isInPlace(change, liveOf(change.object))))
    return { kind: "notNeeded", message: "Nothing to undo: the objects already match their previous state." };
  if (changes.some((change) => !guardsHold(change, liveOf(change.object))))
    return failed(
      "UndoGuardFailed",
      `${referenceText(spec.target)} was changed by another client since; the undo is skipped to keep that change.`,
    );
  return {
    changes,
    fields: {
      changes: text,
      inverse: irreversible,
      priorState: priorStateOf(changes, liveOf),
      diffs: objectDiffs(changes, irreversible, liveOf),
    },
  };
};

type Failed = Extract<Validation, { kind: "failed" }>;
const failed = (failure: Failed["failure"], message: string): Failed => ({ kind: "failed", failure, message: clipped(message) });
