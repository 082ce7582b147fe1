// Kubernetes objects: first those that every diagnosis reads, then those that what was seen asks for. Reads only.
import type { Reference } from "#api/fields.ts";
import { builtInTypes, Pods, ReplicaSets } from "#api/kubernetes.ts";
import type { ResourceType } from "#api/object.ts";
import { completeTarget } from "#evidence/around-target.ts";
import { inParallel } from "#evidence/in-parallel.ts";
import { clusterKinds, clusterRight, type KindToRead, namespacedKinds } from "#evidence/kinds-read.ts";
import { reasonsFor } from "#evidence/reasons.ts";
import { type ObjectsName, sourceNames } from "#evidence/source-names.ts";
import { type Collection, type EvidenceSource, placesOf } from "#evidence/sources/source.ts";

const everyKind = [...namespacedKinds, ...clusterKinds];
const objectNames = sourceNames.filter((name): name is ObjectsName => name.startsWith("objects."));

/** @throws where pods, the target or its revisions cannot be read at all: without them every answer would be a guess. */
export const objects: EvidenceSource = {
  name: "objects",
  // Secrets are not among them: the right to list their names is the right to read their values.
  needs: [
    ...everyKind.filter(({ part }) => part === undefined).map(({ type }) => clusterRight(type, ["list"])),
    // One object by its name: what a person may ask about, and what owns it.
    ...builtInTypes.map((type) => clusterRight(type, ["get"])),
  ],
  provides: objectNames,
  collect: async (collection) => {
    const { gather, target, question } = collection;
    const isLeftOut = ({ part }: KindToRead): boolean => question.secrets === "left out" && part === "metadata";
    const wanted = everyKind.filter((kind) => !isLeftOut(kind) && (kind.when === undefined || readsEverything(collection)));
    const isTried = (kind: KindToRead): boolean => question.secrets === "where allowed" && kind.part === "metadata";
    await list(
      collection,
      wanted.map((kind) => (isTried(kind) ? { ...kind, mayBeForbidden: true } : kind)),
    );
    for (const type of essential(target)) failWithout(collection, type);
    if (target !== undefined) await completeTarget(gather, target);
    return {};
  },
};

export const relatedObjects: EvidenceSource = {
  ...objects,
  collect: async (collection) => {
    const { gather, found } = collection;
    if (readsEverything(collection)) return {};
    const reasons = reasonsFor(gather, found.events, found.logs);
    await list(
      collection,
      everyKind.filter(({ when }) => when !== undefined && reasons.has(when)),
    );
    return {};
  },
};

/** Around one object calls are few; elsewhere all kinds are read at once. */
const readsEverything = ({ target, namespaces }: Collection): boolean => target === undefined || namespaces === "all";

const list = (collection: Collection, kinds: readonly KindToRead[]): Promise<unknown> =>
  inParallel(
    kinds.flatMap((kind) => (kind.type.namespaced ? placesOf(collection) : [undefined]).map((namespace) => ({ kind, namespace }))),
    collection.extent.listsAtOnce,
    ({ kind, namespace }) => collection.gather.list(kind, namespace === undefined ? {} : { namespace }),
  );

const essential = (target: Reference | undefined): readonly ResourceType[] => {
  const own = target === undefined ? undefined : namespacedKinds.find(({ type }) => type.kind === target.kind)?.type;
  return [Pods, ...(own === undefined ? [] : [own]), ...(target?.kind === "Deployment" ? [ReplicaSets] : [])];
};

const failWithout = (collection: Collection, type: ResourceType): void => {
  const error = collection.gather.errorOf(type);
  if (error !== undefined && !placesOf(collection).some((namespace) => collection.gather.hasRead(type, namespace))) throw error;
};
