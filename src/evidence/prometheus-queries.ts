// What Prometheus is asked, as PromQL: of containers, workloads, requests, nodes and firing alerts, now and before the trouble. Pure; asks nothing.
// The metrics are those of an ordinary installation: cAdvisor in the kubelet, node_exporter and, where there is a mesh, Istio's sidecars.

/** A label of our own, that names the metric of a sample: one answer has several. */
export const metricLabel = "kintsugi_metric";
/** Set on a value of the time before. */
export const beforeLabel = "kintsugi_before";
export const workloadLabel = "kintsugi_workload";

/** By container and by workload. metrics.k8s.io has the last two as well. */
export const containerMetricNames = ["cpu_throttled_ratio", "cpu_usage_cores", "memory_working_set_bytes"] as const;
export const workloadMetricNames = [
  "cpu_usage_cores",
  "network_receive_packets_per_second",
  "network_transmit_packets_per_second",
] as const;
export const requestMetricNames = ["requests_per_second", "request_latency_seconds_p50", "request_latency_seconds_p90"] as const;
export const nodeMetricNames = ["tcp_retransmits"] as const;

export type MetricName =
  | (typeof containerMetricNames)[number]
  | (typeof workloadMetricNames)[number]
  | (typeof requestMetricNames)[number]
  | (typeof nodeMetricNames)[number];

/** Series of each metric at most: all of one query fit into one bounded answer. */
const maxSeries = 250;
const maxAlerts = 150;
/** Beyond it the query would not fit into an address: everything is asked for, and what is not looked at left out of the answer. */
const maxNamespaces = 20;
/** Four samples at a scrape interval of a minute, the slowest that is usual. */
const rateWindow = "5m";
/** The mean over an hour is not moved by one busy minute. */
const usualWindow = "1h";
const by = "by (namespace, pod, container)";

type Namespaces = readonly string[] | "all";

/** What is asked for, below the server's own path. It gives up itself when the caller is gone. */
export const instantQuery = (query: string, timeoutMs: number): string =>
  `api/v1/query?query=${encodeURIComponent(query)}&timeout=${timeoutMs}ms`;

/** By container: how often it was throttled, how much CPU and memory it uses. */
export const containersQuery = (namespaces: Namespaces): string => {
  const where = braces(...inNamespaces("namespace", namespaces), 'container!=""', 'container!="POD"');
  const rate = (metric: string): string => `rate(${metric}${where}[${rateWindow}])`;
  // By sums: a container that was restarted within the window has two series, and a ratio of their largest could exceed 1.
  const throttled = `sum ${by} (${rate("container_cpu_cfs_throttled_periods_total")}) / sum ${by} (${rate("container_cpu_cfs_periods_total")})`;
  return [
    named("cpu_throttled_ratio", throttled),
    named("cpu_usage_cores", `max ${by} (${rate("container_cpu_usage_seconds_total")})`),
    named("memory_working_set_bytes", `max ${by} (container_memory_working_set_bytes${where})`),
  ].join(" or ");
};

/** By workload: CPU of all its containers, and packets of all its pods; each with what is usual. */
export const workloadsQuery = (namespaces: Namespaces, usualAgoMs: number): string => {
  const where = [...inNamespaces("namespace", namespaces), 'pod!=""'];
  const ofWorkload = (metric: string, ...more: string[]): string =>
    `sum by (namespace, ${workloadLabel}) (label_replace(rate(${metric}${braces(...where, ...more)}[${rateWindow}]), "${workloadLabel}", "$1$2$3", "pod", "${podName}"))`;
  return [
    ...withUsual(usualAgoMs, "cpu_usage_cores", ofWorkload("container_cpu_usage_seconds_total", 'container!=""', 'container!="POD"')),
    ...withUsual(usualAgoMs, "network_receive_packets_per_second", ofWorkload("container_network_receive_packets_total")),
    ...withUsual(usualAgoMs, "network_transmit_packets_per_second", ofWorkload("container_network_transmit_packets_total")),
  ].join(" or ");
};

