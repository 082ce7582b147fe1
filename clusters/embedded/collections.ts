// Lists and watches: pages from one revision, streams from a revision on. After apiserver's storage/etcd3 and storage/cacher. Never writes.
import type { Clock } from "#lib/clock.ts";
import { apiVersionOf } from "#api/object.ts";
import { type Stored, recordOf, without } from "#embedded/json.ts";
import { keyOf } from "#embedded/object-store.ts";
import { isTrue } from "#embedded/request.ts";
import { type Resource, storageKeyOf } from "#embedded/resources.ts";
import { type Matcher, parseFieldSelector, parseLabelSelector } from "#embedded/selectors.ts";
import { ApiError, badRequest, expired } from "#embedded/status.ts";
import type { ServerContext } from "#embedded/server-context.ts";

export interface CollectionScope {
  readonly resource: Resource;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly query: URLSearchParams;
}

export const matcherOf = ({ resource, namespace, name, query }: CollectionScope): Matcher => {
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const fields = parseFieldSelector(query.get("fieldSelector") ?? "", resource);
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    labels(recordOf(object.metadata.labels)) &&
    fields(object);
};

interface Continue {
  readonly revision: number;
  readonly after: string;
}
const encodeContinue = ({ revision, after }: Continue): string =>
  Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: after })).toString("base64url");

const decodeContinue = (text: string): Continue => {
  try {
    const token = recordOf(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
    if (token["v"] === "meta.k8s.io/v1" && typeof token["rv"] === "number" && typeof token["start"] === "string")
      return { revision: token["rv"], after: token["start"] };
  } catch {
    // A token that cannot be read is refused below.
  }
  throw badRequest("continue key is not valid: illegal base64 data at input byte 0");
};

export interface Listed {
  readonly items: readonly Stored[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number };
}

export const listObjects = (server: ServerContext, scope: CollectionScope): Listed => {
  const { query, resource } = scope;
  const { store } = server;
  const fits = matcherOf(scope);
  const limit = Number(query.get("limit") ?? 0);
  const token = query.get("continue") ?? "";
  const from = token === "" ? undefined : decodeContinue(token);
  const exact = query.get("resourceVersionMatch") === "Exact" ? Number(query.get("resourceVersion")) : undefined;
  const revision = from === undefined ? (exact ?? store.revision) : from.revision === -1 ? store.revision : from.revision;
  checkVersion(store.revision, query.get("resourceVersion") ?? "");
  if (revision < store.compacted) {
    const later = from === undefined ? "" : encodeContinue({ revision: -1, after: from.after });
    throw tooOld(later);
  }
  const inScope = store
    .list(storageKeyOf(resource), revision)
    .filter((object) => scope.namespace === undefined || object.metadata.namespace === scope.namespace)
    .filter((object) => from === undefined || keyOf(object) > from.after);
  const selected = inScope.filter(fits);
  const page = limit > 0 ? selected.slice(0, limit) : selected;
  const last = page.at(-1);
  const isMore = page.length < selected.length && last !== undefined;
  const isSelection = (query.get("labelSelector") ?? "") !== "" || (query.get("fieldSelector") ?? "") !== "";
  return {
    items: page,
    metadata: {
      resourceVersion: String(revision),
      ...(isMore ? { continue: encodeContinue({ revision, after: keyOf(last) }) } : {}),
      ...(isMore && !isSelection ? { remainingItemCount: selected.length - page.length } : {}),
    },
  };
};

const tooOld = (next: string): ApiError => {
  const error = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  Object.assign(error.status.metadata, next === "" ? {} : { continue: next });
  return error;
};

const unparsable = (text: string): string => `${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;

/** A number that this server has reached. */
const checkVersion = (current: number, text: string): void => {
  if (text === "") return;
  if (!/^\d+$/.test(text)) throw badRequest(`Invalid value: ${unparsable(text)}`);
  if (Number(text) > current)
    throw new ApiError(504, "Timeout", `Timeout: Too large resource version: ${text}, current: ${current}`, {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    });
};

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}
export interface WatchSink {
  event(event: WatchEvent): void;
  end(): void;
}
/** Starts the events; the returned function stops them. */
export type WatchStream = (sink: WatchSink) => () => void;

const bookmarkMs = 60_000;
const defaultTimeoutMs = 30 * 60_000;

export const watchObjects = (server: ServerContext, scope: CollectionScope): WatchStream => {
  const { query, resource } = scope;
  const { store, clock } = server;
  const fits = matcherOf(scope);
  const text = query.get("resourceVersion") ?? "";
  if (!/^\d*$/.test(text)) throw new ApiError(500, "", `resourceVersion: Invalid value: ${unparsable(text)}`);
  checkVersion(store.revision, text);
  const startsNow = text === "" || text === "0";
  const since = startsNow ? store.revision : Number(text);
  const wantsBookmarks = isTrue(query.get("allowWatchBookmarks"));
  const timeoutMs = query.get("timeoutSeconds") === null ? defaultTimeoutMs : Number(query.get("timeoutSeconds")) * 1000;
  const apiVersion = apiVersionOf(resource);
  const bookmark = (): WatchEvent => ({
    type: "BOOKMARK",
    object: { kind: resource.kind, apiVersion, metadata: { resourceVersion: String(store.revision), creationTimestamp: null } },
  });

  return (sink) => {
    if (since < store.compacted && !startsNow) {
      sink.event({ type: "ERROR", object: expired(`too old resource version: ${since} (${store.compacted})`).status });
      sink.end();
      return () => {};
    }
    const report = (change: { type: "ADDED" | "MODIFIED" | "DELETED"; object: Stored; previous?: Stored }): void => {
      const before = change.previous !== undefined && fits(change.previous);
      const after = change.type !== "DELETED" && fits(change.object);
      if (after) sink.event({ type: before ? "MODIFIED" : "ADDED", object: change.object });
      else if (before) {
        // An object that leaves the selection is reported in its last matching state, with the version of the change.
        const last = change.type === "DELETED" ? change.object : (change.previous ?? change.object);
        const metadata = { ...last.metadata, resourceVersion: change.object.metadata.resourceVersion };
        sink.event({ type: "DELETED", object: { ...last, metadata } });
      }
    };
    const storageKey = storageKeyOf(resource);
    if (startsNow) for (const object of store.list(storageKey)) if (fits(object)) sink.event({ type: "ADDED", object: object });
    if (!startsNow) for (const change of store.changesAfter(since, storageKey)) report(change);
    const stopListening = store.onChange((change) => {
      if (change.storageKey === storageKey) report(change);
    });
    const stops = new Set<() => void>([stopListening]);
    const stop = (): void => {
      for (const each of stops) each();
      stops.clear();
    };
    if (wantsBookmarks) stops.add(every(clock, bookmarkMs, () => sink.event(bookmark())));
    stops.add(
      clock.after(timeoutMs, () => {
        stop();
        if (wantsBookmarks) sink.event(bookmark());
        sink.end();
      }),
    );
    return stop;
  };
};

const every = (clock: Clock, ms: number, tick: () => void): (() => void) => {
  let stop = clock.after(ms, function again() {
    tick();
    stop = clock.after(ms, again);
  });
  return () => stop();
};

/** Items of built-in lists carry neither kind nor apiVersion; those of custom ones do. */
export const listBody = (resource: Resource, listed: Listed): Record<string, unknown> => ({
  kind: `${resource.kind}List`,
  apiVersion: apiVersionOf(resource),
  metadata: listed.metadata,
  items: listed.items.map((item) => (resource.storage === "custom" ? item : without(item, "kind", "apiVersion"))),
});
