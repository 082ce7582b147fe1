// Who sends alerts, and may they? TokenReview and SubjectAccessReview, remembered for a while; no token is ever kept, only its hash.
import { GROUP } from "#api/define-kind.ts";
import type { Need } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import { sha256 } from "#lib/canonical-json.ts";
import type { Clock } from "#lib/clock.ts";

export type Access =
  | { readonly verdict: "allowed"; readonly user: string }
  | { readonly verdict: "unknown" }
  | { readonly verdict: "forbidden"; readonly user: string };

/** Throws where the API server could not be asked, or too many are being asked about: the sender is not at fault then. */
export type Authenticate = (token: string) => Promise<Access>;

export const needs: readonly Need[] = [
  { group: "authentication.k8s.io", resource: "tokenreviews", verbs: ["create"], scope: "cluster" },
  { group: "authorization.k8s.io", resource: "subjectaccessreviews", verbs: ["create"], scope: "cluster" },
];

export interface AuthenticateDeps {
  readonly kube: Pick<Kube, "request">;
  readonly clock: Pick<Clock, "now">;
  /** Senders must be allowed to create RemediationRequests here. */
  readonly namespace: string;
}

const allowedMs = 60_000;
const refusedMs = 10_000;
const maxRemembered = 1_000;
const maxAsked = 16;

export class BusyError extends Error {
  constructor() {
    super("too many tokens wait to be reviewed");
    this.name = "BusyError";
  }
}

export const createAuthenticate = (deps: AuthenticateDeps): Authenticate => {
  // Apart, so that a flood of made-up tokens cannot push out those that are good.
  const allowed = createMemory(deps.clock, allowedMs);
  const refused = createMemory(deps.clock, refusedMs);
  const asking = new Map<string, Promise<Access>>();

  const ask = async (hash: string, token: string): Promise<Access> => {
    const access = await review(deps, token);
    (access.verdict === "allowed" ? allowed : refused).put(hash, access);
    return access;
  };
  return async (token) => {
    const hash = sha256(token);
    const known = allowed.get(hash) ?? refused.get(hash) ?? asking.get(hash);
    if (known !== undefined) return known;
    if (asking.size >= maxAsked) throw new BusyError();
    const answer = ask(hash, token).finally(() => asking.delete(hash));
    asking.set(hash, answer);
    return answer;
  };
};

interface Memory {
  get(hash: string): Access | undefined;
  put(hash: string, access: Access): void;
}

const createMemory = (clock: Pick<Clock, "now">, forMs: number): Memory => {
  const entries = new Map<string, { readonly access: Access; readonly untilMs: number }>();
  return {
    get: (hash) => {
      const entry = entries.get(hash);
      if (entry === undefined || clock.now() < entry.untilMs) return entry?.access;
      entries.delete(hash);
      return undefined;
    },
    put: (hash, access) => {
      entries.delete(hash);
      entries.set(hash, { access, untilMs: clock.now() + forMs });
      const oldest = entries.size > maxRemembered ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
    },
  };
};

interface TokenReview {
  status?: {
    authenticated?: boolean;
    user?: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  };
}
interface SubjectAccessReview {
  status?: { allowed?: boolean };
}

const review = async ({ kube, namespace }: AuthenticateDeps, token: string): Promise<Access> => {
  const { status } = (await kube.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    spec: { token },
  })) as TokenReview;
  const user = status?.user;
  if (status?.authenticated !== true || user?.username === undefined) return { verdict: "unknown" };
  const answer = (await kube.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: user.username,
      uid: user.uid,
      groups: user.groups,
      extra: user.extra,
      resourceAttributes: { namespace, verb: "create", group: GROUP, resource: "remediationrequests" },
    },
  })) as SubjectAccessReview;
  return { verdict: answer.status?.allowed === true ? "allowed" : "forbidden", user: user.username };
};
