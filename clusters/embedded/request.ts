// What a call asks for, as the server's RequestInfo has it: verb, resource, namespace, name, subresource. Reads the line and the headers; decides nothing.
import { invalid, unsupportedValue } from "#embedded/status.ts";

export interface ApiRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: string;
}

export interface Target {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

export const headerOf = (request: Pick<ApiRequest, "headers">, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === "string" ? value : value?.[0];
};

export const headersOf = (request: Pick<ApiRequest, "headers">, name: string): readonly string[] => {
  const value = request.headers[name];
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
};

/** `dryRun=All` is the only value there is. */
export const isDryRun = (query: URLSearchParams, options?: unknown): boolean => {
  const values = [...query.getAll("dryRun"), ...(Array.isArray(options) ? (options as unknown[]) : [])].filter((value) => value !== "");
  if (values.some((value) => value !== "All"))
    throw invalid({ group: "meta.k8s.io", kind: "CreateOptions" }, "", [unsupportedValue("dryRun", values, ["All"])]);
  return values.length > 0;
};

/** Undefined where the path is none of a resource. */
export const targetOf = (method: string, pathname: string, query: URLSearchParams): Target | undefined => {
  const segments = pathname.split("/").filter((segment) => segment !== "");
  const isCore = segments[0] === "api" && segments.length >= 3;
  const isGroup = segments[0] === "apis" && segments.length >= 4;
  if (!isCore && !isGroup) return undefined;
  const group = isCore ? "" : (segments[1] ?? "");
  const version = segments[isCore ? 1 : 2] ?? "";
  const rest = segments.slice(isCore ? 2 : 3).map((segment) => decodeURIComponent(segment));
  const place = placeOf(rest);
  return { ...place, group, version, verb: verbOf(method, place.name, query) };
};

type Place = Pick<Target, "plural" | "namespace" | "name" | "subresource">;

/** `namespaces/x/status` and `namespaces/x/finalize` are of the namespace itself; everything else behind a namespace lies in it. */
const placeOf = (segments: readonly string[]): Place => {
  const [first = "", second, third] = segments;
  if (first === "namespaces" && second !== undefined && third !== undefined && third !== "status" && third !== "finalize")
    return named(third, second, segments.slice(3));
  if (first === "namespaces" && second !== undefined) return { ...named(first, undefined, segments.slice(1)), namespace: second };
  return named(first, undefined, segments.slice(1));
};

const named = (plural: string, namespace: string | undefined, [name, ...sub]: readonly string[]): Place => ({
  plural,
  ...(namespace === undefined ? {} : { namespace }),
  ...(name === undefined ? {} : { name }),
  ...(sub.length === 0 ? {} : { subresource: sub.join("/") }),
});

const verbOf = (method: string, name: string | undefined, query: URLSearchParams): string => {
  const ofAll = name === undefined;
  if (method === "GET" || method === "HEAD") return isTrue(query.get("watch")) ? "watch" : ofAll ? "list" : "get";
  if (method === "DELETE") return ofAll ? "deletecollection" : "delete";
  return verbs[method] ?? method.toLowerCase();
};
const verbs: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch" };

export const isTrue = (value: string | null): boolean => value !== null && value !== "" && value !== "false" && value !== "0";
