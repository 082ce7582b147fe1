// The laws of incidents: a request that a person is needed for does not end while its alert fires, an alert fires in one active request, and
// requests that follow do nothing and do not follow each other. Looks on at every write of the product.
import { isTerminal } from "#api/define-kind.ts";
import { isAtRest, type Outcome, RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution, workflowTransitions } from "#api/kinds/workflow-execution.ts";
import { referenceText } from "#api/object.ts";
import type { Law } from "#sim/laws/law.ts";
import type { WorldView } from "#sim/world.ts";

const needPerson: ReadonlySet<Outcome> = new Set(["ManualReviewRequired", "Suggested", "Rejected", "ApprovalExpired", "RolledBack"]);

export const createIncidentsLaw = (view: WorldView): Law => {
  const violations: string[] = [];
  const known = new Set<string>();
  const ended = new Set<string>();
  const report = (sentence: string): void => {
    if (known.has(sentence)) return;
    known.add(sentence);
    violations.push(sentence);
  };
  const seeEnd = ({ metadata, spec, status }: RemediationRequest, firing: readonly string[]): void => {
    if (ended.has(metadata.uid)) return;
    ended.add(metadata.uid);
    const { outcome } = status ?? {};
    // A cancellation ends a request whatever fires, also where its undo fails.
    if (spec.cancel === undefined && outcome !== undefined && needPerson.has(outcome) && firing.length > 0)
      report(`${metadata.name} ended as ${outcome}, and ${firing.join(", ")} fires`);
  };
  const seeRequests = (requests: readonly RemediationRequest[]): void => {
    const owners = new Map<string, string>();
    for (const request of requests) {
      const { name, deletionTimestamp } = request.metadata;
      const firing = firingIn(request);
      if (isTerminal(requestTransitions, request.status?.phase ?? "Pending")) seeEnd(request, firing);
      else if (deletionTimestamp === undefined)
        for (const alert of firing) {
          const owner = owners.get(alert);
          if (owner !== undefined) report(`${alert} fires in ${owner} and in ${name}`);
          owners.set(alert, name);
        }
      seeFollower(request, requests);
    }
  };
  const seeFollower = ({ metadata, status }: RemediationRequest, requests: readonly RemediationRequest[]): void => {
    if (status?.phase !== "Following") return;
    const leader = requests.find((each) => each.metadata.name === status.leader);
    if (status.leader === metadata.name || (leader?.status?.phase === "Following" && leader.status.leader === metadata.name))
      report(`${metadata.name} follows itself`);
  };
  return {
    violations,
    see: ({ side, isWrite, status, path }) => {
      if (side !== "product" || !isWrite || status >= 300) return;
      if (path.includes("/remediationrequests")) seeRequests(view.objects(RemediationRequest));
      if (!path.includes("/workflowexecutions")) return;
      for (const { metadata, spec, status: state } of view.objects(WorkflowExecution)) {
        const request = view.objects(RemediationRequest).find((each) => each.metadata.name === spec.request);
        if (request?.status?.phase === "Following" && !isTerminal(workflowTransitions, state?.phase ?? "Pending"))
          report(`${spec.request} follows another request, and ${metadata.name} repairs ${referenceText(spec.target)}`);
      }
    },
    atEnd: () => {
      const requests = view.objects(RemediationRequest);
      for (const { metadata, status } of requests)
        if (status?.phase === "Following") {
          const leader = requests.find((each) => each.metadata.name === status.leader);
          if (leader === undefined || !isAtRest(leader.status?.phase ?? "Pending") || leader.status?.phase !== "AwaitingPerson")
            report(`${metadata.name} follows ${status.leader}, which is ${leader?.status?.phase ?? "gone"}`);
        }
    },
  };
};

/** Alerts that the request holds as firing, as `object/fingerprint`. */
const firingIn = ({ spec, status }: RemediationRequest): readonly string[] => {
  const alerts = Object.entries(status?.alerts ?? {}).filter(([fingerprint]) => fingerprint !== "other");
  const firing = alerts.filter(([, { resolvedAt }]) => resolvedAt === undefined).map(([fingerprint]) => fingerprint);
  const first = status?.alerts?.[spec.alert.fingerprint] === undefined ? [spec.alert.fingerprint] : [];
  return [...new Set([...first, ...firing])].map((fingerprint) => `${referenceText(spec.target)}/${fingerprint}`);
};
