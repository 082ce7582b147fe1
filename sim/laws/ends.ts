// The laws of an ending: every alert that was taken opens a request, every request ends once the faults have, and what it says of the object is true.
// Looks on, and judges at the end.
import { isTerminal } from "#api/define-kind.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { type Outcome, RemediationRequest, type RequestPhase, requestTransitions } from "#api/kinds/remediation-request.ts";
import { referenceText } from "#api/object.ts";
import type { UndoLaw } from "#sim/laws/inverses.ts";
import type { Law } from "#sim/laws/law.ts";
import { isSettled } from "#sim/stage.ts";
import type { WorldView } from "#sim/world.ts";

export interface EndsOptions {
  readonly undo: Pick<UndoLaw, "remaining">;
  /** Whether the object runs as it should, as its spec has it now. */
  readonly isHealthy: (target: string) => boolean;
  /** Those of which an alert was delivered. */
  readonly alerted: () => ReadonlySet<string>;
  /** When a person last changed the object, in milliseconds since the simulation began. */
  readonly editedAt: (target: string) => number | undefined;
}

/** Where an end says that nothing of the repair remains. */
const nothingRemains: ReadonlySet<RequestPhase | Outcome> = new Set(["Cancelled", "TimedOut", "RolledBack", "Rejected", "ApprovalExpired"]);
/** A verification looks at the object for that long. */
const verificationMs = 30_000;

export const createEndsLaw = (view: WorldView, options: EndsOptions): Law => {
  const violations: string[] = [];
  const ended = new Set<string>();
  /** By uid, because a name may come again: the name of each execution, and the uid of its request, which it is deleted with. */
  const executions = new Map<string, { readonly name: string; readonly request: string }>();
  const requests = new Map<string, RemediationRequest>();

  const seeEnd = ({ metadata, spec, status }: RemediationRequest): void => {
    if (ended.has(metadata.uid)) return;
    ended.add(metadata.uid);
    if (status?.outcome !== "Remediated") return;
    const target = referenceText(spec.target);
    const editedAt = options.editedAt(target);
    const isEdited = editedAt !== undefined && view.elapsed() - editedAt < verificationMs;
    if (!options.isHealthy(target) && !isEdited) violations.push(`${metadata.name} ended as Remediated, and ${target} does not run`);
  };
  return {
    violations,
    see: ({ side, isWrite, status, path }) => {
      if (side !== "product" || !isWrite || status >= 300) return;
      if (path.includes("/kubernetesexecutions"))
        for (const { metadata, spec } of view.objects(KubernetesExecution)) {
          const request = view.objects(RemediationRequest).find((each) => each.metadata.name === spec.request);
          if (request !== undefined) executions.set(metadata.uid, { name: metadata.name, request: request.metadata.uid });
        }
      if (!path.includes("/remediationrequests")) return;
      for (const request of view.objects(RemediationRequest)) {
        requests.set(request.metadata.uid, request);
        if (request.status?.phase !== undefined && isTerminal(requestTransitions, request.status.phase)) seeEnd(request);
      }
    },
    atEnd: () => {
      const left = view.objects(RemediationRequest);
      for (const request of left) {
        const { metadata, status } = request;
        if (!isSettled(request, left))
          violations.push(`${metadata.name} has not ended: ${status?.phase ?? "Pending"}, ${status?.message ?? "without a message"}`);
      }
      const opened = new Set([...requests.values()].map(({ spec }) => referenceText(spec.target)));
      for (const target of options.alerted())
        if (!opened.has(target)) violations.push(`an alert about ${target} was taken, and no request exists`);
      for (const uid of options.undo.remaining()) {
        const { name, request: owner = "" } = executions.get(uid) ?? {};
        const request = requests.get(owner);
        const { phase, outcome } = request?.status ?? {};
        const end = [phase, outcome].find((each) => each !== undefined && nothingRemains.has(each));
        if (end !== undefined) violations.push(`${request?.metadata.name} ended as ${end}, and the change of ${name} remains`);
      }
    },
  };
};
