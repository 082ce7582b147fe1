// Evidence, indexed: what belongs to what, what selects, mounts and calls what. Pure; built once per diagnosis and shared by all causes.
import type { Reference } from "#api/fields.ts";
import {
  CronJobs,
  DaemonSets,
  Deployments,
  Jobs,
  Nodes,
  Pods,
  ReplicaSets,
  Services,
  StatefulSets,
  type Node,
  type Pod,
  type PodTemplate,
  type Service,
} from "#api/kubernetes.ts";
import { apiVersionOf, type KubeObject, referenceText, type ResourceType, controllerOf } from "#api/object.ts";
import { serviceSelects } from "#api/selectors.ts";
import { replicasOf, templateOf } from "#cluster/workload-shape.ts";
import type { ComponentState, ConnectionAttempt, Evidence, Metric, ObservedChange, ObservedEvent, PodLog } from "#evidence/evidence.ts";
import { fromTimestamp } from "#lib/clock.ts";

/** A root owner with the pods it makes: Deployment, StatefulSet, DaemonSet, CronJob, Job, a ReplicaSet without an owner, or a bare Pod. */
export interface Workload {
  readonly reference: Reference;
  readonly object: KubeObject;
  readonly template: PodTemplate;
  /** Oldest first; pods that are ending included. */
  readonly pods: readonly Pod[];
  /** How many pods it wants; undefined where it wants none for good (Job, CronJob, Pod). */
  readonly desired?: number;
}

export interface View {
  readonly evidence: Evidence;
  /** When it was collected, epoch milliseconds. */
  readonly now: number;
  all<T extends KubeObject>(type: ResourceType<T>, namespace?: string): readonly T[];
  get<T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string): T | undefined;
  /** Whether an object of this kind that is not here does not exist, instead of not having been read. */
  knows(type: Pick<ResourceType, "kind">, namespace: string | undefined): boolean;
  readonly workloads: readonly Workload[];
  workloadOf(pod: Pod): Workload | undefined;
  workload(reference: Reference): Workload | undefined;
  /** The result of a function for one workload: computed once. */
  once<T>(make: (view: View, workload: Workload) => T, workload: Workload): T;
  /** The result of a function for the whole view: computed once. */
  shared<T>(make: (view: View) => T): T;
  nodeOf(pod: Pod): Node | undefined;
  /** Services whose selector selects the template's labels. */
  servicesOf(workload: Workload): readonly Service[];
  podsBehind(service: Service): readonly Pod[];
  /** By the object's own reference text, `Kind namespace/name`. */
  eventsOf(reference: Pick<Reference, "kind" | "name"> & { readonly namespace?: string | undefined }): readonly ObservedEvent[];
  /** Of the workload itself, its ReplicaSets or Jobs, and its pods, gone ones included. */
  eventsAround(workload: Workload): readonly ObservedEvent[];
  logsOf(workload: Workload): readonly PodLog[];
  metricsOf(reference: Reference): readonly Metric[];
  connectionsTo(service: Service): readonly ConnectionAttempt[];
  components(name: string): readonly ComponentState[];
  changesOf(reference: Pick<Reference, "kind" | "name"> & { readonly namespace?: string | undefined }): readonly ObservedChange[];
}

type Named = Pick<Reference, "kind" | "name"> & { readonly namespace?: string | undefined };

export const referenceTo = (object: KubeObject): Reference => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
  name: object.metadata.name,
});

/** By any of its owner references. */
export const isOwnedBy = ({ metadata }: KubeObject, owner: KubeObject): boolean =>
  metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false;

