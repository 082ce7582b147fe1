import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { defaultLabelOrder, parseLabelOrder, reportedObject } from "#cluster/reported-object.ts";

const ksm = { job: "kube-state-metrics", instance: "10.0.0.9:8080", container: "kube-state-metrics", service: "kube-state-metrics" };
/** As a ServiceMonitor labels it that does not drop the target's own pod. */
const ksmTarget = { ...ksm, endpoint: "http", pod: "kube-state-metrics-5f6b7c8d9-x2x7k" };
const nodeExporter = { job: "node-exporter", namespace: "monitoring", pod: "node-exporter-4bq7z", container: "node-exporter" };

test.each<[string, Record<string, string>, string | undefined]>([
  ["a crash-looping pod", { ...ksm, namespace: "shop", pod: "web-1", container: "web" }, "Pod shop/web-1"],
  ["a Deployment, though the exporter's pod is named", { ...ksmTarget, namespace: "shop", deployment: "web" }, "Deployment shop/web"],
  ["a StatefulSet", { ...ksmTarget, namespace: "shop", statefulset: "db" }, "StatefulSet shop/db"],
  ["a DaemonSet", { ...ksmTarget, namespace: "shop", daemonset: "agent" }, "DaemonSet shop/agent"],
  [
    "a failed Job: job is Prometheus' label, job_name the Job's",
    { ...ksmTarget, namespace: "shop", job_name: "migrate" },
    "Job shop/migrate",
  ],
  ["a CronJob", { ...ksmTarget, namespace: "shop", cronjob: "report" }, "CronJob shop/report"],
  ["an autoscaler at its limit", { ...ksmTarget, namespace: "shop", horizontalpodautoscaler: "web" }, "HorizontalPodAutoscaler shop/web"],
  [
    "a claim before the node and pod that measured it",
    { job: "kubelet", node: "n1", namespace: "shop", pod: "db-0", persistentvolumeclaim: "data" },
    "PersistentVolumeClaim shop/data",
  ],
  ["a quota", { ...ksmTarget, namespace: "shop", resourcequota: "small" }, "ResourceQuota shop/small"],
  ["a node, not the exporter that reported it", { ...ksmTarget, namespace: "monitoring", node: "n1", condition: "Ready" }, "Node n1"],
  ["the pod, not the node it runs on", { namespace: "shop", pod: "web-1", node: "n1" }, "Pod shop/web-1"],
  ["an application's own metric names its pod", { job: "web", service: "web", namespace: "shop", pod: "web-1" }, "Pod shop/web-1"],
  ["a Service where nothing closer is named", { job: "web", service: "web", namespace: "shop" }, "Service shop/web"],
  ["a workload of the recording rules", { namespace: "shop", workload: "web", workload_type: "deployment" }, "Deployment shop/web"],
  [
    "exported labels are the alert's own",
    { ...ksmTarget, namespace: "monitoring", exported_namespace: "shop", exported_pod: "web-1" },
    "Pod shop/web-1",
  ],
  [
    "a pod that was not moved aside with its namespace is the exporter's",
    { ...ksmTarget, namespace: "monitoring", exported_namespace: "shop", deployment: "web" },
    "Deployment shop/web",
  ],
  ["the exporter itself, where nothing else is named", { ...ksmTarget, namespace: "monitoring" }, `Pod monitoring/${ksmTarget.pod}`],
  ["a node exporter's node by its instance's name", { ...nodeExporter, instance: "n1" }, "Node n1"],
  ["a node exporter's node by its nodename", { ...nodeExporter, instance: "10.0.0.1:9100", nodename: "n1" }, "Node n1"],
  ["an address is no node", { ...nodeExporter, instance: "10.0.0.1:9100" }, "Pod monitoring/node-exporter-4bq7z"],
  ["a workload of a type that only objects have", { namespace: "shop", workload: "web", workload_type: "constructor" }, "Namespace shop"],
  ["only a namespace", { namespace: "shop" }, "Namespace shop"],
  ["a Deployment without a namespace names nothing", { deployment: "web" }, undefined],
  [
    "an Ingress, though its controller's namespace is named",
    { namespace: "ingress-nginx", exported_namespace: "shop", ingress: "web" },
    "Ingress shop/web",
  ],
  ["a volume is of no namespace", { ...ksmTarget, namespace: "monitoring", persistentvolume: "pv-1" }, "PersistentVolume pv-1"],
  ["Watchdog", { alertname: "Watchdog" }, undefined],
  ["a name that cannot be one", { namespace: "shop", pod: "../../etc" }, "Namespace shop"],
  ["a name that is too long", { namespace: "x".repeat(64), pod: "web-1" }, undefined],
])("%s", (_name, labels, expected) => {
  const found = reportedObject(labels);
  const text = found && `${found.kind} ${found.namespace === undefined ? "" : `${found.namespace}/`}${found.name}`;
  expect(text).toBe(expected);
});

