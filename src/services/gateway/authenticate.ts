// Who sends alerts, and may they? TokenReview and SubjectAccessReview, remembered for a while; no token is ever kept, only its hash.
import { GROUP } from "#api/define-kind.ts";
import { SIGNALS_ACCOUNT } from "#api/labels.ts";
import type { Need } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import { sha256 } from "#lib/canonical-json.ts";
import type { Clock } from "#lib/clock.ts";
import { createFairQueue } from "#services/gateway/fair-queue.ts";
import { faultOfToken } from "#services/gateway/token-claims.ts";

export type Access =
  | { readonly verdict: "allowed"; readonly user: string }
  | { readonly verdict: "unknown"; readonly why: string }
  | { readonly verdict: "forbidden"; readonly user: string };

export interface Sender {
  readonly token: string;
  /** Where the connection comes from: senders share the reviews by address. */
  readonly address: string;
}

/** Throws where the API server could not be asked, or too many tokens wait to be asked about: the sender is not at fault then. */
export type Authenticate = (sender: Sender) => Promise<Access>;

export const needs: readonly Need[] = [
  { group: "authentication.k8s.io", resource: "tokenreviews", verbs: ["create"], scope: "cluster" },
  { group: "authorization.k8s.io", resource: "subjectaccessreviews", verbs: ["create"], scope: "cluster" },
];

/** The right of a sender. The API server serves no such subresource: this right alone creates nothing. */
export const senderNeeds: readonly Need[] = [{ group: GROUP, resource: "remediationrequests/signals", verbs: ["create"], scope: "own" }];

export interface AuthenticateDeps {
  readonly kube: Pick<Kube, "request">;
  readonly clock: Pick<Clock, "now">;
  /** Senders must have their right here. */
  readonly namespace: string;
  /** Tokens for another audience are refused. */
  readonly audience: string;
  /** Of our own token: a token of another issuer is refused without asking. Undefined where it is not known. */
  readonly issuer: () => Promise<string | undefined>;
}

/** So long a token that was revoked, or whose right was taken away, is still accepted. */
const allowedMs = 60_000;
const refusedMs = 10_000;
const maxRemembered = 1_000;
const reviewTimeoutMs = 4_000;
/** Of tokens that were not good before. Connections of one address are fewer than its places. */
const unknownTokens = { concurrency: 8, maxWaiting: 1_000, maxWaitingPerKey: 256 };

export const createAuthenticate = (deps: AuthenticateDeps): Authenticate => {
  // Apart, so that a flood of made-up tokens cannot push out those that are good.
  const allowed = createMemory(deps.clock, allowedMs);
  const refused = createMemory(deps.clock, refusedMs);
  const asking = new Map<string, Promise<Access>>();
  const queue = createFairQueue(unknownTokens);

  const ask = async (hash: string, token: string): Promise<Access> => {
    const access = await review(deps, token);
    const [memory, other] = access.verdict === "allowed" ? [allowed, refused] : [refused, allowed];
    memory.put(hash, access);
    other.forget(hash);
    return access;
  };
  const askInTurn = async (hash: string, { token, address }: Sender): Promise<Access> => {
    const { audience, clock } = deps;
    const why = faultOfToken(token, { audience, issuer: await deps.issuer(), nowMs: clock.now() });
    if (why !== undefined) return { verdict: "unknown", why: `${why}. ${howToMakeOne(deps)}` };
    return queue.run(address, () => ask(hash, token));
  };
  return async (sender) => {
    const hash = sha256(sender.token);
    const known = allowed.get(hash) ?? refused.get(hash) ?? asking.get(hash);
    if (known !== undefined) return known;
    // A token that was good is asked about at once: it does not wait behind unknown tokens.
    const answer = (allowed.has(hash) ? ask(hash, sender.token) : askInTurn(hash, sender)).finally(() => asking.delete(hash));
    asking.set(hash, answer);
    return answer;
  };
};

const howToMakeOne = ({ namespace, audience }: AuthenticateDeps): string =>
  `Make one with: kubectl create token ${SIGNALS_ACCOUNT} -n ${namespace} --audience ${audience} --duration 8760h`;

interface Memory {
  /** Undefined where its time is over. */
  get(hash: string): Access | undefined;
  /** Whether it was remembered, and not pushed out since. */
  has(hash: string): boolean;
  put(hash: string, access: Access): void;
  forget(hash: string): void;
}

const createMemory = (clock: Pick<Clock, "now">, forMs: number): Memory => {
  const entries = new Map<string, { readonly access: Access; readonly untilMs: number }>();
  return {
    get: (hash) => {
      const entry = entries.get(hash);
      return entry !== undefined && clock.now() < entry.untilMs ? entry.access : undefined;
    },
    has: (hash) => entries.has(hash),
    put: (hash, access) => {
      entries.delete(hash);
      entries.set(hash, { access, untilMs: clock.now() + forMs });
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

const review = async (deps: AuthenticateDeps, token: string): Promise<Access> => {
  const { kube, namespace, audience } = deps;
  const options = { timeoutMs: reviewTimeoutMs };
  const { status } = (await kube.request(
    "POST",
    "/apis/authentication.k8s.io/v1/tokenreviews",
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token, audiences: [audience] } },
    options,
  )) as TokenReview;
  const user = status?.user;
  // An authenticator that knows nothing of audiences names none: its tokens are good for the API server too.
  if (status?.authenticated !== true || user?.username === undefined || status.audiences?.includes(audience) !== true)
    return { verdict: "unknown", why: `the API server does not accept it. ${howToMakeOne(deps)}` };
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
        resourceAttributes: { namespace, verb: "create", group: GROUP, resource: "remediationrequests", subresource: "signals" },
      },
    },
    options,
  )) as SubjectAccessReview;
  return { verdict: answer.status?.allowed === true ? "allowed" : "forbidden", user: user.username };
};
