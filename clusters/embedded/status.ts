// The server's refusals as metav1.Status, in the words of apimachinery's pkg/api/errors. Never decides what is refused.
import type { ResourceType } from "#api/object.ts";

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, string>>;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** Thrown by whatever refuses; the handler answers with its status. */
export class ApiError extends Error {
  readonly status: Status;
  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = "ApiError";
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      ...(reason === "" ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

type Resource = Pick<ResourceType, "group" | "plural">;

/** `deployments.apps`, or `pods`: how messages name a resource. */
export const qualified = ({ group, plural }: Resource): string => (group === "" ? plural : `${plural}.${group}`);

const detailsOf = ({ group, plural }: Resource, name: string): StatusDetails => ({
  ...(name === "" ? {} : { name }),
  ...(group === "" ? {} : { group }),
  kind: plural,
});

export const notFound = (resource: Resource, name: string): ApiError =>
  new ApiError(404, "NotFound", `${qualified(resource)} "${name}" not found`, detailsOf(resource, name));

/** A path that leads to no resource. */
export const noSuchPath = (): ApiError => new ApiError(404, "NotFound", "the server could not find the requested resource", {});

export const alreadyExists = (resource: Resource, name: string): ApiError =>
  new ApiError(409, "AlreadyExists", `${qualified(resource)} "${name}" already exists`, detailsOf(resource, name));

export const conflict = (resource: Resource, name: string, why: string): ApiError =>
  new ApiError(409, "Conflict", `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`, detailsOf(resource, name));

export const modified = "the object has been modified; please apply your changes to the latest version and try again";

export const badRequest = (message: string): ApiError => new ApiError(400, "BadRequest", message);

export const forbidden = (resource: Resource, name: string, why: string, causes?: readonly StatusCause[]): ApiError =>
  new ApiError(403, "Forbidden", `${qualified(resource)}${name === "" ? "" : ` "${name}"`} is forbidden: ${why}`, {
    ...detailsOf(resource, name),
    ...(causes === undefined ? {} : { causes }),
  });

export const methodNotAllowed = (): ApiError =>
  new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});

export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  new ApiError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );

export const notAcceptable = (offered: readonly string[]): ApiError =>
  new ApiError(406, "NotAcceptable", `only the following media types are accepted: ${offered.join(", ")}`);

export const expired = (message: string): ApiError => new ApiError(410, "Expired", message);

export const tooManyRequests = (message: string, details: StatusDetails): ApiError =>
  new ApiError(429, "TooManyRequests", message, details);

/** A patch that does not fit the object: the one sentence the server has for it. */
export const unprocessable = (): ApiError =>
  new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {});

/** One thing wrong with a field, as field.Error of apimachinery. */
export interface FieldError {
  readonly reason: FieldReason;
  readonly field: string;
  readonly message: string;
}
export type FieldReason =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueDuplicate"
  | "FieldValueTypeInvalid";

const fieldError =
  (reason: FieldReason, title: string) =>
  (field: string, ...texts: readonly string[]): FieldError => ({ reason, field, message: [title, ...texts].filter(Boolean).join(": ") });

/** `(field, detail)` */
export const required = fieldError("FieldValueRequired", "Required value");
export const forbiddenField = fieldError("FieldValueForbidden", "Forbidden");
export const tooLong = fieldError("FieldValueTooLong", "Too long");
export const tooMany = fieldError("FieldValueTooMany", "Too many");

export const invalidValue = (field: string, value: unknown, detail: string): FieldError =>
  fieldError("FieldValueInvalid", "Invalid value")(field, shown(value), detail);
export const unsupportedValue = (field: string, value: unknown, supported: readonly string[]): FieldError =>
  fieldError("FieldValueNotSupported", "Unsupported value")(
    field,
    shown(value),
    `supported values: ${supported.map((item) => JSON.stringify(item)).join(", ")}`,
  );
export const duplicateValue = (field: string, value: unknown): FieldError =>
  fieldError("FieldValueDuplicate", "Duplicate value")(field, shown(value));

/** As Go prints it with %q, or as JSON where it is a list or a record. */
const shown = (value: unknown): string => (value === undefined ? "null" : JSON.stringify(value));

export const invalid = (type: Pick<ResourceType, "group" | "kind">, name: string, errors: readonly FieldError[]): ApiError => {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const kind = type.group === "" ? type.kind : `${type.kind}.${type.group}`;
  return new ApiError(422, "Invalid", `${kind} "${name}" is invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`}`, {
    ...(name === "" ? {} : { name }),
    ...(type.group === "" ? {} : { group: type.group }),
    kind: type.kind,
    causes: errors,
  });
};

export const success = (details: StatusDetails): Status => ({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details });
