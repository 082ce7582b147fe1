// What goes over the wire: bodies in JSON and YAML, the kinds of patch, what a caller accepts. Reads; decides nothing.
import { parse as parseYaml } from "yaml";

import { type JsonRecord, isRecord, recordOf } from "#embedded/json.ts";
import { jsonPatched, mergePatched, strategicPatched } from "#embedded/patches.ts";
import { type ApiRequest, headerOf } from "#embedded/request.ts";
import type { Resource } from "#embedded/resources.ts";
import type { Schema } from "#embedded/schema.ts";
import { ApiError, badRequest, notAcceptable, unsupportedMediaType } from "#embedded/status.ts";

export const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

const protobuf = "application/vnd.kubernetes.protobuf";
const offered = ["application/json", "application/yaml", protobuf];
const noProtobuf =
  "this cluster in one process reads JSON and YAML, no protobuf: with kubectl, add --dry-run=client -o yaml to the command and pipe it into kubectl apply -f -";

export const checkAccept = (request: ApiRequest): void => {
  const accept = headerOf(request, "accept") ?? "*/*";
  const isOffered = accept
    .split(",")
    .some((part) => ["application/json", "application/*", "*/*"].includes(part.split(";")[0]?.trim() ?? ""));
  if (!isOffered) throw notAcceptable(offered);
};

export const mediaTypeOf = (request: ApiRequest): string =>
  (headerOf(request, "content-type") ?? "application/json").split(";")[0]?.trim() ?? "";

export const bodyOf = (request: ApiRequest): JsonRecord => {
  const type = mediaTypeOf(request);
  const text = request.body ?? "";
  if (type === "application/yaml" || type === patchTypes.apply) return recordOf(yaml(text));
  // Only the types of Go can read it. kubectl sends it for objects that it makes itself.
  if (type === protobuf) throw new ApiError(415, "UnsupportedMediaType", noProtobuf);
  if (type !== "application/json" && !type.endsWith("+json")) throw unsupportedMediaType(offered);
  const value = parsedJson(text);
  return isRecord(value) ? value : (value as JsonRecord);
};

const yaml = (text: string): unknown => {
  try {
    return parseYaml(text) as unknown;
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badRequest("couldn't get version/kind; json parse error: unexpected end of JSON input");
  }
};

export const patchOf = (resource: Resource, schema: Schema, type: string, request: ApiRequest): ((old: JsonRecord) => unknown) => {
  const accepted = Object.values(patchTypes).filter((each) => each !== patchTypes.strategic || resource.storage === "builtin");
  if (!accepted.includes(type)) throw new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type");
  const patch = parsedJson(request.body ?? "");
  if (type === patchTypes.json) return (old) => jsonPatched(old, patch);
  if (!isRecord(patch))
    throw badRequest("error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}");
  if (type === patchTypes.merge) return (old) => mergePatched(old, patch);
  return (old) => strategicPatched(schema, old, patch);
};
