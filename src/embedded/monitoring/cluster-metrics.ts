// Metrics about nodes, storage, quotas, budgets and what sends traffic, as kube-state-metrics makes them; and the table of all. Pure.
import { type Stored, at, listOf, recordOf, textOf } from "#embedded/json.ts";
import { podMetrics } from "#embedded/monitoring/pod-metrics.ts";
import { type Labels, type Sample, nameLabel, withLabels } from "#embedded/monitoring/series.ts";
import {
  type KindMetrics,
  type Row,
  type Rows,
  conditionRows,
  namedLabels,
  numberAt,
  oneOf,
  quantityOf,
  resourceRows,
  secondsAt,
  truth,
} from "#embedded/monitoring/state-metrics.ts";
import { workloadMetrics } from "#embedded/monitoring/workload-metrics.ts";

const created = secondsAt("metadata", "creationTimestamp");
const status = (field: string): Rows => numberAt(["status", field], 0);

const nodes: KindMetrics = {
  storageKey: "/nodes",
  labels: namedLabels("node"),
  metrics: {
    kube_node_created: created,
    kube_node_info: (node) => {
      const info = recordOf(at(node, "status", "nodeInfo"));
      return [[1, { kubelet_version: textOf(info["kubeletVersion"]), os_image: textOf(info["osImage"]) }]];
    },
    kube_node_spec_unschedulable: (node) => truth(at(node, "spec", "unschedulable") === true),
    kube_node_spec_taint: (node) =>
      listOf(at(node, "spec", "taints")).map((taint) => {
        const { key, value, effect } = recordOf(taint);
        return [1, { key: textOf(key), value: textOf(value), effect: textOf(effect) }];
      }),
    kube_node_status_condition: conditionRows,
    kube_node_status_capacity: (node) => resourceRows(at(node, "status", "capacity")),
    kube_node_status_allocatable: (node) => resourceRows(at(node, "status", "allocatable")),
  },
};

const quotas: KindMetrics = {
  storageKey: "/resourcequotas",
  labels: namedLabels("resourcequota"),
  metrics: {
    kube_resourcequota_created: created,
    kube_resourcequota: (quota) =>
      (["hard", "used"] as const).flatMap((type) =>
        Object.entries(recordOf(at(quota, "status", type))).flatMap(([resource, amount]): Row[] => {
          const value = quantityOf(amount);
          return value === undefined ? [] : [[value, { resource, type }]];
        }),
      ),
  },
};

const budgets: KindMetrics = {
  storageKey: "policy/poddisruptionbudgets",
  labels: namedLabels("poddisruptionbudget"),
  metrics: {
    kube_poddisruptionbudget_created: created,
    kube_poddisruptionbudget_status_current_healthy: status("currentHealthy"),
    kube_poddisruptionbudget_status_desired_healthy: status("desiredHealthy"),
    kube_poddisruptionbudget_status_pod_disruptions_allowed: status("disruptionsAllowed"),
    kube_poddisruptionbudget_status_expected_pods: status("expectedPods"),
    kube_poddisruptionbudget_status_observed_generation: status("observedGeneration"),
  },
};

const claims: KindMetrics = {
  storageKey: "/persistentvolumeclaims",
  labels: namedLabels("persistentvolumeclaim"),
  metrics: {
    kube_persistentvolumeclaim_created: created,
    kube_persistentvolumeclaim_info: (claim) => [
      [1, { storageclass: textOf(at(claim, "spec", "storageClassName")), volumename: textOf(at(claim, "spec", "volumeName")) }],
    ],
    kube_persistentvolumeclaim_status_phase: (claim) => oneOf(at(claim, "status", "phase"), ["Lost", "Bound", "Pending"], "phase"),
    kube_persistentvolumeclaim_resource_requests_storage_bytes: (claim) =>
      quantityOf(at(claim, "spec", "resources", "requests", "storage")),
  },
};