export const createView = (evidence: Evidence): View => {
  const byKind = grouped(evidence.objects, kindKey);
  const byName = new Map(evidence.objects.map((object) => [nameKey(object.kind, object.metadata.namespace, object.metadata.name), object]));
  const byText = new Map(evidence.objects.map((object) => [referenceText(referenceTo(object)), object]));
  const byUid = new Map(evidence.objects.map((object) => [object.metadata.uid, object]));
  const lists = new Set(evidence.read.map(({ kind, namespace }) => `${kind} ${namespace ?? "*"}`));
  const events = grouped(
    evidence.events.filter((event) => !isOfPredecessor(event, byText)),
    ({ object }) => object,
  );
  const logs = grouped(evidence.logs, ({ namespace, pod }) => `${namespace}/${pod}`);
  const metrics = grouped(evidence.metrics, ({ object }) => referenceText(object));
  const changes = grouped(evidence.changes, ({ object }) => referenceText(object));
  const connections = grouped(evidence.connections, ({ namespace, service }) => `${namespace}/${service}`);

  const inNamespace = new Map<readonly KubeObject[], ReadonlyMap<string | undefined, readonly KubeObject[]>>();
  const all = <T extends KubeObject>(type: ResourceType<T>, namespace?: string): readonly T[] => {
    const found = (byKind.get(`${apiVersionOf(type)} ${type.kind}`) ?? []) as readonly T[];
    if (namespace === undefined) return found;
    const known = inNamespace.get(found) ?? grouped(found, ({ metadata }) => metadata.namespace);
    inNamespace.set(found, known);
    return (known.get(namespace) ?? []) as readonly T[];
  };
  const get = <T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string): T | undefined =>
    byName.get(nameKey(type.kind, namespace, name)) as T | undefined;

  /** From an object to its root, both included. */
  const ownersOf = (object: KubeObject): readonly KubeObject[] => {
    const chain = [object];
    while (chain.length <= maxOwners) {
      const above = ownerOf(chain.at(-1) ?? object);
      if (above === undefined || !rootKinds.has(above.kind)) break;
      chain.push(above);
    }
    return chain;
  };
  const ownerOf = (object: KubeObject): KubeObject | undefined => {
    const owner = controllerOf(object);
    if (owner === undefined) return undefined;
    return byUid.get(owner.uid) ?? byName.get(nameKey(owner.kind, object.metadata.namespace, owner.name));
  };

  const roots = new Map<string, { readonly object: KubeObject; readonly pods: Pod[]; readonly between: Set<string> }>();
  const rootFor = (object: KubeObject): { readonly object: KubeObject; readonly pods: Pod[]; readonly between: Set<string> } => {
    const chain = ownersOf(object);
    const root = chain.at(-1) ?? object;
    const text = referenceText(referenceTo(root));
    const known = roots.get(text) ?? { object: root, pods: [], between: new Set<string>() };
    roots.set(text, known);
    for (const link of chain.slice(1, -1)) known.between.add(referenceText(referenceTo(link)));
    return known;
  };
  for (const type of [Deployments, StatefulSets, DaemonSets, CronJobs]) for (const object of all<KubeObject>(type)) rootFor(object);
  for (const type of [ReplicaSets, Jobs])
    for (const object of all<KubeObject>(type)) {
      const root = rootFor(object);
      if (root.object !== object) root.between.add(referenceText(referenceTo(object)));
    }
  const byPod = new Map<string, string>();
  for (const pod of all(Pods)) {
    const root = rootFor(pod);
    root.pods.push(pod);
    byPod.set(nameKey("Pod", pod.metadata.namespace, pod.metadata.name), referenceText(referenceTo(root.object)));
  }
  const workloads = [...roots.values()].map(({ object, pods }): Workload => {
    const desired = replicasOf(object)?.desired;
    return {
      reference: referenceTo(object),
      object,
      template: templateOf(object) ?? { spec: { containers: [] } },
      pods: pods.toSorted((a, b) => compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp)),
      ...(desired === undefined ? {} : { desired }),
    };
  });
  const byReference = new Map(workloads.map((workload) => [referenceText(workload.reference), workload]));

  // Every cause asks for these of every workload.
  const made = new Map<unknown, Map<Workload, unknown>>();
  const once = <T>(make: (view: View, workload: Workload) => T, workload: Workload): T => {
    const of = made.get(make) ?? new Map<Workload, unknown>();
    made.set(make, of);
    if (!of.has(workload)) of.set(workload, make(view, workload));
    return of.get(workload) as T;
  };
  // By what makes them: a pod that is gone is known by its name alone.
  const eventPods = grouped(
    [...events.keys()].filter((object) => object.startsWith("Pod ")),
    makerOfPod,
  );
  const findServices = (_: View, { reference, template: { metadata } }: Workload): readonly Service[] =>
    all(Services, reference.namespace).filter((service) => serviceSelects(service.spec.selector, metadata?.labels));
  const findEvents = (_: View, { reference, pods }: Workload): readonly ObservedEvent[] => {
    const text = referenceText(reference);
    const makers = [text, ...(roots.get(text)?.between ?? [])];
    const named = new Set([...makers, ...pods.map((pod) => referenceText(referenceTo(pod)))]);
    const gone = makers.flatMap((maker) => eventPods.get(maker.slice(maker.indexOf(" ") + 1)) ?? []).filter((object) => !named.has(object));
    return [...named, ...gone].flatMap((name) => events.get(name) ?? []);
  };
  const findLogs = (_: View, { reference, pods }: Workload): readonly PodLog[] =>
    pods.flatMap((pod) => logs.get(`${reference.namespace ?? ""}/${pod.metadata.name}`) ?? []);
  const shared = memory();
  const view: View = {
    evidence,
    now: fromTimestamp(evidence.collectedAt) ?? 0,
    all,
    get,
    knows: (type, namespace) => lists.has(`${type.kind} *`) || (namespace !== undefined && lists.has(`${type.kind} ${namespace}`)),
    workloads,
    workloadOf: (pod) => byReference.get(byPod.get(nameKey("Pod", pod.metadata.namespace, pod.metadata.name)) ?? ""),
    workload: (reference) => byReference.get(referenceText(reference)),
    once,
    shared: (make) => shared(make, view),
    nodeOf: (pod) => (pod.spec.nodeName === undefined ? undefined : get(Nodes, undefined, pod.spec.nodeName)),
    servicesOf: (workload) => once(findServices, workload),
    podsBehind: (service) =>
      all(Pods, service.metadata.namespace).filter((pod) => serviceSelects(service.spec.selector, pod.metadata.labels)),
    eventsOf: (reference: Named) => events.get(referenceText(reference)) ?? [],
    eventsAround: (workload) => once(findEvents, workload),
    logsOf: (workload) => once(findLogs, workload),
    metricsOf: (reference) => metrics.get(referenceText(reference)) ?? [],
    connectionsTo: ({ metadata }) => connections.get(`${metadata.namespace ?? ""}/${metadata.name}`) ?? [],
    components: (name) => evidence.components.filter(({ component }) => component === name),
    changesOf: (reference: Named) => changes.get(referenceText(reference)) ?? [],
  };
  return view;
};

