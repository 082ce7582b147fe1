// What the API server was asked to do, and the laws that every run has to keep whatever goes wrong. Looks on; never changes anything.
import { isTerminal } from "#api/define-kind.ts";
import { approvalTransitions } from "#api/kinds/ai-approval-request.ts";
import { analysisTransitions } from "#api/kinds/ai-analysis.ts";
import { executionTransitions } from "#api/kinds/kubernetes-execution.ts";
import { processingTransitions } from "#api/kinds/remediation-processing.ts";
import { requestTransitions } from "#api/kinds/remediation-request.ts";
import { workflowTransitions } from "#api/kinds/workflow-execution.ts";
import type { KubeObject } from "#api/object.ts";
import type { FaultPlan } from "#sim/faults.ts";
import type { Law } from "#sim/laws/law.ts";
import type { Exchange } from "#sim/network.ts";
import { own } from "#sim/platform.ts";

const transitionsOf: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  RemediationRequest: requestTransitions,
  RemediationProcessing: processingTransitions,
  AIAnalysis: analysisTransitions,
  AIApprovalRequest: approvalTransitions,
  WorkflowExecution: workflowTransitions,
  KubernetesExecution: executionTransitions,
};

export interface ExchangeRecord extends Law {
  /** Effective writes of actions' accounts outside Kintsugi's namespace. */
  readonly changes: number;
  /** `METHOD path status`, of the product's and the actions' writes. */
  readonly writes: readonly string[];
  /** What was created and deleted, hashes masked, sorted. */
  made(): readonly string[];
  /** Executions in the order in which they were created, by the end of their name. */
  readonly begun: readonly string[];
}

type Phased = KubeObject & { status?: { phase?: string } };

/** A request that is carried out twice, one whose answer is lost, and a client that is shown an older state may write what is there already. */
const repeats = new Set(["reset", "error", "drop", "repeat", "stale"]);

export const createRecord = (plan: FaultPlan): ExchangeRecord => {
  const mayRepeat = plan.some(({ what }) => repeats.has(what.kind) || "thenStale" in what);
  const writes: string[] = [];
  const made = new Set<string>();
  const begun: string[] = [];
  const jobs = new Map<string, string>();
  const seen = new Map<string, { readonly version: string; readonly phase: string | undefined }>();
  const violations: string[] = [];
  let changes = 0;

  const seeWrite = (exchange: Exchange, object: Phased | undefined): void => {
    const { side, method, path, status } = exchange;
    const what = `${exchange.process} ${method} ${path}`;
    writes.push(`${method} ${masked(path)} ${status}`);
    const isOutside = !path.includes(`/namespaces/${own}/`);
    if (isOutside && side === "product") violations.push(`the controllers' account wrote outside Kintsugi's namespace: ${what}`);
    if (status >= 300) return;
    if (method === "POST") made.add(`create ${masked(`${path}/${object?.metadata.name ?? ""}`)}`);
    if (method === "POST" && object?.kind === "KubernetesExecution") begun.push(object.metadata.name.replace(/^.*-(?=(kex|undo)-)/, ""));
    if (method === "DELETE") made.add(`delete ${masked(path)}`);
    const before = object === undefined ? undefined : seen.get(object.metadata.uid);
    const isNoOp = object !== undefined && method !== "DELETE" && before?.version === object.metadata.resourceVersion;
    if (isOutside && side === "act" && !isNoOp) changes += 1;
    if (isNoOp && !mayRepeat) violations.push(`a write that changed nothing: ${what}`);
    if (path.endsWith("/jobs") && object !== undefined) seeJob(object, what);
    const transitions = transitionsOf[object?.kind ?? ""];
    if (object === undefined || transitions === undefined || before?.phase === undefined || !path.endsWith("/status")) return;
    const after = object.status?.phase;
    if (!isTerminal(transitions, before.phase)) return;
    // Alerts go on being counted after the end.
    if (object.kind === "RemediationRequest" && after === before.phase && (exchange.body ?? "").startsWith('{"status":{"alerts":')) return;
    if (!isNoOp) violations.push(`a status was written after the terminal phase ${before.phase}: ${what}`);
  };
  const seeJob = (job: KubeObject, what: string): void => {
    // By its uid: after a request was deleted, another one of its name has executions of the same names.
    const execution = job.metadata.ownerReferences?.[0]?.uid ?? "";
    const known = jobs.get(execution);
    if (known !== undefined && known !== job.metadata.uid) violations.push(`a second Job for one execution: ${what}`);
    jobs.set(execution, job.metadata.uid);
  };

  return {
    see: (exchange) => {
      const object = isObject(exchange.answer) ? exchange.answer : undefined;
      if (exchange.side !== "world" && exchange.isWrite) seeWrite(exchange, object);
      if (object !== undefined && exchange.status < 300 && !/[?&]dryRun=/.test(exchange.path))
        seen.set(object.metadata.uid, { version: object.metadata.resourceVersion, phase: object.status?.phase });
    },
    get changes() {
      return changes;
    },
    writes,
    begun,
    made: () => [...made].toSorted(),
    violations,
  };
};

const isObject = (value: unknown): value is Phased =>
  typeof value === "object" &&
  value !== null &&
  "metadata" in value &&
  typeof (value.metadata as { uid?: unknown } | null)?.uid === "string";

/** Of the product: an action writes only outside. `write` as in `writes`. */
export const isOwnWrite = (write: string): boolean => write.includes(`/namespaces/${own}/`);

/** The cluster's own id is another one with each seed. */
export const masked = (path: string): string => path.replaceAll(/\b(rr|wfe)-[0-9a-f]{12}/g, "$1-…");
