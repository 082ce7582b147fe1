// Follows one episode from the alert to its end: reports each phase, and lets the person of the scenario approve where one is asked.
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { type RequestPhase, isAtRest, RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Kube } from "#kube/client.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { UserActions } from "#scenarios/user-actions.ts";
import type { PhaseTime } from "#scenarios/scenario-events.ts";
import type { Expectation } from "#scenarios/scenario.ts";
import { type Waiting, watchUntil } from "#scenarios/watch-until.ts";

export interface Following {
  readonly kube: Kube;
  readonly userActions: UserActions;
  /** Kintsugi's namespace. */
  readonly installation: string;
  readonly waiting: (what: string, timeoutMs: number) => Waiting;
  readonly onPhase: (request: RemediationRequest) => void;
  /** Called when a person is asked, before the answer is given. */
  readonly onAsked: (request: RemediationRequest) => Promise<void>;
}

export interface Followed {
  readonly request: RemediationRequest;
  readonly requestCount: number;
  readonly wasAskedForApproval: boolean;
  readonly phases: readonly PhaseTime[];
}

const alertTimeoutMs = 180_000;
const episodeTimeoutMs = 300_000;

export const isOver = ({ status }: RemediationRequest): boolean => status?.phase !== undefined && isAtRest(status.phase);

export const followRequest = async (following: Following, expected: Expectation, namespace: string): Promise<Followed> => {
  const { kube, installation, waiting } = following;
  const target = `${expected.target.kind} ${namespace}/${expected.target.name}`;
  const entered: { phase: RequestPhase; startedAt: string }[] = [];
  let count = 0;
  const ours = (requests: readonly RemediationRequest[]): RemediationRequest | undefined => {
    const about = requests.filter((request) => request.spec.target.namespace === namespace);
    count = about.length;
    const request = about.find((one) => one.spec.target.kind === expected.target.kind && one.spec.target.name === expected.target.name);
    const { phase, phaseStartedAt } = request?.status ?? {};
    const last = entered.at(-1);
    if (request && phase && phaseStartedAt && (last?.phase !== phase || last.startedAt !== phaseStartedAt)) {
      entered.push({ phase, startedAt: phaseStartedAt });
      following.onPhase(request);
    }
    return request;
  };
  const until = (what: string, timeoutMs: number, isWanted: (request: RemediationRequest) => boolean): Promise<RemediationRequest> =>
    watchUntil(waiting(what, timeoutMs), RemediationRequest, { namespace: installation }, (requests) => {
      const request = ours(requests);
      return request !== undefined && isWanted(request) ? request : undefined;
    });

  await until(`a request about ${target}: no alert was delivered`, alertTimeoutMs, () => true);
  const answered = new Set<string>();
  const isOpen = (request: RemediationRequest): boolean =>
    request.status?.phase === "AwaitingApproval" && !answered.has(request.status.phaseStartedAt ?? "");
  for (;;) {
    const request = await until(`the end of the request about ${target}`, episodeTimeoutMs, (one) => isOver(one) || isOpen(one));
    if (isOver(request) || (expected.approval === undefined && isOpen(request))) {
      return {
        request,
        requestCount: count,
        wasAskedForApproval: entered.some((one) => one.phase === "AwaitingApproval"),
        phases: phaseTimes(entered),
      };
    }
    answered.add(request.status?.phaseStartedAt ?? "");
    await following.onAsked(request);
    await approve(kube, following.userActions, installation, request, expected.approval);
  }
};

/** As the person of the scenario. */
const approve = async (
  kube: Kube,
  userActions: UserActions,
  namespace: string,
  request: RemediationRequest,
  approval: Expectation["approval"],
): Promise<void> => {
  if (approval === undefined) return;
  const questions = await kube.list(AIApprovalRequest, { namespace });
  const question = questions.find((one) => one.spec.request === request.metadata.name && (one.status?.phase ?? "Pending") === "Pending");
  if (question === undefined) throw new Error(`${request.metadata.name} awaits approval, but there is no open AIApprovalRequest`);
  await userActions.approve({ namespace, name: question.metadata.name }, approval);
};

/** From when each phase was entered to how long it lasted; the last, in which it ended, lasts no time. */
export const phaseTimes = (entered: readonly { readonly phase: string; readonly startedAt: string }[]): PhaseTime[] =>
  entered.map(({ phase, startedAt }, index) => {
    const from = fromTimestamp(startedAt) ?? 0;
    const to = fromTimestamp(entered[index + 1]?.startedAt) ?? from;
    return { phase, seconds: Math.max(0, to - from) / 1000 };
  });