const memory = () => {
  const made = new Map<unknown, unknown>();
  return <T>(make: (view: View) => T, view: View): T => {
    if (!made.has(make)) made.set(make, make(view));
    return made.get(make) as T;
  };
};

/** The same evidence with one workload alone. */
export const viewOf = (view: View, workload: Workload): View => {
  const shared = memory();
  const alone: View = { ...view, workloads: [workload], shared: (make) => shared(make, alone) };
  return alone;
};

/** Clocks of nodes differ by so much at most. */
const slackMs = 60_000;

/** An event is kept after its object: of another of the same name it says nothing. */
const isOfPredecessor = ({ object, lastAt }: ObservedEvent, byText: ReadonlyMap<string, KubeObject>): boolean => {
  const createdMs = fromTimestamp(byText.get(object)?.metadata.creationTimestamp);
  const lastMs = fromTimestamp(lastAt);
  return createdMs !== undefined && lastMs !== undefined && lastMs + slackMs < createdMs;
};

const maxOwners = 5;
const rootKinds = new Set(["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet"]);

const kindKey = (object: KubeObject): string => `${object.apiVersion} ${object.kind}`;
const nameKey = (kind: string, namespace: string | undefined, name: string): string => `${kind} ${namespace ?? ""}/${name}`;
const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** `Pod shop/web-1-x2z4f` → `shop/web-1`: pod names end in five characters or, in a StatefulSet, a number. */
const makerOfPod = (pod: string): string => {
  const name = pod.slice(pod.indexOf(" ") + 1);
  const dash = name.lastIndexOf("-");
  return /^[a-z0-9]{1,5}$/.test(name.slice(dash + 1)) ? name.slice(0, dash) : "";
};

const grouped = <T, K>(items: readonly T[], key: (item: T) => K): ReadonlyMap<K, readonly T[]> => {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const is = key(item);
    const group = groups.get(is);
    if (group === undefined) groups.set(is, [item]);
    else group.push(item);
  }
  return groups;
};
