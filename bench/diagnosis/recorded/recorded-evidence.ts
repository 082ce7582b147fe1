// Recorded kubectl text and probes as our Evidence: the one place where the recording's form is known. Pure; never reads what a case is about.
import type { Reference } from "#api/fields.ts";
import type { EndpointSlice, Pod } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { type Evidence, evidenceForm, type Metric, type ReadList } from "#evidence/evidence.ts";
import { alertMetrics, alertsOf, troubleOf } from "#bench/diagnosis/recorded/alerts.ts";
import { argument, type Call, callsOf, jsonOf, textOf } from "#bench/diagnosis/recorded/calls.ts";
import { componentOf, connectionsOf } from "#bench/diagnosis/recorded/checks.ts";
import { describedObject } from "#bench/diagnosis/recorded/describe-objects.ts";
import { requestedOf } from "#bench/diagnosis/recorded/describe-node.ts";
import { fieldsOfText } from "#bench/diagnosis/recorded/describe-text.ts";
import { eventsBelow, listedEvents, mergedEvents } from "#bench/diagnosis/recorded/events.ts";
import { withHidden } from "#bench/diagnosis/recorded/hidden-fields.ts";
import { logsOf } from "#bench/diagnosis/recorded/logs.ts";
import { metricsOf } from "#bench/diagnosis/recorded/metrics.ts";
import { recordedType, uidOf } from "#bench/diagnosis/recorded/resource-types.ts";
import { rowsOf } from "#bench/diagnosis/recorded/tables.ts";
import { ageMs, recordedAt, second } from "#bench/diagnosis/recorded/times.ts";
import { documentsOf, liveObject } from "#bench/diagnosis/recorded/written-yaml.ts";
import { parseQuantity } from "#lib/quantity.ts";

export interface Recording {
  /** What was asked and answered. */
  readonly cache: Readonly<Record<string, unknown>>;
  readonly metricsCsv?: string;
  readonly alerts?: unknown;
}

export const recordedEvidence = (recording: Recording): Evidence => {
  const calls = callsOf(recording.cache);
  const of = (tool: string): readonly Call[] => calls.filter((call) => call.tool === tool);
  const described = of("DescribeResource");
  const listed = of("GetResources");
  const stamp = recording.cache["collection_timestamp"];
  const now = recordedAt(
    typeof stamp === "string" ? stamp : undefined,
    described.map(textOf).filter((text) => text !== ""),
  );

  const ages = agesOf(listed);
  // Whole objects need no manifest beside them, and parsing it is most of the work.
  const live = new Set(
    listed.flatMap((call) =>
      call.arguments["output_yaml"] === true && recordedType(argument(call, "resource_type"))?.kind === "Deployment"
        ? [argument(call, "name")]
        : [],
    ),
  );
  const objects = withHidden(
    objectsOf(described, listed).map((object) => aged(object, ages, now)),
    of("GetAppYAML").flatMap((call) => (live.has(argument(call, "app_name")) ? [] : documentsOf(textOf(call)).map(inNamespaceOf(call)))),
    (object) => makerOf(object),
  );
  const events = mergedEvents(
    described.flatMap((call) => {
      const type = recordedType(argument(call, "resource_type"));
      if (type === undefined) return [];
      const namespace = type.namespaced ? argument(call, "namespace") : "";
      const about = { kind: type.kind, ...(namespace === "" ? {} : { namespace }), name: argument(call, "name") };
      return eventsBelow(about, textOf(call), now);
    }),
    listed.flatMap((call) =>
      argument(call, "resource_type") === "events" ? listedEvents(textOf(call), argument(call, "namespace") || undefined, now) : [],
    ),
  );
  const recordedAlerts = of("GetAlerts").map(jsonOf).find(hasAlerts) ?? recording.alerts;
  const namespaces = [...new Set(described.map((call) => argument(call, "namespace")).filter((name) => name !== ""))];
  const find = finder(objects);

  return {
    form: evidenceForm,
    collectedAt: second(now),
    scope: { namespaces },
    alerts: alertsOf(recordedAlerts, second(now)),
    objects: [...objects.filter(({ kind }) => kind !== "Endpoints"), ...objects.flatMap(sliceOf)].map((object) =>
      scheduled(object, events),
    ),
    read: listsOf(listed, objects),
    events,
    logs: of("GetErrorLogs").flatMap((call) => {
      const namespace = argument(call, "namespace") || (namespaces[0] ?? "");
      return logsOf(jsonOf(call), namespace, podFor(objects, namespace, argument(call, "service_name")));
    }),
    firing: [],
    metrics: [
      ...(recording.metricsCsv === undefined
        ? alertMetrics(recordedAlerts, find)
        : metricsOf(recording.metricsCsv, troubleOf(recordedAlerts), find)),
      ...described.flatMap((call) => (recordedType(argument(call, "resource_type"))?.kind === "Node" ? requestMetrics(call) : [])),
    ],
    connections: calls.flatMap((call) => connectionCall(call, namespaces)),
    components: of("CheckNodeServiceStatus").flatMap((call) =>
      textOf(call) === "" ? [] : [componentOf(textOf(call), argument(call, "node_name"), argument(call, "service_name"))],
    ),
    changes: [],
    gaps: [],
  };
};