/**
 * By workload that answers: requests, and how long the ordinary one and the slow one of ten take; each with what is usual.
 * As the sidecars of both sides report them, so that time on the way counts and a caller outside the mesh does not hide a request.
 */
export const requestsQuery = (namespaces: Namespaces, usualAgoMs: number): string => {
  const workload = "destination_workload_namespace, destination_workload";
  const where = braces(...inNamespaces("destination_workload_namespace", namespaces), 'destination_workload!="unknown"');
  const asOurs = (expression: string): string =>
    `label_replace(label_replace(${expression}, "namespace", "$1", "destination_workload_namespace", "(.*)"), "${workloadLabel}", "$1", "destination_workload", "(.*)")`;
  const requests = `sum by (${workload}) (rate(istio_requests_total${where}[${rateWindow}]))`;
  const latency = (quantile: number): string =>
    `histogram_quantile(${quantile}, sum by (${workload}, le) (rate(istio_request_duration_milliseconds_bucket${where}[${rateWindow}]))) / 1000`;
  return [
    ...withUsual(usualAgoMs, "requests_per_second", asOurs(requests)),
    ...withUsual(usualAgoMs, "request_latency_seconds_p50", asOurs(latency(0.5))),
    ...withUsual(usualAgoMs, "request_latency_seconds_p90", asOurs(latency(0.9))),
  ].join(" or ");
};

/** By node: TCP segments a second that its own connections sent again. */
export const nodesQuery = (usualAgoMs: number): string =>
  withUsual(usualAgoMs, "tcp_retransmits", `sum by (instance, node) (rate(node_netstat_Tcp_RetransSegs[${rateWindow}]))`).join(" or ");

/** Alerts that fire, each with the time since which its condition holds, where the server keeps that. */
export const firingQuery = (namespaces: Namespaces): string => {
  // `none` is the severity of alerts that always fire to prove that alerting works.
  const firing = `ALERTS${braces('alertstate="firing"', 'severity!="none"', ...inNamespaces("namespace", namespaces))}`;
  return `topk(${maxAlerts}, ${firing} * ignoring(alertstate) ALERTS_FOR_STATE or ignoring(alertstate) ${firing})`;
};

/**
 * The name of a workload in its pod's: `web-7d9c5b8f6-x2z4f` of a Deployment, `agent-x2z4f` of a DaemonSet, `db-0` of a StatefulSet.
 * Kubernetes makes such names of these letters and digits alone. A wrong guess names no workload that exists, and is left out.
 */
const madeOf = "[bcdfghjklmnpqrstvwxz2456789]";
const podName = `(.+)-${madeOf}{4,10}-${madeOf}{5}|(.+)-${madeOf}{5}|(.+)-[0-9]{1,4}`;

/** `usualAgoMs`: the hour that ended this long ago was still an ordinary one. */
const withUsual = (usualAgoMs: number, name: MetricName, expression: string): readonly string[] => [
  named(name, expression),
  `label_replace(${named(name, `avg_over_time((${expression})[${usualWindow}:${rateWindow}] offset ${Math.round(usualAgoMs / 1000)}s)`)}, "${beforeLabel}", "true", "", "")`,
];

const named = (name: MetricName, expression: string): string =>
  `label_replace(topk(${maxSeries}, ${expression}), "${metricLabel}", "${name}", "", "")`;

const braces = (...matchers: readonly string[]): string => `{${matchers.join(",")}}`;

/** Names of namespaces have no character that a regular expression or a string of PromQL reads as anything else. */
const inNamespaces = (label: string, namespaces: Namespaces): readonly string[] => {
  if (namespaces === "all") return [];
  const names = namespaces.filter((name) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name));
  return names.length > maxNamespaces ? [] : [`${label}=~"${names.join("|")}"`];
};
