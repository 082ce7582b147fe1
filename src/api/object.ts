// The shape every Kubernetes object shares, and how a kind of object is addressed on the API server. Plain JSON, never converted.

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: readonly { manager?: string; operation?: string; time?: string; subresource?: string }[];
}

/** Any object of the API server. What is not modelled is kept and never dropped. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** Metadata as a client writes it: the server fills in the rest. */
export type NewMeta = Pick<ObjectMeta, "name"> & Partial<ObjectMeta>;
export type NewObject<T extends KubeObject> = Omit<T, "metadata" | "status"> & { metadata: NewMeta };

/** Where a kind of object lives on the API server; `T` is the shape of one object and exists for the compiler only. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly objectType?: T;
}

/** An object by name. Cluster-scoped objects have no namespace. */
export interface Key {
  readonly namespace?: string;
  readonly name: string;
}

/** An object as another one points at it. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

export const apiVersionOf = (type: Pick<ResourceType, "group" | "version">): string =>
  type.group === "" ? type.version : `${type.group}/${type.version}`;

export const keyOf = (object: { metadata: Pick<ObjectMeta, "name" | "namespace"> }): Key =>
  object.metadata.namespace === undefined
    ? { name: object.metadata.name }
    : { namespace: object.metadata.namespace, name: object.metadata.name };

/** `namespace/name`, or `name` for a cluster-scoped object: for maps and for people. */
export const keyText = (key: Key): string => (key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`);

/** `Kind namespace/name`, as every message names an object. */
export const referenceText = (reference: Pick<ObjectReference, "kind" | "name"> & { namespace?: string | undefined }): string =>
  `${reference.kind} ${reference.namespace === undefined ? "" : `${reference.namespace}/`}${reference.name}`;

/** The owner that controls it: an object has at most one. */
export const controllerOf = ({ metadata }: Pick<KubeObject, "metadata">): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);

export const isControlledBy = (object: Pick<KubeObject, "metadata">, owner: Pick<KubeObject, "metadata">): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid;

/** `deployments.apps/scale`, as kubectl names a resource in an error. */
export const qualifiedResource = ({ group, resource }: Pick<Need, "group" | "resource">): string => {
  const [plural, ...subresource] = resource.split("/");
  return [`${plural}${group === "" ? "" : `.${group}`}`, ...subresource].join("/");
};

/** RBAC rights as data: generated into `deploy/`, enforced in tests. Verbs are Kubernetes' own. */
export interface Need {
  readonly group: string;
  /** Plural, with `/subresource` for a subresource. */
  readonly resource: string;
  readonly verbs: readonly Verb[];
  /** Only objects of these names. One that ends with `*` matches all names with that prefix: admission holds to it, RBAC cannot. */
  readonly names?: readonly string[];
  /** `own`: only in Kintsugi's namespace (a Role); `cluster`: everywhere (a ClusterRole). */
  readonly scope: "own" | "cluster";
}

/** What a cache of these kinds needs, in every namespace. */
export const watchNeeds = (types: readonly Pick<ResourceType, "group" | "plural">[]): readonly Need[] =>
  types.map(({ group, plural }) => ({ group, resource: plural, verbs: ["get", "list", "watch"], scope: "cluster" }));

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";
