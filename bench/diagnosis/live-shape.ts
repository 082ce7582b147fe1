// What is left of recorded evidence when only that counts which a live collection provides: the score of the product beside the score of the recording. Pure.
// Kept is a value that a source of src/evidence would compute of the same cluster, by the same name and in the same unit; all else is left out.
import { createView } from "#diagnosis/view.ts";
import { referenceText } from "#api/object.ts";
import { leaseComponents } from "#evidence/components.ts";
import type { Evidence, Metric } from "#evidence/evidence.ts";
import { nodeMetricNames, requestMetricNames, workloadMetricNames } from "#evidence/prometheus-queries.ts";

const workloadKinds = new Set(["Deployment", "StatefulSet", "DaemonSet"]);

export const liveShaped = (evidence: Evidence): Evidence => {
  const meshed = new Set(
    createView(evidence)
      .workloads.filter(({ pods }) => pods.some(({ spec }) => spec.containers.some(({ name }) => name === "istio-proxy")))
      .map(({ reference }) => referenceText(reference)),
  );
  const isLive = ({ object, container, name }: Metric): boolean => {
    if (container !== undefined) return false;
    // node_netstat_Tcp_RetransSegs of node_exporter, as a rate.
    if (object.kind === "Node") return isOneOf(nodeMetricNames, name);
    if (!workloadKinds.has(object.kind)) return false;
    // container_cpu_usage_seconds_total and container_network_{receive,transmit}_packets_total of cAdvisor, as rates. Throttled seconds are not
    // kept: kube-prometheus-stack drops them, and what it has, the share of throttled periods, was not recorded.
    if (isOneOf(workloadMetricNames, name)) return true;
    // istio_requests_total as a rate and quantiles of istio_request_duration_milliseconds: where the recorded pods have the sidecar that counts.
    return isOneOf(requestMetricNames, name) && meshed.has(referenceText(object));
  };
  return {
    ...evidence,
    // Nothing live tries a connection.
    connections: [],
    metrics: evidence.metrics.filter(isLive),
    // Leases show how the kubelet and leader-elected programs are; the state of a unit of systemd has no live source.
    components: evidence.components.filter(({ component }) => leaseComponents.has(component)),
  };
};

const isOneOf = (names: readonly string[], name: string): boolean => names.includes(name);
