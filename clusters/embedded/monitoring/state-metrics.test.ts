import { describe, expect, test } from "vitest";
import type { Stored } from "#embedded/json.ts";
import { stateSamples, storageKeyOfMetric } from "#embedded/monitoring/state-metrics.ts";

const meta = { namespace: "shop", name: "web", uid: "u1", resourceVersion: "1", creationTimestamp: "2030-01-01T00:00:00Z" };
const stored = (object: object, metadata: object = {}): Stored =>
  ({ apiVersion: "v1", kind: "Any", ...object, metadata: { ...meta, ...metadata } }) as unknown as Stored;

/** `{label="value"} 1`, without what every sample has. */
const shown = (name: string, object: Stored): string[] =>
  stateSamples(name, () => [object]).map(({ labels, value }) => {
    const { __name__: _name, job: _job, instance: _instance, namespace: _namespace, uid: _uid, ...rest } = labels;
    return `${Object.entries(rest)
      .map(([label, text]) => `${label}=${text}`)
      .join(" ")} ${value}`;
  });

const pod = stored({
  status: {
    containerStatuses: [{ name: "c", ready: false, restartCount: 3, lastState: { terminated: { reason: "OOMKilled", exitCode: 137 } } }],
  },
});

const replicas = stored({
  spec: { replicas: 3 },
  status: { readyReplicas: 2, conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }] },
});

describe("as kube-state-metrics shows it", () => {
  test.each<[string, Stored, string[]]>([
    ["kube_pod_container_status_restarts_total", pod, ["pod=web container=c 3"]],
    ["kube_pod_container_status_ready", pod, ["pod=web container=c 0"]],
    ["kube_pod_container_status_last_terminated_reason", pod, ["pod=web container=c reason=OOMKilled 1"]],
    ["kube_pod_container_status_last_terminated_reason", stored({ status: { containerStatuses: [{ name: "c" }] } }), []],
    ["kube_deployment_status_replicas_available", replicas, ["deployment=web 0"]],
    [
      "kube_deployment_status_condition",
      replicas,
      [
        "deployment=web condition=Progressing status=true 0",
        "deployment=web condition=Progressing status=false 1",
        "deployment=web condition=Progressing status=unknown 0",
      ],
    ],
  ])("%s", (name, object, rows) => expect(shown(name, object)).toEqual(rows));
});

test("a sample has its object's namespace and uid, and says who scraped it", () => {
  expect(stateSamples("kube_pod_container_status_ready", () => [pod])[0]?.labels).toEqual({
    __name__: "kube_pod_container_status_ready",
    namespace: "shop",
    pod: "web",
    container: "c",
    uid: "u1",
    job: "kube-state-metrics",
    instance: "kube-state-metrics:8080",
  });
});

test("an unknown metric has no samples and no kind", () => {
  expect(stateSamples("up", () => [pod])).toEqual([]);
  expect([storageKeyOfMetric("up"), storageKeyOfMetric("kube_pod_container_status_ready")]).toEqual([undefined, "/pods"]);
});
