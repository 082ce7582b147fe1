// Problem details for HTTP (RFC 9457): the one form in which our services say no. Never carries a stack, a secret or another service's text unredacted.
import { redact } from "#lib/redact.ts";

export interface Problem {
  /** A documented code in kebab-case; `type` is derived from it. */
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  /** What exactly was wrong, by JSON pointer. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  readonly retryAfterSeconds?: number;
  /** What the answer's status calls for, such as `allow` or `www-authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
}

export const problemContentType = "application/problem+json";

/** Thrown inside a handler; the server turns it into its response. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = "ProblemError";
    this.problem = problem;
  }
}

export const problemBody = (problem: Problem): Record<string, unknown> => {
  const { retryAfterSeconds: _retryAfter, headers: _headers, detail, errors, ...rest } = problem;
  return {
    type: `https://kintsugi.dev/problems/${problem.code}`,
    ...rest,
    ...(detail === undefined ? {} : { detail: redact(detail) }),
    ...(errors === undefined
      ? {}
      : {
          errors: errors.map((error) => ({ pointer: error.pointer, detail: redact(error.detail) })),
        }),
  };
};

export const problemResponse = (problem: Problem): Response => {
  const headers: Record<string, string> = { ...problem.headers, "content-type": problemContentType };
  if (problem.retryAfterSeconds !== undefined) headers["retry-after"] = String(Math.ceil(problem.retryAfterSeconds));
  return new Response(JSON.stringify(problemBody(problem)), { status: problem.status, headers });
};
