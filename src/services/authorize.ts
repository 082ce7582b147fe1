// The HTTP side of access: a bearer token in, the caller's name out, or a problem that says what to do. Reads no body.
import { KubeError } from "#kube/errors.ts";
import type { Log } from "#lib/log.ts";
import { ProblemError } from "#lib/problem.ts";
import { type Access, type ReviewAccess, type Right, rightText } from "#services/access.ts";

const bearer = /^bearer +([\x21-\x7e]{1,16384})$/i;

export interface AuthorizeDeps {
  readonly log: Log;
  readonly review: ReviewAccess;
}

export interface Credentials {
  /** The Authorization header. */
  readonly header: string | undefined;
  /** Where the connection comes from. */
  readonly address: string;
}

/** The user name of the caller. Throws a ProblemError: 401, 403, or 503 where the API server cannot be asked. */
export const authorize = async ({ log, review }: AuthorizeDeps, { header, address }: Credentials, right: Right): Promise<string> => {
  const token = bearer.exec(header ?? "")?.[1];
  if (token === undefined) throw unauthenticated("a bearer token is required, for example of a ServiceAccount");
  let access: Access;
  try {
    access = await review({ token, address }, right);
  } catch (error) {
    log.warn("a caller could not be authenticated", { error });
    throw unavailable("the API server could not review the token", retrySeconds(error));
  }
  if (access.verdict === "unknown") throw unauthenticated(`the token is refused: ${access.why}`);
  if (access.verdict === "forbidden") {
    const detail = `${access.user} may not ${rightText(right)}: bind it to a role that allows it`;
    throw new ProblemError({ code: "forbidden", status: 403, title: "Forbidden", detail });
  }
  return access.user;
};

const unauthenticated = (detail: string): ProblemError =>
  new ProblemError({ code: "unauthenticated", status: 401, title: "Not authenticated", detail, headers: { "www-authenticate": "Bearer" } });

export const unavailable = (detail: string, retryAfterSeconds: number): ProblemError =>
  new ProblemError({ code: "unavailable", status: 503, title: "Service unavailable", detail, retryAfterSeconds });

/** As the API server asked for it; else 5 s. */
export const retrySeconds = (error: unknown): number =>
  error instanceof KubeError && error.retryAfterMs !== undefined ? error.retryAfterMs / 1000 : 5;
