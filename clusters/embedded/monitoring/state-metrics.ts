// Metrics about objects that the scenarios' alerts read, named and labelled as kube-state-metrics 2.15 has them: one table a kind. Reads objects
// only.
import { type Stored, at, listOf, numberOf, textOf } from "#embedded/json.ts";
import { type Labels, type Sample, nameLabel, withLabels } from "#embedded/monitoring/samples.ts";

/** A value and the labels that it has besides the object's own. */
type Row = readonly [value: number, labels?: Labels];
type Rows = (object: Stored) => readonly Row[];

interface KindMetrics {
  /** `group/plural`, as the store has it. */
  readonly storageKey: string;
  /** The object's own labels, besides its namespace. */
  readonly labels: (object: Stored) => Labels;
  readonly metrics: Readonly<Record<string, Rows>>;
}

/** Three rows a condition: one says which status it has. */
const conditions: Rows = (object) =>
  listOf(at(object, "status", "conditions")).flatMap((condition) =>
    ["true", "false", "unknown"].map((value): Row => [
      textOf(at(condition, "status")).toLowerCase() === value ? 1 : 0,
      { condition: textOf(at(condition, "type")), status: value },
    ]),
  );

/** Rows of each container that has a status. */
const perContainer =
  (rows: (status: unknown) => readonly Row[]): Rows =>
  (pod) =>
    listOf(at(pod, "status", "containerStatuses")).flatMap((status) =>
      rows(status).map(([value, labels]): Row => [value, { container: textOf(at(status, "name")), ...labels }]),
    );

const kinds: readonly KindMetrics[] = [
  {
    storageKey: "/pods",
    labels: ({ metadata: { name, uid } }) => ({ pod: name, uid }),
    metrics: {
      kube_pod_container_status_ready: perContainer((status) => [[at(status, "ready") === true ? 1 : 0]]),
      kube_pod_container_status_restarts_total: perContainer((status) => [[numberOf(at(status, "restartCount")) ?? 0]]),
      kube_pod_container_status_last_terminated_reason: perContainer((status) => {
        const reason = textOf(at(status, "lastState", "terminated", "reason"));
        return reason === "" ? [] : [[1, { reason }]];
      }),
    },
  },
  {
    storageKey: "apps/deployments",
    labels: ({ metadata }) => ({ deployment: metadata.name }),
    metrics: {
      kube_deployment_status_replicas_available: (object) => [[numberOf(at(object, "status", "availableReplicas")) ?? 0]],
      kube_deployment_status_condition: conditions,
    },
  },
];

const byName = new Map(kinds.flatMap((kind) => Object.entries(kind.metrics).map(([name, rows]) => [name, { kind, rows }] as const)));

/** The kind that a metric is about, as `group/plural`; undefined for one that is not known. */
export const storageKeyOfMetric = (name: string): string | undefined => byName.get(name)?.kind.storageKey;

const scraped: Labels = { job: "kube-state-metrics", instance: "kube-state-metrics:8080" };

/** What a scrape of kube-state-metrics would have under this name, with the labels that Prometheus adds. */
export const stateSamples = (name: string, list: (storageKey: string) => readonly Stored[]): Sample[] => {
  const found = byName.get(name);
  if (found === undefined) return [];
  return list(found.kind.storageKey).flatMap((object) => {
    const own = { namespace: object.metadata.namespace ?? "", ...found.kind.labels(object), ...scraped, [nameLabel]: name };
    return found.rows(object).map(([value, labels]) => ({ labels: withLabels(own, labels ?? {}), value }));
  });
};
