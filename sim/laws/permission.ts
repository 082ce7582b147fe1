// The laws of permission: every Job was granted, and every write outside Kintsugi's namespace is the one that its execution ordered, in a namespace
// that is opted in. Written from the documentation of RemediationPolicy; never calls the product's policy code.
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { Namespaces } from "#api/kubernetes.ts";
import { EXECUTION_LABEL } from "#api/labels.ts";
import type { KubeObject } from "#api/object.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { FaultPlan } from "#sim/faults.ts";
import type { Law } from "#sim/laws/law.ts";
import { newsLagMs } from "#sim/laws/time.ts";
import type { Exchange } from "#sim/network.ts";
import { own } from "#sim/platform.ts";
import type { WorldView } from "#sim/world.ts";

/** What people had allowed from this moment on. */
interface Moment {
  readonly at: number;
  readonly policies: readonly RemediationPolicy["spec"][];
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** Of the simulated environments, those in which a reversible repair needs no approval. */
const auto = new Set(["staging", "test"]);

export const createPermissionLaw = (view: WorldView, plan: FaultPlan): Law => {
  const violations: string[] = [];
  const moments: Moment[] = [];
  /** When each execution was created. */
  const orderedAt = new Map<string, number>();
  const lagMs = newsLagMs(plan);
  const remember = (): void => {
    const labels = new Map(view.objects(Namespaces).map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
    moments.push({ at: view.elapsed(), policies: view.objects(RemediationPolicy).map(({ spec }) => spec), labels });
  };
  /** The moments that were in force at some time from then on. */
  const since = (from: number): readonly Moment[] =>
    moments.filter((_, index) => (moments[index + 1]?.at ?? Number.POSITIVE_INFINITY) >= from);

  const seeJob = ({ path, answer }: Exchange): void => {
    const name = (answer as KubeObject | undefined)?.metadata.labels?.[EXECUTION_LABEL];
    const execution = view.objects(KubernetesExecution).find(({ metadata }) => metadata.name === name);
    if (execution === undefined) return void violations.push(`a Job without an execution: POST ${path}`);
    const { spec } = execution;
    const ordered = orderedAt.get(execution.metadata.name) ?? 0;
    const namespace = spec.target.namespace ?? "";
    if (!since(ordered).some(({ labels }) => isManaged(labels.get(namespace))))
      violations.push(`a Job for ${execution.metadata.name} in namespace ${namespace}, which is not opted in`);
    if (spec.undoes !== undefined) {
      const original = view.objects(KubernetesExecution).find(({ metadata }) => metadata.name === spec.undoes);
      if (original?.status?.inverseHash !== spec.changesHash)
        violations.push(`the undo ${execution.metadata.name} is not the stored inverse of ${spec.undoes}`);
      return;
    }
    const nowMs = view.now();
    if (
      !since(ordered - lagMs).some(({ policies, at }) =>
        isOpen(policies, namespace, [nowMs, nowMs - view.elapsed() + Math.max(at, ordered - lagMs)]),
      )
    )
      violations.push(`a Job for ${execution.metadata.name} while policy lets nothing begin in ${namespace}`);
    if (since(ordered).some(({ labels }) => auto.has(environmentOf(labels.get(namespace))))) return;
    const isApproved = view.objects(AIApprovalRequest).some((approval) => grants(approval, spec.changesHash, spec.request));
    if (!isApproved) {
      const environments = [...new Set(since(ordered).map(({ labels }) => environmentOf(labels.get(namespace)) || "not known"))].join(", ");
      violations.push(`a Job for ${execution.metadata.name} without an approval: the environment of ${namespace} is ${environments}`);
    }
  };
  const seeChange = ({ path, method, process, status }: Exchange, namespace: string | undefined): void => {
    const isRefused = status === 403 || status === 422;
    if (status >= 300 && !isRefused) return;
    const broken = (why: string): void => void violations.push(`${process} ${method} ${path}: ${why}`);
    const name = process.slice("act/".length);
    const execution = view.objects(KubernetesExecution).find(({ metadata }) => metadata.name === name);
    if (execution === undefined) return broken("no execution ordered it");
    if (namespace === undefined || execution.spec.target.namespace !== namespace)
      return broken(`its execution is about namespace ${execution.spec.target.namespace}`);
    const from = isRefused ? (orderedAt.get(name) ?? 0) : view.elapsed();
    if (!since(from).some(({ labels }) => isManaged(labels.get(namespace)))) broken("the namespace is not opted in");
  };

  return {
    violations,
    seeUser: remember,
    see: (exchange) => {
      const { side, isWrite, method, path, status, answer } = exchange;
      if (side === "world" || !isWrite) return;
      if (side === "act") {
        const namespace = /\/namespaces\/([^/?]+)\//.exec(path)?.[1];
        if (namespace !== own) seeChange(exchange, namespace);
        return;
      }
      if (method !== "POST" || status >= 300) return;
      if (path.endsWith("/kubernetesexecutions")) orderedAt.set((answer as KubeObject).metadata.name, view.elapsed());
      if (path.endsWith("/jobs")) seeJob(exchange);
    },
  };
};

const isManaged = (labels: Readonly<Record<string, string>> | undefined): boolean => labels?.["kintsugi.dev/managed"] === "true";

const environmentOf = (labels: Readonly<Record<string, string>> = {}): string =>
  labels["kintsugi.dev/environment"] ?? labels["environment"] ?? "";

/** Whether no pause, freeze or protection holds at one of these times. */
const isOpen = (policies: Moment["policies"], namespace: string, times: readonly number[]): boolean =>
  policies.every((policy) => policy.paused !== true && policy.protected?.namespaces?.includes(namespace) !== true) &&
  times.some((time) =>
    policies.every(({ freezes = [] }) =>
      freezes.every(({ from, to }) => time < (fromTimestamp(from) ?? 0) || time >= (fromTimestamp(to) ?? Number.POSITIVE_INFINITY)),
    ),
  );

const grants = ({ spec, status }: AIApprovalRequest, changesHash: string, request: string): boolean => {
  const yes = new Set(spec.decisions.filter(({ decision }) => decision === "Approved").map(({ by }) => by));
  return (
    spec.request === request &&
    status?.phase === "Approved" &&
    spec.steps.some((step) => step.changesHash === changesHash) &&
    yes.size >= spec.minApprovers &&
    spec.decisions.every(({ decision }) => decision !== "Rejected")
  );
};
