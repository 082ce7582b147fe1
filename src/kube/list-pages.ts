// One collection, page by page. Restarts by itself where the server no longer keeps the version that it began with; asks for fewer objects where a page is too large.
import { type KubeObject, type ResourceType, apiVersionOf } from "#api/object.ts";
import type { CallOptions, Page, PageScope } from "#kube/client.ts";
import { isGone, isTooLarge } from "#kube/errors.ts";
import { collectionText, resourcePath } from "#kube/resource-path.ts";
import { parsedAnswer, type Transport } from "#kube/transport.ts";

const defaultPageSize = 500;

const acceptOf = {
  metadata: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
} as const;

interface ListAnswer {
  readonly items?: readonly KubeObject[] | null;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string; readonly remainingItemCount?: number };
}

export async function* listPages<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  scope: PageScope,
  options: CallOptions = {},
): AsyncGenerator<Page<T> & { readonly resourceVersion: string }, void> {
  const doing = `list ${collectionText(type, scope.namespace)}`;
  let pageSize: number | undefined = scope.pageSize ?? defaultPageSize;
  let token: string | undefined;
  let count = 0;
  for (;;) {
    const limit: number | undefined = scope.limit === undefined ? pageSize : Math.min(pageSize ?? scope.limit, scope.limit - count);
    const query = { labelSelector: scope.labelSelector, fieldSelector: scope.fieldSelector, limit, continue: token };
    let text: string;
    try {
      text = await transport.text({
        ...options,
        doing,
        method: "GET",
        path: resourcePath(type, scope.namespace),
        query,
        ...(scope.part === undefined ? {} : { accept: acceptOf[scope.part] }),
        ...(scope.maxBytes === undefined ? {} : { maxBytes: scope.maxBytes }),
      });
    } catch (error) {
      if (scope.shrinks && isTooLarge(error) && limit !== 1) {
        pageSize = limit === undefined ? defaultPageSize : Math.ceil(limit / 2);
        continue;
      }
      if (!isGone(error) || token === undefined) throw error;
      // The pages took longer than the server keeps their version: all at once, then.
      pageSize = undefined;
      token = undefined;
      count = 0;
      continue;
    }
    const { items, metadata = {} } = (parsedAnswer(doing, text) ?? {}) as ListAnswer;
    const isFirst = token === undefined;
    token = metadata.continue || undefined;
    count += items?.length ?? 0;
    const isLast = token === undefined || (scope.limit !== undefined && count >= scope.limit);
    yield {
      items: (items ?? []).map((item) => itemOf(type, scope, item)),
      isFirst,
      isLast,
      ...(token === undefined ? {} : { remaining: metadata.remainingItemCount ?? 1 }),
      bytes: Buffer.byteLength(text),
      resourceVersion: metadata.resourceVersion ?? "",
    };
    if (isLast) return;
  }
}

/** Items of a list carry neither, but every object of ours names its kind. */
const itemOf = <T extends KubeObject>(type: ResourceType<T>, { part }: PageScope, item: KubeObject): T => {
  const named = { apiVersion: apiVersionOf(type), kind: type.kind };
  // A server that knows no such form of a list answers in full: what was not asked for is not kept.
  return (part === undefined ? { ...item, ...named } : { ...named, metadata: item.metadata }) as T;
};
