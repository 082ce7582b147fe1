// The reads of one collection: each is counted, bounded and trimmed as it comes in; what fails becomes a gap. Never throws for a single read.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { KubeObject, Key, ResourceType } from "#api/object.ts";
import { keyText, referenceText } from "#api/object.ts";
import { collectionText } from "#kube/resource-path.ts";
import type { CallOptions, Kube } from "#kube/client.ts";
import { isForbidden, KubeError } from "#kube/errors.ts";
import type { Budget } from "#evidence/budget.ts";
import { createGaps, type Gaps } from "#evidence/gaps.ts";
import type { ReadList } from "#evidence/evidence.ts";
import type { KindToRead } from "#evidence/kinds-read.ts";
import { knownSecrets, withoutKnownIn } from "#evidence/known-secrets.ts";
import { createTrim } from "#evidence/trim.ts";

/** The part of the API server that a collection reads. */
export type ClusterReader = Pick<Kube, "get" | "pages" | "logs" | "request">;

export interface GatherOptions {
  readonly budget: Budget;
  readonly callTimeoutMs: number;
  readonly pageSize: number;
  /** Of one answer. */
  readonly answerBytes: number;
  /** Of one kind. */
  readonly maxObjects: number;
  readonly progress?: ((seen: { readonly objects: number; readonly calls: number }) => void) | undefined;
}

export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export type Extent = "all" | "some" | "none";

export interface Gather {
  readonly gaps: Gaps;
  readonly read: readonly ReadList[];
  /** Read so far, of any kind, trimmed. */
  objects(): readonly KubeObject[];
  of<T extends KubeObject>(type: ResourceType<T>, namespace?: string): readonly T[];
  find<T extends KubeObject>(type: ResourceType<T>, key: Key): T | undefined;
  hasRead(type: ResourceType, namespace?: string): boolean;
  /** All of a kind, of a namespace or a selection, as far as the budget goes. */
  list(kind: KindToRead, selection?: Selection): Promise<Extent>;
  /** The same, handed over as it comes instead of kept. */
  each(kind: KindToRead, selection: Selection, keep: (item: KubeObject) => void): Promise<Extent>;
  /** What made the whole list of a kind fail. */
  errorOf(type: ResourceType): unknown;
  /** Undefined: absent, or unread and a gap. */
  get(type: ResourceType, key: Key): Promise<"found" | "absent" | "unread">;
  /** Words of a pod's own environment that must not be repeated from what it says. */
  secretsOf(namespace: string | undefined, pod: string): readonly string[];
  /** The work's answer, or undefined and a gap. */
  tryTo<T>(doing: string, work: (options: CallOptions) => Promise<T>): Promise<T | undefined>;
}

/** Of a page, redacted without a break: a fraction of a second at worst. */
const bytesAtOnce = 256 * 1024;

const podKey = (namespace: string | undefined, name: string): string => `${namespace ?? ""}/${name}`;

/** The last words of a container are in its pod's status. */
const withoutKnownStatus = (object: KubeObject, known: readonly string[]): KubeObject => {
  const { status } = object as { status?: unknown };
  return known.length === 0 ? object : ({ ...object, status: withoutKnownIn(status, known) } as KubeObject);
};