test("a name that it returns is always one of the labels' values", () => {
  const keys = fc.constantFrom(
    "pod",
    "namespace",
    "node",
    "deployment",
    "exported_pod",
    "exported_namespace",
    "job",
    "service",
    "instance",
    "__proto__",
  );
  fc.assert(
    fc.property(
      fc.dictionary(keys, fc.oneof(fc.string(), fc.constantFrom("web", "shop", "kube-state-metrics", "node-exporter"))),
      (labels) => {
        const found = reportedObject(labels);
        if (found === undefined) return;
        const values = Object.values(labels).map((value) => value.replace(/:\d+$/, ""));
        expect(values).toContain(found.name);
        if (found.namespace !== undefined) expect(values).toContain(found.namespace);
      },
    ),
  );
});

describe("an order of one's own", () => {
  const labels = { namespace: "shop", deployment: "web", pod: "web-1", rollout: "canary", cluster_issuer: "ca" };
  test.each<[string, unknown]>([
    ["default", { kind: "Deployment", namespace: "shop", name: "web" }],
    ["pod,default", { kind: "Pod", namespace: "shop", name: "web-1" }],
    [
      "rollout=argoproj.io/v1alpha1/Rollout,default",
      { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", namespace: "shop", name: "canary" },
    ],
    ["cluster_issuer=cert-manager.io/v1/ClusterIssuer@cluster", { apiVersion: "cert-manager.io/v1", kind: "ClusterIssuer", name: "ca" }],
    ["rollout=Deployment", { kind: "Deployment", namespace: "shop", name: "canary" }],
    ["rollout=apps/v1/Deployment", { kind: "Deployment", namespace: "shop", name: "canary" }],
    ["rollout=Node", { kind: "Node", name: "canary" }],
    [" service , namespace ", { kind: "Namespace", name: "shop" }],
    ["service", undefined],
  ])("%s", (text, expected) => {
    expect(reportedObject(labels, parseLabelOrder(text))).toEqual(expected);
  });

  test.each<[string, RegExp]>([
    ["", /"" is not a label/],
    ["pod,pod", /"pod" is in the order twice/],
    ["rollout", /write rollout=Kind/],
    ["rollout=Rollout", /"Rollout" is not a built-in kind/],
    ["rollout=rollout", /"rollout" is not a kind/],
    ["rollout=a b/v1/Rollout", /is not a group and version/],
    ["rollout=a.b/v1/Rollout@everywhere", /only @cluster/],
    ["a-b=Pod", /"a-b" is not a label/],
    [Array.from({ length: 65 }, (_, index) => `l${index}=Pod`).join(","), /at most 64/],
  ])("%s is refused with the entry that is wrong", (text, message) => {
    expect(() => parseLabelOrder(text)).toThrow(message);
  });

  test("the default order names every label once", () => {
    const order = defaultLabelOrder.map(({ label }) => label);
    expect(new Set(order).size).toBe(order.length);
    expect(parseLabelOrder(order.join(",")).map(({ label }) => label)).toEqual(order);
    expect(parseLabelOrder(`pod,default`)).toHaveLength(order.length);
  });
});
