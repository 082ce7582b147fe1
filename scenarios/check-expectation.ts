// Compares what happened with what a scenario expects. Pure; each difference is one sentence for people.
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Deployment } from "#api/kubernetes.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { type EffectiveWrite, actionOfAccount } from "#scenarios/effective-writes.ts";
import type { Expectation, ObjectName } from "#scenarios/scenario.ts";

/** Content of an object by `Kind name`: what a person wrote, without status and metadata. */
export type Contents = Readonly<Record<string, unknown>>;

export interface Happened {
  readonly request: RemediationRequest;
  /** Every request about this target: one episode is one request. */
  readonly requestCount: number;
  readonly analyses: readonly AIAnalysis[];
  readonly executions: readonly KubernetesExecution[];
  readonly wasAskedForApproval: boolean;
  readonly changedBeforeApproval: boolean;
  /** Undefined without an audit log. */
  readonly writes: readonly EffectiveWrite[] | undefined;
  readonly healthyAtEnd: boolean;
  /** The target's template in healthy.yaml; undefined where the fault is its first appearance. */
  readonly healthyTemplate: unknown;
  readonly afterFault: Contents;
  readonly atEnd: Contents;
}

export const contentName = (object: ObjectName): string => `${object.kind} ${object.name}`;

const plurals: Readonly<Record<ObjectName["kind"], string>> = { Deployment: "deployments", ConfigMap: "configmaps", Service: "services" };

/** One sentence for each thing that is not as expected; empty where all is. */
export const differences = (expected: Expectation, happened: Happened, installation: string): string[] => [
  ...ending(expected, happened),
  ...diagnosis(expected, happened),
  ...actions(expected, happened),
  ...changes(expected, happened, installation),
  ...stateAfter(expected, happened),
];

const compare = (what: string, expected: unknown, actual: unknown): string[] =>
  jsonEqual(expected ?? null, actual ?? null) ? [] : [`${what} is ${JSON.stringify(actual)} and should be ${JSON.stringify(expected)}`];

const ending = (expected: Expectation, { request, requestCount }: Happened): string[] => [
  ...compare("the request's phase", expected.phase, request.status?.phase),
  ...compare("the outcome", expected.outcome, request.status?.outcome),
  ...(requestCount === 1 ? [] : [`there are ${requestCount} requests for this episode and should be one`]),
];

const diagnosis = (expected: Expectation, { analyses }: Happened): string[] => {
  const first = analyses.toSorted((a, b) => a.spec.attempt - b.spec.attempt)[0];
  if (first === undefined) return ["nothing was analysed"];
  const cause = first.status?.rootCause;
  const found = cause && { code: cause.code, kind: cause.object.kind, name: cause.object.name };
  return [
    ...compare("the verdict", expected.verdict, first.status?.verdict),
    ...(expected.cause === undefined ? [] : compare("the root cause", expected.cause, found)),
    ...(first.status?.verdict !== "Inconclusive" && (first.status?.evidence ?? []).length === 0 ? ["no evidence is quoted"] : []),
  ];
};

const actions = (expected: Expectation, happened: Happened): string[] => {
  const executed = happened.executions.toSorted((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp));
  const done = (undo: "undos" | "repairs"): string[] =>
    executed.flatMap((execution) => ((execution.spec.undoes !== undefined) === (undo === "undos") ? [execution.spec.action] : []));
  return [
    ...compare("the list of executed actions", expected.actions, done("repairs")),
    ...compare("the list of undone actions", expected.undone, done("undos")),
    ...compare("whether a person was asked", expected.approval !== undefined, happened.wasAskedForApproval),
    ...(happened.changedBeforeApproval ? ["the workload was changed before anybody had approved it"] : []),
  ];
};

const changes = (expected: Expectation, { writes }: Happened, installation: string): string[] => {
  if (writes === undefined) return [];
  const found = writes.map((write) => `${write.resource}/${write.name} by ${actionOfAccount(write.user, installation) ?? write.user}`);
  const account = expected.approval === undefined ? "" : " (approved)";
  const wanted = expected.changes.flatMap((change) => change.by.map((by) => `${plurals[change.kind]}/${change.name} by ${by}${account}`));
  return compare("the list of writes in the audit log", wanted, found);
};

const stateAfter = (expected: Expectation, happened: Happened): string[] => {
  const { after, target, untouched } = expected;
  const template = (contents: Contents): unknown => (contents[contentName(target)] as Deployment["spec"] | undefined)?.template;
  const atEnd = template(happened.atEnd);
  const isHealthyOne = jsonEqual(atEnd ?? null, happened.healthyTemplate ?? null);
  const isFaulty = jsonEqual(atEnd ?? null, template(happened.afterFault) ?? null);
  const asWanted = { healthy: isHealthyOne, fault: isFaulty, changed: !isHealthyOne && !isFaulty }[after.template];
  return [
    ...compare(`whether ${contentName(target)} is healthy at the end`, after.healthy, happened.healthyAtEnd),
    ...(asWanted ? [] : [`the pod template of ${contentName(target)} is not the ${after.template} one`]),
    ...(after.memoryLimitMi === undefined ? [] : memoryLimit(after.memoryLimitMi, atEnd as Deployment["spec"]["template"] | undefined)),
    ...untouched.flatMap((object) =>
      jsonEqual(happened.afterFault[contentName(object)] ?? null, happened.atEnd[contentName(object)] ?? null)
        ? []
        : [`${contentName(object)} was changed and should not have been`],
    ),
  ];
};

const memoryLimit = (range: { min: number; max: number }, template: Deployment["spec"]["template"] | undefined): string[] => {
  const limit = template?.spec.containers[0]?.resources?.limits?.["memory"] ?? "none";
  const mebibytes = mebibytesOf(limit);
  const isWithin = mebibytes !== undefined && mebibytes >= range.min && mebibytes <= range.max;
  return isWithin ? [] : [`the memory limit is ${limit} and should be between ${range.min}Mi and ${range.max}Mi`];
};

const factors: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };

export const mebibytesOf = (quantity: string): number | undefined => {
  const [, digits = "", unit = ""] = /^(\d+)(k|M|G|Ki|Mi|Gi)?$/.exec(quantity) ?? [];
  return digits === "" ? undefined : (Number(digits) * (factors[unit] ?? 1)) / 1024 ** 2;
};
