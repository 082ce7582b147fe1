// What Kintsugi itself has done to an object, so that no diagnosis advises against it: its requests, and the revision that it made. Pure.
import type { Reference } from "#api/fields.ts";
import type { Deployment, ReplicaSet } from "#api/kubernetes.ts";
import { ACT_MANAGER } from "#api/labels.ts";
import { type KubeObject, referenceText, isControlledBy } from "#api/object.ts";
import type { Remedy } from "#diagnosis/finding.ts";

/** A request for one object. */
export interface OwnRequest {
  readonly name: string;
  readonly target: Reference;
  readonly phase: string;
  /** Nothing more will happen. */
  readonly isOver: boolean;
  readonly startedAt: string;
}

/** A revision of a Deployment whose template Kintsugi wrote last. */
export interface OwnRevision {
  readonly revision: number;
  /** The one that it replaced: whatever is wrong now, going back there would undo the repair. */
  readonly left: number | undefined;
  readonly at: string;
}

const revisionAnnotation = "deployment.kubernetes.io/revision";

export const ownRevision = (objects: readonly KubeObject[], target: Reference): OwnRevision | undefined => {
  const deployment = objects.find(
    (object): object is Deployment =>
      object.kind === "Deployment" && object.metadata.namespace === target.namespace && object.metadata.name === target.name,
  );
  if (deployment === undefined || target.kind !== "Deployment") return undefined;
  const writer = (deployment.metadata.managedFields ?? [])
    .filter(writesTemplate)
    .toSorted((a, b) => compare(b.time ?? "", a.time ?? ""))[0];
  if (writer?.manager !== ACT_MANAGER) return undefined;
  const numbers = objects
    .filter((object): object is ReplicaSet => object.kind === "ReplicaSet")
    .filter((set) => isControlledBy(set, deployment))
    .map(({ metadata }) => Number(metadata.annotations?.[revisionAnnotation]))
    .filter((number) => Number.isSafeInteger(number))
    .toSorted((a, b) => b - a);
  const [revision, left] = numbers;
  return revision === undefined ? undefined : { revision, left, at: writer.time ?? "" };
};

type Manager = NonNullable<KubeObject["metadata"]["managedFields"]>[number];

const writesTemplate = (entry: Manager): boolean => {
  const { fieldsV1 } = entry as { readonly fieldsV1?: { readonly "f:spec"?: { readonly "f:template"?: unknown } } };
  return entry.subresource === undefined && fieldsV1?.["f:spec"]?.["f:template"] !== undefined;
};

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** Why a repair is not proposed: it goes back to what Kintsugi has left. */
export const againstOwn = (
  objects: readonly KubeObject[],
  { action, target, parameters }: Pick<Remedy, "action" | "target" | "parameters">,
): string | undefined => {
  if (action !== "rollback_deployment") return undefined;
  const own = ownRevision(objects, target);
  return own?.left === undefined || parameters["revision"] !== String(own.left)
    ? undefined
    : `Kintsugi replaced revision ${own.left} with revision ${own.revision} at ${own.at}; it does not go back`;
};

/** `Revision 3 was made by Kintsugi (rr-…)`; undefined if another writer made the revision. */
export const ownRevisionText = (objects: readonly KubeObject[], target: Reference, requests: readonly OwnRequest[]): string | undefined => {
  const own = ownRevision(objects, target);
  if (own === undefined) return undefined;
  const request = requestsFor(requests, [target])
    .filter(({ startedAt }) => startedAt <= own.at)
    .toSorted((a, b) => compare(b.startedAt, a.startedAt))[0];
  const by = request === undefined ? "" : ` (${request.name})`;
  return `revision ${own.revision} was made by Kintsugi${by}${own.left === undefined ? "" : `, in place of revision ${own.left}`}`;
};

/** The one that is working on one of these objects. */
export const activeRequest = (requests: readonly OwnRequest[], objects: readonly Reference[]): OwnRequest | undefined =>
  requestsFor(requests, objects).find(({ isOver }) => !isOver);

const requestsFor = (requests: readonly OwnRequest[], objects: readonly Reference[]): readonly OwnRequest[] => {
  const named = new Set(objects.map(referenceText));
  return requests.filter(({ target }) => named.has(referenceText(target)));
};
