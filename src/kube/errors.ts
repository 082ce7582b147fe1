// What can go wrong between us and the API server, in one shape with one classification. Never retries anything itself.
import { JsonPatchError } from "#lib/json-patch.ts";

/**
 * `transient`: the same call may work later. `stalled`: a person or a spec must change first. `rejected`: the call itself is wrong.
 * `bug`: anything we did not foresee.
 */
export type ErrorCode = "transient" | "stalled" | "rejected" | "bug";

export interface KubeErrorDetails {
  /** What was being done, to which object: `patch Deployment shop/web`. */
  readonly doing: string;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** Kubernetes' reason, or ours where there was no answer: Timeout, Connection, TooLarge, Unreadable. */
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
  readonly causes?: readonly StatusCause[];
  /** The error below this one. */
  readonly cause?: unknown;
}

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export class KubeError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly causes: readonly StatusCause[];
  constructor(details: KubeErrorDetails) {
    super(`${details.doing}: ${details.message}`, { cause: details.cause });
    this.name = "KubeError";
    this.status = details.status;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
    this.causes = details.causes ?? [];
    this.code = codeOf(details);
  }
}

/** Thrown by a controller that cannot go on until a person or a spec changes; its condition says so too. */
export class StalledError extends Error {
  readonly code = "stalled";
  constructor(message: string) {
    super(message);
    this.name = "StalledError";
  }
}

const codeOf = (details: KubeErrorDetails): ErrorCode => {
  const { status, reason } = details;
  if (status === 0) return reason === "TooLarge" || reason === "Unreadable" ? "stalled" : "transient";
  // 401: the token may just have been renewed. 409, 410 and a guard that failed: our view is old, look again.
  if (status === 401 || status === 408 || status === 409 || status === 410 || status === 429 || status >= 500) return "transient";
  if (status === 422 && reason === guardFailed) return "transient";
  if (status === 403) return "stalled";
  return "rejected";
};

/** The one classification of everything that can be thrown. */
export const errorCode = (error: unknown): ErrorCode => (error instanceof KubeError || error instanceof StalledError ? error.code : "bug");

const hasStatus = (error: unknown, status: number, reason?: string): error is KubeError =>
  error instanceof KubeError && error.status === status && (reason === undefined || error.reason === reason);

/** An update lost against another writer. An object that exists already is not this. */
export const isConflict = (error: unknown): error is KubeError => hasStatus(error, 409) && error.reason !== "AlreadyExists";
export const isAlreadyExists = (error: unknown): error is KubeError => hasStatus(error, 409, "AlreadyExists");
export const isNotFound = (error: unknown): error is KubeError => hasStatus(error, 404);
export const isForbidden = (error: unknown): error is KubeError => hasStatus(error, 403);
/** The resource version we asked to go on from is no longer kept. */
export const isGone = (error: unknown): error is KubeError => hasStatus(error, 410);
/** The answer has more bytes than the caller takes. */
export const isTooLarge = (error: unknown): error is KubeError => error instanceof KubeError && error.reason === "TooLarge";
export const isTransient = (error: unknown): boolean => errorCode(error) === "transient";

/** A JSON Patch does not fit the object as it is now: a `test` did not hold, or a place it names is not there. Means what 409 means. */
export const isGuardFailed = (error: unknown): boolean =>
  (error instanceof JsonPatchError && error.fault !== "malformed") || hasStatus(error, 422, guardFailed);

const guardFailed = "GuardFailed";

/** The API server answers both with 422 and this one sentence, without a cause; an object that is invalid has causes. */
const patchRefused = /the server rejected our request due to an error in our request$/;

/** The error of a JSON Patch call, distinguished from an object that would be invalid. */
export const errorOfJsonPatch = (doing: string, error: unknown): unknown =>
  hasStatus(error, 422) && error.causes.length === 0 && patchRefused.test(error.message)
    ? new KubeError({
        doing,
        status: 422,
        reason: guardFailed,
        message: "the object has changed: a test of the patch failed",
        cause: error,
      })
    : error;

/** A `Status` object as the API server answers and as it sends in a watch. */
export interface Status {
  readonly kind?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
}

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  410: "Expired",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** An answer that is not a success. The body may be a Status, or whatever a proxy in between had to say. */
export const errorOfAnswer = (doing: string, status: number, body: string, retryAfterMs: number | undefined): KubeError => {
  const answer = readStatus(body);
  return errorOfStatus(
    doing,
    {
      ...answer,
      code: status,
      message: answer?.message ?? (body.slice(0, 300).trim() || `HTTP ${status}`),
    },
    retryAfterMs,
  );
};

export const errorOfStatus = (doing: string, answer: Status, retryAfterMs?: number): KubeError => {
  const status = answer.code ?? 500;
  const seconds = answer.details?.retryAfterSeconds;
  return new KubeError({
    doing,
    status,
    reason: answer.reason || (reasons[status] ?? "Unknown"),
    message: answer.message ?? `HTTP ${status}`,
    retryAfterMs: retryAfterMs ?? (seconds === undefined || seconds <= 0 ? undefined : seconds * 1000),
    causes: answer.details?.causes ?? [],
  });
};

const readStatus = (body: string): Status | undefined => {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status" ? (value as Status) : undefined;
  } catch {
    return undefined;
  }
};
