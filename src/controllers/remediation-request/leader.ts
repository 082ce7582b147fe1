// Which request leads another one: the active one that works on the same root object. Pure: reads the cache of requests only.
import { isTerminal, phaseOf } from "#api/define-kind.ts";
import { type RemediationRequest, type RequestPhase, requestTransitions } from "#api/kinds/remediation-request.ts";
import type { ObjectReference } from "#api/object.ts";
import { targetKey } from "#cluster/targets.ts";
import type { Indexes, Store } from "#kube/store.ts";

const activeByTarget = "activeRequestsByTarget";
const activeByCause = "activeRequestsByCause";
const followersByLeader = "followersByLeader";

export const isActive = (request: RemediationRequest): boolean => !isTerminal(requestTransitions, phaseOf(request));

export const leaderIndexes: Indexes<RemediationRequest> = {
  [activeByTarget]: (request) => (isActive(request) ? [targetKey(request.spec.target)] : []),
  [activeByCause]: (request) =>
    isActive(request) && request.status?.causeObject !== undefined ? [targetKey(request.status.causeObject)] : [],
  [followersByLeader]: (request) =>
    phaseOf(request) === "Following" && request.status?.leader !== undefined ? [request.status.leader] : [],
};

export const activeRequestsAbout = (requests: Store<RemediationRequest>, key: string): readonly RemediationRequest[] =>
  requests.index(activeByTarget, key);
export const followersOf = (requests: Store<RemediationRequest>, name: string): readonly RemediationRequest[] =>
  requests.index(followersByLeader, name);

/** They may still follow another one. */
const isUndecided: ReadonlySet<RequestPhase> = new Set(["Pending", "Processing", "Analyzing"]);

/**
 * What a request says of an object in another namespace may be hearsay: it leads there only requests of its own namespace. A request about the object
 * itself, or about one of the object's namespace, leads any.
 */
const mayLead = (leader: RemediationRequest, follower: RemediationRequest, root: ObjectReference): boolean => {
  const { target } = leader.spec;
  if (targetKey(target) === targetKey(root)) return true;
  return target.namespace !== undefined && (target.namespace === root.namespace || target.namespace === follower.spec.target.namespace);
};

/**
 * Guarantees: no two requests lead each other. One that may still follow another leads only those that come after it, by creation and name;
 * one that follows leads none.
 */
export const leaderFor = (
  requests: Store<RemediationRequest>,
  request: RemediationRequest,
  root: ObjectReference,
): RemediationRequest | undefined => {
  const key = targetKey(root);
  return [...requests.index(activeByCause, key), ...requests.index(activeByTarget, key)]
    .filter((other) => other.metadata.uid !== request.metadata.uid && other.metadata.deletionTimestamp === undefined)
    .filter((other) => mayLead(other, request, root))
    .filter((other) => phaseOf(other) !== "Following" && (!isUndecided.has(phaseOf(other)) || isBefore(other, request)))
    .toSorted((a, b) => (isBefore(a, b) ? -1 : 1))[0];
};

/** Two that found the same cause at the same moment did not see each other: the later one follows once it does. */
export const earlierWithCause = (requests: Store<RemediationRequest>, request: RemediationRequest): RemediationRequest | undefined => {
  const root = request.status?.causeObject;
  const leader = root === undefined ? undefined : leaderFor(requests, request, root);
  return leader !== undefined && isBefore(leader, request) && leader.status?.causeObject !== undefined ? leader : undefined;
};

/** Those that would follow this one if it came first. */
export const withSameCause = (requests: Store<RemediationRequest>, { status }: RemediationRequest): readonly RemediationRequest[] =>
  status?.causeObject === undefined ? [] : requests.index(activeByCause, targetKey(status.causeObject));

const isBefore = ({ metadata: a }: RemediationRequest, { metadata: b }: RemediationRequest): boolean =>
  a.creationTimestamp === b.creationTimestamp ? a.name < b.name : a.creationTimestamp < b.creationTimestamp;
