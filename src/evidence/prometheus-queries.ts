// What Prometheus is asked, as PromQL: of containers and of firing alerts, in the namespaces that are looked at. Pure; asks nothing.
// The metrics are cAdvisor's, by the labels that its kubelet gives them; limits are read from the objects, which every installation has.

/** A label of our own, by which one answer tells several metrics apart. */
export const metricLabel = "kintsugi_metric";

/** Series of each metric at most: three of them fit into one bounded answer. */
const maxSeries = 250;
const maxAlerts = 150;
/** Beyond it the query would not fit into an address: everything is asked for, and what is not looked at left out of the answer. */
const maxNamespaces = 40;
const rateWindow = "5m";
const by = "by (namespace, pod, container)";

/** What is asked for, below the server's own path. It gives up itself when nobody listens any more. */
export const instantQuery = (query: string, timeoutMs: number): string =>
  `api/v1/query?query=${encodeURIComponent(query)}&timeout=${timeoutMs}ms`;

/** What a container or a pod is measured by on a live cluster; metrics.k8s.io has the last two. */
export const liveMetrics = ["cpu_throttled_ratio", "cpu_usage_cores", "memory_working_set_bytes"] as const;

/** By container: how often it was throttled, how much CPU and memory it uses. */
export const containersQuery = (namespaces: readonly string[] | "all"): string => {
  const where = `{${[...inNamespaces(namespaces), 'container!=""', 'container!="POD"'].join(",")}}`;
  const rate = (metric: string): string => `rate(${metric}${where}[${rateWindow}])`;
  // By sums: a container that was restarted within the window has two series, and a ratio of their largest could exceed 1.
  const throttled = `sum ${by} (${rate("container_cpu_cfs_throttled_periods_total")}) / sum ${by} (${rate("container_cpu_cfs_periods_total")})`;
  return [
    named("cpu_throttled_ratio", throttled),
    named("cpu_usage_cores", `max ${by} (${rate("container_cpu_usage_seconds_total")})`),
    named("memory_working_set_bytes", `max ${by} (container_memory_working_set_bytes${where})`),
  ].join(" or ");
};

/** Alerts that fire, each with the time since which its condition holds, where the server keeps that. */
export const firingQuery = (namespaces: readonly string[] | "all"): string => {
  // `none` is the severity of alerts that always fire to prove that alerting works.
  const firing = `ALERTS{${['alertstate="firing"', 'severity!="none"', ...inNamespaces(namespaces)].join(",")}}`;
  return `topk(${maxAlerts}, ${firing} * ignoring(alertstate) ALERTS_FOR_STATE or ignoring(alertstate) ${firing})`;
};

const named = (name: (typeof liveMetrics)[number], expression: string): string =>
  `label_replace(topk(${maxSeries}, ${expression}), "${metricLabel}", "${name}", "", "")`;

/** Names of namespaces have no character that a regular expression or a string of PromQL reads as anything else. */
const inNamespaces = (namespaces: readonly string[] | "all"): readonly string[] => {
  if (namespaces === "all") return [];
  const names = namespaces.filter((name) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name));
  return names.length > maxNamespaces ? [] : [`namespace=~"${names.join("|")}"`];
};