/** What `-o yaml` shows counts before what describe does; Secrets are only described. */
const objectsOf = (described: readonly Call[], listed: readonly Call[]): readonly KubeObject[] => {
  const found = new Map<string, KubeObject>();
  const keep = (object: KubeObject | undefined): void => {
    if (object !== undefined) found.set(object.metadata.uid, object);
  };
  for (const call of described) {
    const type = recordedType(argument(call, "resource_type"));
    if (type !== undefined) keep(describedObject(type, argument(call, "namespace") || undefined, textOf(call)));
  }
  for (const call of listed) {
    const kind = recordedType(argument(call, "resource_type"))?.kind;
    if (call.arguments["output_yaml"] === true && kind !== undefined && kind !== "Secret") keep(liveObject(textOf(call)));
  }
  return [...found.values()];
};

const agesOf = (listed: readonly Call[]): ReadonlyMap<string, number> => {
  const ages = new Map<string, number>();
  for (const call of listed) {
    const type = recordedType(argument(call, "resource_type"));
    if (type === undefined || argument(call, "name") !== "") continue;
    for (const row of rowsOf(textOf(call))) {
      const age = ageMs(row["AGE"] ?? "");
      const namespace = type.namespaced ? argument(call, "namespace") : undefined;
      if (age !== undefined) ages.set(uidOf(type.kind, namespace, row["NAME"] ?? ""), age);
    }
  }
  return ages;
};

const aged = (object: KubeObject, ages: ReadonlyMap<string, number>, now: number): KubeObject => {
  if (object.metadata.creationTimestamp !== "") return object;
  const age = ages.get(object.metadata.uid);
  return { ...object, metadata: { ...object.metadata, creationTimestamp: second(age === undefined ? now : now - age) } };
};

/** Which lists are complete: every object of the list was described, too. */
const listsOf = (listed: readonly Call[], objects: readonly KubeObject[]): readonly ReadList[] => {
  const known = new Set(objects.map(({ metadata }) => metadata.uid));
  const lists = new Map<string, ReadList>();
  for (const call of listed) {
    const type = recordedType(argument(call, "resource_type"));
    const isWhole =
      argument(call, "name") === "" && Object.keys(call.arguments).every((key) => /^(?:resource_type|name|namespace)$/.test(key));
    if (type === undefined || !isWhole || typeof call.answer !== "string") continue;
    const rows = rowsOf(call.answer);
    if (rows.length === 0 && call.answer.trim() !== "" && !call.answer.trim().startsWith("No resources found")) continue;
    const namespace = type.namespaced ? argument(call, "namespace") : "";
    if (!rows.every((row) => known.has(uidOf(type.kind, namespace || undefined, row["NAME"] ?? "")))) continue;
    const kind = type.kind === "Endpoints" ? "EndpointSlice" : type.kind;
    lists.set(`${kind} ${namespace}`, { kind, ...(namespace === "" ? {} : { namespace }) });
  }
  return [...lists.values()];
};

const inNamespaceOf =
  (call: Call) =>
  (object: KubeObject): KubeObject => {
    const namespace = object.metadata.namespace ?? argument(call, "namespace");
    return recordedType(object.kind)?.namespaced === false || namespace === ""
      ? object
      : { ...object, metadata: { ...object.metadata, namespace } };
  };

/** The Deployment or StatefulSet that a pod or ReplicaSet was made for, by the names its controller gives them; else the object itself. */
const makerOf = (object: KubeObject): KubeObject => {
  const owner = object.metadata.ownerReferences?.[0];
  if (owner === undefined) return object;
  if (owner.kind === "ReplicaSet") {
    const hash = object.metadata.labels?.["pod-template-hash"];
    const name = hash !== undefined && owner.name.endsWith(`-${hash}`) ? owner.name.slice(0, -hash.length - 1) : owner.name;
    return { ...object, kind: "Deployment", metadata: { ...object.metadata, name } };
  }
  return { ...object, kind: owner.kind, metadata: { ...object.metadata, name: owner.name } };
};

