// The user of a request: bearer tokens of service accounts (TokenRequest), impersonation, anonymous. Follows staging/src/k8s.io/apiserver's authenticators.
import { createHmac } from "node:crypto";

import type { Clock, Random } from "#lib/clock.ts";
import { type JsonRecord, type Stored, at, recordOf, textOf } from "#embedded/json.ts";
import { type ApiRequest, headerOf, headersOf } from "#embedded/request.ts";
import { newUid } from "#embedded/random-text.ts";

export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The user of `adminToken`. */
export const adminName = "kubernetes-admin";

export const anonymous: User = { username: "system:anonymous", groups: ["system:unauthenticated"] };
export const issuer = "https://kubernetes.default.svc.cluster.local";

export interface TokenIssue {
  readonly namespace: string;
  readonly account: string;
  readonly accountUid: string;
  readonly audiences: readonly string[];
  readonly seconds: number;
  readonly pod?: { readonly name: string; readonly uid: string };
}

export interface Identities {
  readonly adminToken: string;
  /** Undefined for a token that is not good. Says nothing of impersonation. */
  userOf(request: ApiRequest): User | undefined;
  userOfToken(token: string, audiences?: readonly string[]): User | undefined;
  /** Those of the given audiences that the token is for. Says nothing of whether it is good. */
  audiencesOfToken(token: string, among: readonly string[]): readonly string[];
  issue(issue: TokenIssue): { readonly token: string; readonly expiresAtMs: number };
}

export interface IdentityDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly account: (namespace: string, name: string) => Stored | undefined;
  readonly pod: (namespace: string, name: string) => Stored | undefined;
}

const maxVerified = 1_000;

export const accountUser = (namespace: string, name: string, uid: string): User => ({
  username: `system:serviceaccount:${namespace}:${name}`,
  ...(uid === "" ? {} : { uid }),
  groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
});

export const createIdentities = (deps: IdentityDeps): Identities => {
  const secret = newUid(deps.random);
  const adminToken = `admin-${newUid(deps.random)}`;
  const admin: User = { username: adminName, groups: ["system:masters", "system:authenticated"] };
  const sign = (text: string): string => createHmac("sha256", secret).update(text).digest("base64url");
  /** Claims of tokens whose signature was found to be good: every request brings the same few again. Times and accounts are looked at each time. */
  const verified = new Map<string, JsonRecord>();
  const claimsOf = (token: string): JsonRecord | undefined => {
    const known = verified.get(token);
    if (known !== undefined) return known;
    const [header = "", payload = "", signature = ""] = token.split(".");
    if (signature === "" || sign(`${header}.${payload}`) !== signature) return undefined;
    const claims = recordOf(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
    if (verified.size >= maxVerified) verified.clear();
    verified.set(token, claims);
    return claims;
  };

  const userOfToken = (token: string, audiences: readonly string[] = [issuer]): User | undefined => {
    if (token === adminToken) return admin;
    const claims = claimsOf(token);
    if (claims === undefined) return undefined;
    if (Number(claims["exp"]) * 1000 <= deps.clock.now()) return undefined;
    if (!(claims["aud"] as string[]).some((audience) => audiences.includes(audience))) return undefined;
    const bound = recordOf(claims["kubernetes.io"]);
    const namespace = textOf(bound["namespace"]);
    const account = deps.account(namespace, textOf(at(bound, "serviceaccount", "name")));
    const uid = textOf(at(bound, "serviceaccount", "uid"));
    if (account === undefined || account.metadata.uid !== uid) return undefined;
    const podName = textOf(at(bound, "pod", "name"));
    const podUid = textOf(at(bound, "pod", "uid"));
    if (podName !== "" && deps.pod(namespace, podName)?.metadata.uid !== podUid) return undefined;
    const extra = {
      "authentication.kubernetes.io/credential-id": [`JTI=${textOf(claims["jti"])}`],
      ...(podName === "" ? {} : { "authentication.kubernetes.io/pod-name": [podName], "authentication.kubernetes.io/pod-uid": [podUid] }),
    };
    return { ...accountUser(namespace, account.metadata.name, uid), extra };
  };

  return {
    adminToken,
    userOfToken,
    audiencesOfToken: (token, among) =>
      token === adminToken ? among : among.filter((audience) => (claimsOf(token)?.["aud"] as string[] | undefined)?.includes(audience)),
    userOf: (request) => {
      const authorization = headerOf(request, "authorization");
      if (authorization === undefined) return anonymous;
      const token = /^Bearer (.+)$/i.exec(authorization)?.[1];
      return token === undefined ? undefined : userOfToken(token);
    },
    issue: ({ namespace, account, accountUid, audiences, seconds, pod }) => {
      const now = Math.floor(deps.clock.now() / 1000);
      const claims = {
        aud: audiences,
        exp: now + seconds,
        iat: now,
        iss: issuer,
        jti: newUid(deps.random),
        "kubernetes.io": { namespace, serviceaccount: { name: account, uid: accountUid }, ...(pod === undefined ? {} : { pod }) },
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${account}`,
      };
      const text = [{ alg: "HS256", typ: "JWT" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
      return { token: `${text}.${sign(text)}`, expiresAtMs: (now + seconds) * 1000 };
    },
  };
};

/** The user that the caller impersonates. */
export const impersonated = (request: ApiRequest): User | undefined => {
  const username = headerOf(request, "impersonate-user");
  if (username === undefined) return undefined;
  const groups = headersOf(request, "impersonate-group").flatMap((value) => value.split(/,\s*/));
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username);
  if (account !== null && groups.length === 0) return accountUser(account[1] ?? "", account[2] ?? "", "");
  const always = username === "system:anonymous" ? "system:unauthenticated" : "system:authenticated";
  return { username, groups: groups.includes(always) ? groups : [...groups, always] };
};
