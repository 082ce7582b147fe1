// What a course's script sees of a running simulation: the cluster's objects, its people, its alerts. Acts from outside; never reaches into the product.
import { API_VERSION } from "#api/define-kind.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { isAtRest, RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import type { KubeObject, ResourceType } from "#api/object.ts";
import type { AlertToSend } from "#sim/alert-source.ts";
import { own, type Platform, policyPath } from "#sim/platform.ts";
import type { Fixture } from "#sim/fixture.ts";
import type { VirtualClock } from "#sim/virtual-clock.ts";

export interface Stage {
  readonly clock: VirtualClock;
  readonly platform: Platform;
  readonly fixtures: readonly Fixture[];
  send(...alerts: readonly AlertToSend[]): Promise<void>;
  objects<T extends KubeObject>(type: ResourceType<T>): readonly T[];
  /** Looks again after every write to the cluster. */
  until(holds: () => boolean): Promise<void>;
  after(ms: number): Promise<void>;
}

export const requestsOf = (stage: Pick<Stage, "objects">): readonly RemediationRequest[] => stage.objects(RemediationRequest);

export const isOver = ({ status }: RemediationRequest): boolean => status?.phase !== undefined && isAtRest(status.phase);

/** One that follows waits as long as the request that leads. */
export const isSettled = (request: RemediationRequest, requests: readonly RemediationRequest[]): boolean =>
  isOver(request) ||
  (request.status?.phase === "Following" &&
    requests.some(({ metadata, status }) => metadata.name === request.status?.leader && status?.phase === "AwaitingPerson"));

export const crashLoop = (fixture: Fixture, startsAtMs: number): AlertToSend => ({
  name: "KubePodCrashLooping",
  namespace: fixture.namespace,
  pod: fixture.podName,
  startsAtMs,
});

/** As a person would, each time the question is there: an attempt that came to nothing leads to another one. */
export const decideApprovals = async (stage: Stage, decision: "Approved" | "Rejected", afterMs: number): Promise<void> => {
  const open = (): AIApprovalRequest | undefined =>
    stage.objects(AIApprovalRequest).find(({ spec, status }) => spec.decisions.length === 0 && (status?.phase ?? "Pending") === "Pending");
  await stage.until(() => open() !== undefined || requestsOf(stage).some(isOver));
  await stage.after(afterMs);
  const approval = open();
  if (approval === undefined) return;
  stage.platform.admin("PATCH", `/apis/${API_VERSION}/namespaces/${own}/aiapprovalrequests/${approval.metadata.name}`, {
    spec: { decisions: [...approval.spec.decisions, { by: "kubernetes-admin", decision, via: "simulation" }] },
  });
  // Only now: the question that has just been answered is not the next one.
  void decideApprovals(stage, decision, afterMs);
};

const requestPath = (request: RemediationRequest): string =>
  `/apis/${API_VERSION}/namespaces/${own}/remediationrequests/${request.metadata.name}`;

/** At the first moment a request is in this phase; not at all where it never is. */
export const whenIn = async (stage: Stage, phase: string, act: (request: RemediationRequest) => void): Promise<void> => {
  const found = (): RemediationRequest | undefined => requestsOf(stage).find((request) => (request.status?.phase ?? "Pending") === phase);
  await stage.until(() => found() !== undefined || (requestsOf(stage).length > 0 && requestsOf(stage).every(isOver)));
  const request = found();
  if (request !== undefined) act(request);
};

export const cancel =
  (stage: Stage) =>
  (request: RemediationRequest): void =>
    void stage.platform.admin("PATCH", requestPath(request), { spec: { cancel: { by: "kubernetes-admin" } } });

export const remove =
  (stage: Stage) =>
  (request: RemediationRequest): void =>
    void stage.platform.admin("DELETE", requestPath(request));

/** The namespace of the first fixture gets another environment as soon as a repair of it has begun. */
export const moveOnceBegun = async (stage: Stage, environment: string): Promise<void> => {
  await stage.until(() => stage.objects(WorkflowExecution).length > 0 || requestsOf(stage).some(isOver));
  stage.platform.admin("PATCH", `/api/v1/namespaces/${stage.fixtures[0]?.namespace}`, { metadata: { labels: { environment } } });
};

/** The policy without its pause. */
export const unpause = (stage: Stage, spec: RemediationPolicy["spec"]): void =>
  void stage.platform.admin("PATCH", policyPath, { spec: { ...spec, paused: false } });
