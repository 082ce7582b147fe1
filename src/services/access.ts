// Who calls a service, and may they? TokenReview and SubjectAccessReview, remembered for a while. Keeps no token, only its hash.
import { type Need, qualifiedResource } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import { isTransient } from "#kube/errors.ts";
import { sha256 } from "#lib/canonical-json.ts";
import type { Clock } from "#lib/clock.ts";
import { createFairQueue } from "#services/fair-queue.ts";
import { faultOfToken, hasExpired } from "#services/token-claims.ts";

export type Access =
  | { readonly verdict: "allowed"; readonly user: string }
  | { readonly verdict: "unknown"; readonly why: string }
  | { readonly verdict: "forbidden"; readonly user: string };

export interface Caller {
  readonly token: string;
  /** Where the connection comes from: callers share the reviews by address. */
  readonly address: string;
}

/** What a caller must be allowed to do, as RBAC names it. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Throws where the API server cannot be asked, or too many tokens wait for a review: then the caller is not at fault. */
export type ReviewAccess = (caller: Caller, right: Right) => Promise<Access>;

/** The rights of a service that reviews its callers. */
export const needs: readonly Need[] = [
  { group: "authentication.k8s.io", resource: "tokenreviews", verbs: ["create"], scope: "cluster" },
  { group: "authorization.k8s.io", resource: "subjectaccessreviews", verbs: ["create"], scope: "cluster" },
];

export interface AccessDeps {
  readonly kube: Pick<Kube, "request">;
  readonly clock: Pick<Clock, "now">;
  /** Tokens for another audience are refused. */
  readonly audience: string;
  /** Of our own token: a token of another issuer is refused without asking. Undefined where it is not known. */
  readonly issuer: () => Promise<string | undefined>;
  /** Ends a refusal: how to get a token that is accepted, as a sentence. */
  readonly advice: string;
}

/** How long a revoked token, or a removed right, is still accepted while the API server answers. */
const allowedMs = 60_000;
const refusedMs = 10_000;
/** How long a token that was accepted before is accepted while the API server cannot be asked: alerts of an outage are the ones that count. */
const unreachableMs = 7_200_000;
/** Until it is asked again during an outage: not each delivery waits for an answer that does not come. */
const askAgainMs = 10_000;
const maxRemembered = 1_000;
const reviewTimeoutMs = 4_000;
/** For tokens that have not been accepted before. One address has fewer connections than places here. */
const unknownTokens = { concurrency: 8, maxWaiting: 1_000, maxWaitingPerKey: 256 };

export const createAccess = (deps: AccessDeps): ReviewAccess => {
  // Apart, so that a flood of made-up tokens cannot push out those that are good.
  const allowed = createMemory(deps.clock, allowedMs);
  const refused = createMemory(deps.clock, refusedMs);
  const asking = new Map<string, Promise<Access>>();
  const queue = createFairQueue(unknownTokens);

  const ask = async (hash: string, token: string, right: Right): Promise<Access> => {
    const access = await review(deps, token, right).catch((error: unknown) => {
      const before = isTransient(error) ? allowed.beforeOutage(hash) : undefined;
      if (before === undefined || hasExpired(token, deps.clock.now())) throw error;
      return before;
    });
    if (access === allowed.latest(hash)) return access;
    const [memory, other] = access.verdict === "allowed" ? [allowed, refused] : [refused, allowed];
    memory.put(hash, access);
    other.forget(hash);
    return access;
  };
  const askInTurn = async (hash: string, { token, address }: Caller, right: Right): Promise<Access> => {
    const { audience, clock, advice } = deps;
    const why = faultOfToken(token, { audience, issuer: await deps.issuer(), nowMs: clock.now() });
    if (why !== undefined) return { verdict: "unknown", why: `${why}. ${advice}` };
    return queue.run(address, () => ask(hash, token, right));
  };
  return async (caller, right) => {
    const hash = sha256(`${rightText(right)} ${caller.token}`);
    const known = allowed.get(hash) ?? refused.get(hash) ?? asking.get(hash);
    if (known !== undefined) return known;
    // A token that was good is asked about at once: it does not wait behind unknown tokens.
    const answer = (allowed.latest(hash) !== undefined ? ask(hash, caller.token, right) : askInTurn(hash, caller, right)).finally(() =>
      asking.delete(hash),
    );
    asking.set(hash, answer);
    return answer;
  };
};

/** `create remediationrequests.kintsugi.dev/signals in kintsugi-system`. */
export const rightText = ({ verb, group, resource, subresource, namespace, name }: Right): string =>
  [
    verb,
    qualifiedResource({ group, resource: subresource === undefined ? resource : `${resource}/${subresource}` }),
    ...(name === undefined ? [] : [name]),
    ...(namespace === undefined ? [] : [`in ${namespace}`]),
  ].join(" ");

interface Memory {
  /** Undefined once it has expired. */
  get(hash: string): Access | undefined;
  /** Expired or not. */
  latest(hash: string): Access | undefined;
  /** What was answered at most two hours ago; it counts again for a few seconds. */
  beforeOutage(hash: string): Access | undefined;
  put(hash: string, access: Access): void;
  forget(hash: string): void;
}

const createMemory = (clock: Pick<Clock, "now">, forMs: number): Memory => {
  const entries = new Map<string, { readonly access: Access; readonly answeredAtMs: number; untilMs: number }>();
  return {
    get: (hash) => {
      const entry = entries.get(hash);
      return entry !== undefined && clock.now() < entry.untilMs ? entry.access : undefined;
    },
    latest: (hash) => entries.get(hash)?.access,
    beforeOutage: (hash) => {
      const entry = entries.get(hash);
      if (entry === undefined || clock.now() >= entry.answeredAtMs + unreachableMs) return undefined;
      entry.untilMs = clock.now() + askAgainMs;
      return entry.access;
    },
    put: (hash, access) => {
      entries.delete(hash);
      entries.set(hash, { access, answeredAtMs: clock.now(), untilMs: clock.now() + forMs });
      const oldest = entries.size > maxRemembered ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
    },
    forget: (hash) => void entries.delete(hash),
  };
};

interface TokenReview {
  status?: {
    authenticated?: boolean;
    audiences?: string[];
    user?: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  };
}
interface SubjectAccessReview {
  status?: { allowed?: boolean };
}

const review = async ({ kube, audience, advice }: AccessDeps, token: string, right: Right): Promise<Access> => {
  const options = { timeoutMs: reviewTimeoutMs };
  const { status } = (await kube.request(
    "POST",
    "/apis/authentication.k8s.io/v1/tokenreviews",
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token, audiences: [audience] } },
    options,
  )) as TokenReview;
  const user = status?.user;
  // An authenticator without audiences returns none: its tokens are also valid for the API server.
  if (status?.authenticated !== true || user?.username === undefined || status.audiences?.includes(audience) !== true)
    return { verdict: "unknown", why: `the API server does not accept it. ${advice}` };
  const answer = (await kube.request(
    "POST",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: user.username,
        uid: user.uid,
        groups: user.groups,
        extra: user.extra,
        resourceAttributes: right,
      },
    },
    options,
  )) as SubjectAccessReview;
  return { verdict: answer.status?.allowed === true ? "allowed" : "forbidden", user: user.username };
};