export const createGather = (reader: ClusterReader, options: GatherOptions): Gather => {
  const { budget, callTimeoutMs, maxObjects } = options;
  const trim = createTrim();
  const gaps = createGaps();
  const kept = new Map<string, KubeObject>();
  const byKind = new Map<string, Map<string, KubeObject>>();
  const read: ReadList[] = [];
  const errors = new Map<string, unknown>();
  const call = (): CallOptions => ({ timeoutMs: callTimeoutMs, signal: budget.signal });

  const secrets = new Map<string, readonly string[]>();
  const keep = (object: KubeObject): void => {
    const known = knownSecrets(object);
    if (known.length > 0) secrets.set(podKey(object.metadata.namespace, object.metadata.name), known);
    const trimmed = trim(withoutKnownStatus(object, known));
    const key = keyText(trimmed.metadata.namespace === undefined ? { name: trimmed.metadata.name } : (trimmed.metadata as Key));
    const ofKind = byKind.get(trimmed.kind) ?? new Map<string, KubeObject>();
    byKind.set(trimmed.kind, ofKind.set(key, trimmed));
    kept.set(`${trimmed.apiVersion} ${trimmed.kind} ${key}`, trimmed);
  };
  const report = (): void => options.progress?.({ objects: kept.size, calls: budget.calls });

  const each: Gather["each"] = async (kind, selection, take) => {
    const type = kind.type;
    const doing = `list ${collectionText(type, selection.namespace)}`;
    let count = 0;
    const stopped = budget.take();
    if (stopped !== undefined) return (gaps.add(doing, stopped), "none");
    try {
      const scope = {
        ...selection,
        pageSize: kind.pageSize === undefined ? options.pageSize : Math.min(options.pageSize, kind.pageSize),
        maxBytes: options.answerBytes,
        ...(kind.part === undefined ? {} : { part: kind.part }),
      };
      for await (const page of reader.pages(type, scope, call())) {
        budget.spend(page.bytes);
        const itemsAtOnce = Math.max(1, Math.floor((page.items.length * bytesAtOnce) / Math.max(1, page.bytes)));
        for (let at = 0; at < page.items.length; at += itemsAtOnce) {
          // A page of megabytes is redacted in pieces, so that requests and probes are answered in between.
          if (at > 0) await nextTurn();
          for (const item of page.items.slice(at, at + itemsAtOnce)) take(item);
        }
        count += page.items.length;
        report();
        if (page.isLast) return "all";
        const enough = count >= maxObjects ? `${count} are enough` : budget.take();
        if (enough !== undefined) {
          gaps.add(doing, `${page.remaining ?? 1} or more were left out: ${enough}`);
          return "some";
        }
      }
      return "all";
    } catch (error) {
      // A kind that the server does not serve has no objects.
      if (error instanceof KubeError && error.status === 404) return "all";
      if (kind.mayBeForbidden === true && isForbidden(error)) return "none";
      gaps.addError(doing, error, budget.signal);
      errors.set(type.kind, error);
      return count === 0 ? "none" : "some";
    }
  };

  return {
    secretsOf: (namespace, pod) => secrets.get(podKey(namespace, pod)) ?? [],
    gaps,
    read,
    objects: () => [...kept.values()],
    of: <T extends KubeObject>(type: ResourceType<T>, namespace?: string) => {
      const found = [...(byKind.get(type.kind)?.values() ?? [])] as T[];
      return namespace === undefined ? found : found.filter((object) => object.metadata.namespace === namespace);
    },
    find: <T extends KubeObject>(type: ResourceType<T>, key: Key) => byKind.get(type.kind)?.get(keyText(key)) as T | undefined,
    hasRead: (type, namespace) =>
      read.some((list) => list.kind === type.kind && (list.namespace === undefined || list.namespace === namespace)),
    each,
    errorOf: (type) => errors.get(type.kind),
    list: async (kind, selection = {}) => {
      const got = await each(kind, selection, keep);
      const isWhole = selection.labelSelector === undefined && selection.fieldSelector === undefined;
      if (got === "all" && isWhole)
        read.push({ kind: kind.type.kind, ...(selection.namespace === undefined ? {} : { namespace: selection.namespace }) });
      return got;
    },
    get: async (type, key) => {
      const doing = `read ${referenceText({ kind: type.kind, ...key })}`;
      const stopped = budget.take();
      if (stopped !== undefined) return (gaps.add(doing, stopped), "unread");
      try {
        const object = await reader.get(type, key, call());
        if (object === undefined) return "absent";
        keep({ ...object, kind: type.kind });
        return "found";
      } catch (error) {
        gaps.addError(doing, error, budget.signal);
        return "unread";
      }
    },
    tryTo: async (doing, work) => {
      const stopped = budget.take();
      if (stopped !== undefined) return (gaps.add(doing, stopped), undefined);
      try {
        return await work(call());
      } catch (error) {
        gaps.addError(doing, error, budget.signal);
        return undefined;
      }
    },
  };
};