/** Endpoints in the form that replaced them. */
const sliceOf = (object: KubeObject): readonly EndpointSlice[] => {
  if (object.kind !== "Endpoints") return [];
  const { subsets } = object as KubeObject & {
    subsets: readonly {
      addresses: { ip: string }[];
      notReadyAddresses: { ip: string }[];
      ports: { name?: string; port?: number; protocol?: string }[];
    }[];
  };
  const endpoints = (addresses: { ip: string }[], ready: "ready" | "unready"): NonNullable<EndpointSlice["endpoints"]> =>
    addresses.map(({ ip }) => ({ addresses: [ip], conditions: { ready: ready === "ready" } }));
  const { name, namespace } = object.metadata;
  return [
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        ...object.metadata,
        uid: uidOf("EndpointSlice", namespace, name),
        labels: { ...object.metadata.labels, "kubernetes.io/service-name": name },
      },
      addressType: "IPv4",
      endpoints: subsets.flatMap((subset) => [...endpoints(subset.addresses, "ready"), ...endpoints(subset.notReadyAddresses, "unready")]),
      ports: subsets[0]?.ports ?? [],
    },
  ];
};

/** Describe leaves out why a pod is not scheduled; the scheduler writes the same words into its condition and its event. */
const scheduled = (object: KubeObject, events: Evidence["events"]): KubeObject => {
  if (object.kind !== "Pod") return object;
  const { status } = object as Pod;
  const conditions = status?.conditions ?? [];
  if (!conditions.some(({ type, status: is }) => type === "PodScheduled" && is === "False")) return object;
  const event = events.find(({ uid, reason }) => uid === object.metadata.uid && reason === "FailedScheduling");
  if (event === undefined) return object;
  const reason = { reason: "Unschedulable", message: event.message };
  return {
    ...object,
    status: { ...status, conditions: conditions.map((each) => (each.type === "PodScheduled" ? { ...each, ...reason } : each)) },
  } as Pod;
};

const podFor = (objects: readonly KubeObject[], namespace: string, asked: string): string => {
  const pods = objects.filter((object) => object.kind === "Pod" && object.metadata.namespace === namespace);
  const made = pods.filter((pod) => makerOf(pod).metadata.name === asked || pod.metadata.name === asked);
  const labelled = made.length > 0 ? made : pods.filter(({ metadata }) => Object.values(metadata.labels ?? {}).includes(asked));
  const newest = labelled.toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1))[0];
  return newest?.metadata.name ?? asked;
};

/** What a column or an alert calls by a bare name. */
const finder = (objects: readonly KubeObject[]): ((name: string) => Reference | undefined) => {
  const order = ["Deployment", "StatefulSet", "DaemonSet", "Pod", "Node", "Service"];
  const byName = new Map<string, Reference>();
  for (const kind of order)
    for (const { apiVersion, kind: is, metadata } of objects)
      if (is === kind && !byName.has(metadata.name))
        byName.set(metadata.name, {
          apiVersion,
          kind,
          ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
          name: metadata.name,
        });
  return (name) => byName.get(name);
};

const requestMetrics = (call: Call): readonly Metric[] =>
  Object.entries(requestedOf(fieldsOfText(textOf(call)))).flatMap(([resource, quantity]): Metric[] => {
    const value = parseQuantity(quantity);
    if (value === undefined || (resource !== "cpu" && resource !== "memory")) return [];
    const name = resource === "cpu" ? "cpu_requested_cores" : "memory_requested_bytes";
    return [{ object: { apiVersion: "v1", kind: "Node", name: argument(call, "name") }, name, value: Number(value) / 1000 }];
  });

const connectionCall = (call: Call, namespaces: readonly string[]): Evidence["connections"] => {
  if (call.tool === "CheckServiceConnectivity")
    return connectionsOf(textOf(call), argument(call, "namespace"), argument(call, "service_name"), Number(call.arguments["port"]) || 0);
  // Some were written down as one word: tool, namespace, service and port joined by dashes.
  const match = /^CheckServiceConnectivity-(.+)-(\d+)$/.exec(call.tool);
  const namespace = namespaces.find((name) => match?.[1]?.startsWith(`${name}-`) ?? false);
  if (match === null || namespace === undefined) return [];
  return connectionsOf(textOf(call), namespace, (match[1] ?? "").slice(namespace.length + 1), Number(match[2]));
};

const hasAlerts = (recorded: unknown): boolean => Array.isArray((recorded as { alerts?: unknown } | null)?.alerts);
