// Follows one collection: a paged list, then a watch from there, for ever. Ends only when the signal is aborted; closes every gap with a new list.
import { apiVersionOf, type KubeObject, type ResourceType } from "#api/object.ts";
import type { CallOptions, ListWatchOptions, PageScope, Scope, Seen } from "#kube/client.ts";
import { KubeError, type Status, errorOfStatus, isGone } from "#kube/errors.ts";
import { collectionText, resourcePath } from "#kube/resource-path.ts";
import { listPages } from "#kube/list-pages.ts";
import { type TransportDeps, type Transport, errorOfHttp } from "#kube/transport.ts";
import { type Backoff, backoffDelay } from "#lib/backoff.ts";
import { delay } from "#lib/clock.ts";
import { HttpError } from "#lib/http-client.ts";

/** The API server sends a bookmark every minute, whatever happens: longer silence means that the connection is dead. */
const silenceMs = 75_000;
const minWatchSeconds = 300;
const maxWatchSeconds = 600;
/** A watch that ends sooner than this was not one. */
const shortestWatchMs = 1_000;
const resumeBackoff: Backoff = { firstMs: 200, maxMs: 30_000 };
/** After so many failures in a row the version itself is suspect: the server may have lost or restored its data. */
const failuresUntilRelist = 5;
const maxLineBytes = 16 * 1024 * 1024;
/** Of one page of a list, as text: parsed it takes several times as much. Pages that would be larger are asked for in smaller ones. */
const maxPageBytes = 16 * 1024 * 1024;

interface Listed<T> {
  readonly items: T[];
  readonly resourceVersion: string;
}

export const listAll = async <T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  scope: PageScope,
  options: CallOptions = {},
): Promise<Listed<T>> => {
  return listTaken(transport, type, scope, options, (object) => object);
};

/** Drops each page once its objects are taken. */
const listTaken = async <T extends KubeObject, V>(
  transport: Transport,
  type: ResourceType<T>,
  scope: PageScope,
  options: CallOptions,
  take: (object: T) => V,
): Promise<Listed<V>> => {
  let items: V[] = [];
  let resourceVersion = "";
  for await (const page of listPages(transport, type, scope, options)) {
    if (page.isFirst) items = [];
    for (const item of page.items) items.push(take(item));
    resourceVersion = page.resourceVersion;
  }
  return { items, resourceVersion };
};

export async function* listWatch<T extends KubeObject, V extends KubeObject = T>(
  transport: Transport,
  deps: TransportDeps,
  type: ResourceType<T>,
  scope: Scope,
  signal: AbortSignal,
  options: ListWatchOptions<T, V> = {},
): AsyncGenerator<Seen<V>, void> {
  // Without `take`, V is T.
  const take = options.take ?? ((object: T): V => object as unknown as V);
  let resourceVersion: string | undefined;
  let failures = 0;
  const works = (): void => {
    opened();
    failures = 0;
  };
  const opened = (): void => {
    if (failures > 0) options.onTrouble?.(undefined);
  };
  const failed = async (trouble: KubeError): Promise<void> => {
    failures += 1;
    options.onTrouble?.(trouble);
    if (failures % failuresUntilRelist === 0) resourceVersion = undefined;
    await delay(deps.clock, Math.max(backoffDelay(resumeBackoff, failures, deps.random), trouble.retryAfterMs ?? 0), signal).catch(
      () => {},
    );
  };

  while (!signal.aborted) {
    if (resourceVersion === undefined) {
      let listed: Listed<V>;
      try {
        const page = options.pageSize === undefined ? {} : { pageSize: options.pageSize };
        const all: PageScope = { ...scope, ...partOf(options), ...page, maxBytes: maxPageBytes, shrinks: true };
        listed = await listTaken(transport, type, all, { signal }, (object) => take(object, "listed"));
      } catch (error) {
        if (signal.aborted) return;
        await failed(asKubeError(`list ${collectionText(type, scope.namespace)}`, error));
        continue;
      }
      resourceVersion = listed.resourceVersion;
      // Not yet `works`: a list that succeeds and a watch that always fails would otherwise follow each other without a pause.
      opened();
      yield { kind: "synced", items: listed.items, resourceVersion };
    }
    const startedAt = deps.clock.now();
    try {
      for await (const event of watchOnce(transport, deps, type, { ...scope, ...partOf(options) }, resourceVersion, signal, opened)) {
        if (event.type === "ERROR") throw errorOfStatus(`watch ${collectionText(type, scope.namespace)}`, event.object as Status);
        works();
        const object = event.object as T;
        resourceVersion = object.metadata.resourceVersion;
        if (event.type === "BOOKMARK") continue;
        const kind = event.type === "DELETED" ? "deleted" : "applied";
        yield { kind, object: take(options.part === undefined ? object : metadataOf(type, object), kind) };
      }
      if (signal.aborted) return;
      if (deps.clock.now() - startedAt >= shortestWatchMs) works();
      else
        await failed(
          new KubeError({
            doing: `watch ${collectionText(type, scope.namespace)}`,
            status: 0,
            reason: "Connection",
            message: "the stream ended at once",
          }),
        );
    } catch (error) {
      if (signal.aborted) return;
      const first = failures === 0;
      if (isGone(error)) resourceVersion = undefined;
      // A version that is too old is ordinary after a long silence; twice in a row it is a fault like any other.
      if (isGone(error) && first) failures = 1;
      else await failed(asKubeError(`watch ${collectionText(type, scope.namespace)}`, error));
    }
  }
}

const acceptMetadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

const partOf = ({ part }: Pick<ListWatchOptions, "part">): Pick<PageScope, "part"> => (part === undefined ? {} : { part });

/** A server that knows no such form of an event sends all: what was not asked for is not kept. */
const metadataOf = <T extends KubeObject>(type: ResourceType<T>, { metadata }: T): T =>
  ({ apiVersion: apiVersionOf(type), kind: type.kind, metadata }) as T;

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}

/** One watch: ends when the server ends it or says nothing for too long, throws when it breaks. */
async function* watchOnce(
  transport: Transport,
  deps: TransportDeps,
  type: ResourceType,
  scope: Pick<PageScope, keyof Scope | "part">,
  resourceVersion: string,
  signal: AbortSignal,
  opened: () => void,
): AsyncGenerator<WatchEvent, void> {
  const doing = `watch ${collectionText(type, scope.namespace)}`;
  const timeoutSeconds = Math.round(minWatchSeconds + (maxWatchSeconds - minWatchSeconds) * deps.random());
  const query = {
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion,
    timeoutSeconds,
    labelSelector: scope.labelSelector,
    fieldSelector: scope.fieldSelector,
  };
  const stream = await transport.stream({
    doing,
    method: "GET",
    path: resourcePath(type, scope.namespace),
    query,
    signal,
    ...(scope.part === undefined ? {} : { accept: acceptMetadata }),
  });
  opened();
  let silent = false;
  const onSilence = (): void => {
    silent = true;
    stream.close();
  };
  let stopTimer = deps.clock.after(silenceMs, onSilence);
  try {
    for await (const line of linesOf(stream.chunks)) {
      stopTimer();
      stopTimer = deps.clock.after(silenceMs, onSilence);
      yield readEvent(doing, line);
    }
  } catch (error) {
    // A silence is ended by us, on purpose: simply resumed.
    if (!silent) throw error;
  } finally {
    stopTimer();
    stream.close();
  }
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      const line = Buffer.concat(parts).toString("utf8");
      parts = [];
      bytes = 0;
      start = end + 1;
      if (line.trim() !== "") yield line;
    }
    const rest = chunk.subarray(start);
    parts.push(rest);
    bytes += rest.byteLength;
    if (bytes > maxLineBytes) throw new HttpError("too-large", `one event is larger than ${maxLineBytes} bytes`);
  }
  // What is left was cut off in the middle of a line: the stream broke, whatever the connection says.
  if (bytes > 0) throw new HttpError("connection", "the stream was cut in the middle of an event");
}

const readEvent = (doing: string, line: string): WatchEvent => {
  try {
    const event = JSON.parse(line) as WatchEvent;
    if (typeof event.type === "string" && typeof event.object === "object" && event.object !== null) return event;
  } catch {
    // reported below
  }
  throw new KubeError({ doing, status: 502, reason: "Unreadable", message: "an event is not JSON" });
};

const asKubeError = (doing: string, error: unknown): KubeError => {
  if (error instanceof KubeError) return error;
  if (error instanceof HttpError) return errorOfHttp(doing, "", error);
  return new KubeError({
    doing,
    status: 0,
    reason: "Connection",
    message: error instanceof Error ? error.message : String(error),
    cause: error,
  });
};