const volumes: KindMetrics = {
  storageKey: "/persistentvolumes",
  labels: namedLabels("persistentvolume"),
  metrics: {
    kube_persistentvolume_status_phase: (volume) =>
      oneOf(at(volume, "status", "phase"), ["Pending", "Available", "Bound", "Released", "Failed"], "phase"),
  },
};

const services: KindMetrics = {
  storageKey: "/services",
  labels: ({ metadata: { namespace = "", name, uid } }) => ({ namespace, service: name, uid }),
  metrics: {
    kube_service_created: created,
    kube_service_info: (service) => [[1, { cluster_ip: textOf(at(service, "spec", "clusterIP")) }]],
    kube_service_spec_type: (service) => [[1, { type: textOf(at(service, "spec", "type")) }]],
  },
};

const endpoints: KindMetrics = {
  storageKey: "/endpoints",
  labels: namedLabels("endpoint"),
  metrics: {
    kube_endpoint_info: () => 1,
    kube_endpoint_created: created,
    kube_endpoint_address: (object) =>
      listOf(at(object, "subsets")).flatMap((subset) =>
        (["addresses", "notReadyAddresses"] as const).flatMap((field) =>
          listOf(at(subset, field)).map((address): Row => [1, { ip: textOf(at(address, "ip")), ready: String(field === "addresses") }]),
        ),
      ),
  },
};

const slices: KindMetrics = {
  storageKey: "discovery.k8s.io/endpointslices",
  labels: namedLabels("endpointslice"),
  metrics: {
    kube_endpointslice_info: (slice) => [[1, { addresstype: textOf(slice["addressType"]) }]],
    kube_endpointslice_endpoints: (slice) =>
      listOf(slice["endpoints"]).flatMap((endpoint) =>
        listOf(at(endpoint, "addresses")).map((address): Row => {
          const target = recordOf(at(endpoint, "targetRef"));
          const labels: Labels = {
            address: textOf(address),
            ready: String(at(endpoint, "conditions", "ready") === true),
            targetref_kind: textOf(target["kind"]),
            targetref_name: textOf(target["name"]),
            targetref_namespace: textOf(target["namespace"]),
          };
          return [1, labels];
        }),
      ),
  },
};

const namespaces: KindMetrics = {
  storageKey: "/namespaces",
  labels: ({ metadata: { name } }) => ({ namespace: name }),
  metrics: {
    kube_namespace_created: created,
    kube_namespace_status_phase: (namespace) => oneOf(at(namespace, "status", "phase"), ["Active", "Terminating"], "phase"),
  },
};

const kinds: readonly KindMetrics[] = [
  podMetrics,
  ...workloadMetrics,
  ...[nodes, quotas, budgets, claims, volumes, services, endpoints, slices, namespaces],
];

const byName = new Map(kinds.flatMap((kind) => Object.entries(kind.metrics).map(([name, rows]) => [name, { kind, rows }] as const)));

/** The kind that a metric is about, as `group/plural`; undefined for one that is not known. */
export const storageKeyOfMetric = (name: string): string | undefined => byName.get(name)?.kind.storageKey;

export const isStateMetric = (name: string): boolean => byName.has(name);

/** What a scrape of kube-state-metrics would have under this name, with the labels that Prometheus adds. */
export const stateSamples = (name: string, list: (storageKey: string) => readonly Stored[]): Sample[] => {
  const found = byName.get(name);
  if (found === undefined) return [];
  return list(found.kind.storageKey).flatMap((object) => {
    const rows = found.rows(object) ?? [];
    const own = { ...found.kind.labels(object), ...scraped, [nameLabel]: name };
    return (typeof rows === "number" ? ([[rows]] as const) : rows).map(([value, labels]) => ({
      labels: withLabels(own, labels ?? {}),
      value,
    }));
  });
};

const scraped: Labels = { job: "kube-state-metrics", instance: "kube-state-metrics:8080" };
