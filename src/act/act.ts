// What runs inside an action's Job: reads its execution, checks the hash and the policies, makes the changes, reports. Never plans, and grants nothing.
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { Change } from "#api/change.ts";
import { referenceText } from "#api/object.ts";
import { decodeChanges } from "#actions/change.ts";
import { encodeReport, type Report } from "#actions/report.ts";
import { ForbiddenError, forbiddenNow } from "#act/forbidden-now.ts";
import { applyChange, type ApplyDeps } from "#act/apply-change.ts";
import { openChanges } from "#cluster/sealed-changes.ts";
import type { Kube } from "#kube/client.ts";
import { isTransient } from "#kube/errors.ts";
import { backoffDelay } from "#lib/backoff.ts";
import { delay } from "#lib/clock.ts";
import { sha256 } from "#lib/canonical-json.ts";
import type { Log } from "#lib/log.ts";

export interface ActDeps extends ApplyDeps {
  readonly kube: ApplyDeps["kube"] & Pick<Kube, "list">;
  readonly log: Log;
  /** Where the report goes: the container's termination message. */
  readonly writeReport: (text: string) => void | Promise<void>;
}

export interface ActRequest {
  /** Of the KubernetesExecution. */
  readonly name: string;
  readonly namespace: string;
  /** What was approved. */
  readonly hash: string;
}

/** 0: the changes are in place. 1: they are not; the report says why. */
export type ActExitCode = 0 | 1;

/** Guarantees: a report is written whatever happens; running it again changes nothing that is in place. */
export const runAct = async (deps: ActDeps, request: ActRequest): Promise<ActExitCode> => {
  const report = await attempt(deps, request);
  deps.log.info("the changes were handled", {
    execution: request.name,
    result: report.result,
    changed: report.changed,
    reason: report.message,
  });
  await deps.writeReport(encodeReport(report));
  return report.result === "Failed" ? 1 : 0;
};

const attempt = async (deps: ActDeps, request: ActRequest): Promise<Report> => {
  try {
    const changes = await readChanges(deps, request);
    return typeof changes === "string" ? failed(changes) : await applyAll(changes, deps);
  } catch (error) {
    // Nothing that can be thrown here comes after a write: a write's own failures are values.
    if (error instanceof ForbiddenError) return { ...failed(error.message), forbidden: true };
    return failed(error instanceof Error ? error.message : "a value that is not an error was thrown");
  }
};

const failed = (message: string): Report => ({ result: "Failed", changed: false, message });

/** The changes; or why they are not to be made. */
const readChanges = async (deps: ActDeps, request: ActRequest): Promise<readonly Change[] | string> => {
  const { name, namespace, hash } = request;
  const execution = await persistent(deps, () => deps.kube.get(KubernetesExecution, { namespace, name }));
  if (execution === undefined) return `KubernetesExecution ${namespace}/${name} does not exist`;
  // A Job that starts late must not act for an execution that has ended.
  const phase = execution.status?.phase ?? "Pending";
  if (phase !== "Executing") return `the execution is ${phase}, not Executing`;
  const text = execution.status?.changes;
  if (text === undefined) return "the execution holds no changes";
  const opened = await persistent(deps, () =>
    openChanges({ ...deps, namespace }, { kind: KubernetesExecution.kind, name, field: "changes" }, text),
  );
  if (!opened.ok) return opened.reason;
  if (sha256(opened.text) !== hash || execution.spec.changesHash !== hash) return "hash mismatch: these are not the approved changes";
  const forbidden = await persistent(deps, () => forbiddenNow(deps, execution));
  if (forbidden !== undefined) throw new ForbiddenError(forbidden);
  return decodeChanges(opened.text);
};

const maxTries = 5;
const backoff = { firstMs: 500, maxMs: 4_000 };

const persistent = async <T>({ clock, random }: ActDeps, read: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await read();
    } catch (error) {
      if (tries >= maxTries || !isTransient(error)) throw error;
    }
    await delay(clock, backoffDelay(backoff, tries, random));
  }
};

const applyAll = async (changes: readonly Change[], deps: ApplyDeps): Promise<Report> => {
  let made = 0;
  let already = 0;
  for (const change of changes) {
    const applied = await applyOrFail(change, deps);
    if (applied.result === "failed") return { result: "Failed", changed: made + already > 0 || applied.unsure, message: applied.reason };
    if (applied.result === "applied") made += 1;
    else already += 1;
  }
  const names = [...new Set(changes.map((change) => referenceText(change.object)))].join(", ");
  return made > 0
    ? { result: "Applied", changed: true, message: `changed ${names}` }
    : { result: "AlreadyApplied", changed: true, message: `${names} already is as planned` };
};

/** What is thrown in the middle leaves open whether the write arrived. */
const applyOrFail = async (change: Change, deps: ApplyDeps): ReturnType<typeof applyChange> => {
  try {
    return await applyChange(change, deps);
  } catch (error) {
    return { result: "failed", reason: error instanceof Error ? error.message : "unknown", unsure: true };
  }
};
