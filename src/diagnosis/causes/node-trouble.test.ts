// Faults of whole nodes and of what they carry: programs that are down, networks that delay or lose, CPU that is used up.
import { describe, expect, test } from "vitest";
import type { Deployment, Pod } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { cpuOverload } from "#diagnosis/causes/cpu-overload.ts";
import { memoryLimitBelowStart } from "#diagnosis/causes/memory-limit-below-start.ts";
import { nodeNetworkBad } from "#diagnosis/causes/node-network-bad.ts";
import { kubeProxyDown } from "#diagnosis/causes/kube-proxy-down.ts";
import { containerRuntimeDown, kubeletDown } from "#diagnosis/causes/node-program-down.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence, Metric } from "#evidence/evidence.ts";
import { containerStatus, evidence, objects, podsOf, warning } from "#test/evidence-sketch.ts";

const causes = [kubeletDown, containerRuntimeDown, kubeProxyDown, cpuOverload, memoryLimitBelowStart, ...nodeNetworkBad];
const found = (given: Evidence): string[] =>
  causes.flatMap((cause) =>
    cause.find(createView(given)).flatMap((each) => ("found" in each ? [`${each.found.code} ${each.found.object.name}`] : [])),
  );

const node = (name: string, ready = "True", message = "kubelet is posting ready status"): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, uid: name, resourceVersion: "1", creationTimestamp: "2027-01-01T00:00:00Z" },
    status: { conditions: [{ type: "Ready", status: ready, message }] },
  }) as KubeObject;
const state = (component: string, on: string, is: "running" | "stopped"): Evidence["components"][number] => ({
  component,
  node: on,
  state: is,
  text: is === "running" ? "active (running)" : "inactive (dead)",
});

const deployment = (name: string): Deployment =>
  objects(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: 1
  selector: { matchLabels: { app: ${name} } }
  template: { metadata: { labels: { app: ${name} } }, spec: { containers: [{ name: main, image: "x:1", resources: { limits: { cpu: 200m, memory: 2Mi } } }] } }
`)[0] as Deployment;
const [proxyDaemonSet] = objects(`
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: kube-proxy, namespace: kube-system }
spec:
  selector: { matchLabels: { k8s-app: kube-proxy } }
  template: { metadata: { labels: { k8s-app: kube-proxy } }, spec: { hostNetwork: true, containers: [{ name: kube-proxy, image: "x:1" }] } }
`) as [KubeObject];
const withAddress = ({ spec: { template } }: Deployment, service: string): Deployment["spec"]["template"] => ({
  ...template,
  spec: {
    ...template.spec,
    containers: template.spec.containers.map((each) => ({ ...each, env: [{ name: "BACKEND", value: `${service}:80` }] })),
  },
});
const [web, api, db] = [deployment("web"), deployment("api"), deployment("db")];

describe("a program of a node", () => {
  test("the kubelet: stopped, or silent where its state was not read", () => {
    expect(found(evidence({ objects: [node("a", "Unknown")], components: [state("kubelet", "a", "stopped")] }))).toEqual(["KubeletDown a"]);
    expect(found(evidence({ objects: [node("a", "Unknown", "Kubelet stopped posting node status.")] }))).toEqual(["KubeletDown a"]);
  });
  test("not the kubelet where it is seen to run, or the node is well", () => {
    expect(found(evidence({ objects: [node("a", "Unknown")], components: [state("kubelet", "a", "running")] }))).toEqual([]);
    expect(found(evidence({ objects: [node("a")] }))).toEqual([]);
  });
  test("the container runtime: stopped, and the kubelet that cannot work for it is not blamed", () => {
    const components = [state("containerd", "a", "stopped"), state("kubelet", "a", "running")];
    expect(found(evidence({ objects: [node("a", "False", "container runtime is down")], components }))).toEqual(["ContainerRuntimeDown a"]);
    expect(found(evidence({ objects: [node("a", "False", "[container runtime is down, PLEG is not healthy]")] }))).toEqual([
      "ContainerRuntimeDown a",
    ]);
  });
  test("not the runtime of a node that is not ready for its network", () => {
    expect(found(evidence({ objects: [node("a", "False", "container runtime network not ready: cni plugin not initialized")] }))).toEqual(
      [],
    );
  });
  const attempt = (from: string, service: string, result: "open" | "failed"): Evidence["connections"][number] => ({
    from: { apiVersion: "v1", kind: "Node", name: from },
    namespace: "shop",
    service,
    port: 80,
    result,
    text: result,
  });
  const services = ["x", "y", "z"];
  test("kube-proxy: from one node alone Services cannot be reached", () => {
    const connections = services.flatMap((each) => [attempt("a", each, "failed"), attempt("b", each, "open")]);
    expect(found(evidence({ objects: [node("a"), node("b")], connections }))).toEqual(["KubeProxyDown a"]);
    expect(found(evidence({ objects: [node("a"), node("b")], connections, components: [state("kube-proxy", "a", "stopped")] }))).toEqual([
      "KubeProxyDown a",
    ]);
  });
  test("not kube-proxy where no node reaches them, where it is seen to run, or where the node is gone", () => {
    const everywhere = services.flatMap((each) => [attempt("a", each, "failed"), attempt("b", each, "failed")]);
    expect(found(evidence({ objects: [node("a"), node("b")], connections: everywhere }))).toEqual([]);
    const alone = services.flatMap((each) => [attempt("a", each, "failed"), attempt("b", each, "open")]);
    expect(
      found(evidence({ objects: [node("a"), node("b")], connections: alone, components: [state("kube-proxy", "a", "running")] })),
    ).toEqual([]);
    expect(found(evidence({ objects: [node("a", "Unknown"), node("b")], connections: alone }))).toEqual(["KubeletDown a"]);
  });

  describe("kube-proxy by the logs of a caller", () => {
    const serviceAt = (name: string, clusterIP: string): KubeObject[] =>
      objects(
        `{ apiVersion: v1, kind: Service, metadata: { name: ${name} }, spec: { clusterIP: ${clusterIP}, selector: { app: ${name} }, ports: [{ port: 80 }] } }`,
      );
    const [cart, stock, caller] = [deployment("cart"), deployment("stock"), deployment("caller")];
    const given = (lines: readonly string[], more: readonly KubeObject[] = [], from = "a"): string[] => {
      const callers = podsOf(caller, { spec: { nodeName: from } });
      return found(
        evidence({
          objects: [
            ...[node("a"), node("b"), cart, stock, caller, ...callers],
            ...[cart, stock].flatMap((each) => podsOf(each, { spec: { nodeName: "b" } })),
            ...[...serviceAt("cart", "10.96.0.7"), ...serviceAt("stock", "10.96.0.8"), ...more],
          ],
          logs: [{ namespace: "shop", pod: callers.at(-1)!.metadata.name, container: "main", run: "current", text: lines.join("\n") }],
        }),
      );
    };
    const timeout = (address: string): string => `dial tcp ${address}: i/o timeout`;
    const both = ["10.96.0.7:80", "10.96.0.8:80"].map(timeout);

    test("two Services with ready pods time out on its node and on no other", () => {
      expect(given(both)).toEqual(["KubeProxyDown a"]);
      expect(given(both, [], "b")).toEqual(["KubeProxyDown b"]);
    });
    test.each<[string, readonly string[], (readonly KubeObject[])?]>([
      ["one Service alone", [timeout("10.96.0.7:80")]],
      ["addresses that are longer", ["10.96.0.7:8080", "110.96.0.8:80"].map(timeout)],
      ["pods called by their own addresses", ["10.0.0.7:80", "10.0.0.8:80"].map(timeout)],
      [
        "refusals, which are answers",
        ["10.96.0.7:80", "10.96.0.8:80"].map((address) => `dial tcp ${address}: connect: connection refused`),
      ],
      [
        "network policies, which drop packets",
        both,
        objects("{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: strict }, spec: {} }"),
      ],
      ["a kube-proxy that is ready there", both, podsOf(proxyDaemonSet, { spec: { nodeName: "a" } })],
    ])("not by %s", (_, lines, more) => {
      expect(given(lines, more)).toEqual([]);
    });
    test("its pod is not ready: no log is needed", () => {
      const unready = podsOf(proxyDaemonSet, { spec: { nodeName: "a" }, status: { conditions: [{ type: "Ready", status: "False" }] } });
      expect(given([], unready)).toEqual(["KubeProxyDown a"]);
    });
  });
});

const of = (object: KubeObject, name: string, value: number, usual: number): Metric => ({
  object: {
    apiVersion: object.apiVersion,
    kind: object.kind,
    ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
    name: object.metadata.name,
  },
  name,
  value,
  usual,
});

describe("the network of a node", () => {
  const [a, b] = [node("node-a"), node("node-b")];
  const given = (metrics: readonly Metric[]): string[] =>
    found(
      evidence({
        objects: [a, b, web, ...podsOf(web, {}), api, ...podsOf(api, {}), db, ...podsOf(db, { spec: { nodeName: "node-b" } })],
        metrics,
      }),
    );
  const tails = [of(web, "request_latency_seconds_p90", 0.9, 0.03), of(api, "request_latency_seconds_p90", 0.4, 0.005)];
  const medians = [of(web, "request_latency_seconds_p50", 3, 0.02), of(api, "request_latency_seconds_p50", 1, 0.003)];
  test("loses packets: many retransmits, and some requests wait", () => {
    expect(given([of(a, "tcp_retransmits", 7, 0), of(b, "tcp_retransmits", 1, 0), ...tails])).toEqual(["NodePacketLoss node-a"]);
  });
  test("delays them: few retransmits, and every request waits", () => {
    expect(given([of(a, "tcp_retransmits", 0.9, 0), of(b, "tcp_retransmits", 0, 0), ...medians])).toEqual(["NodeNetworkDelay node-a"]);
  });
  test("delays them where the slow ones are that call no slow one, whichever end of the connections retransmits", () => {
    const caller = { ...web, spec: { ...web.spec, template: withAddress(web, "api") } } as Deployment;
    const services = objects(
      "{ apiVersion: v1, kind: Service, metadata: { name: api }, spec: { selector: { app: api }, ports: [{ port: 80 }] } }",
    );
    const scene = [a, b, caller, ...podsOf(caller, {}), api, ...podsOf(api, { spec: { nodeName: "node-b" } }), ...services];
    const retransmits = [of(a, "tcp_retransmits", 0.9, 0), of(b, "tcp_retransmits", 0, 0)];
    expect(found(evidence({ objects: scene, metrics: [...retransmits, ...medians] }))).toEqual(["NodeNetworkDelay node-b"]);
  });
  test("is not to blame where it retransmits as ever, or one workload alone is slow", () => {
    expect(given([of(a, "tcp_retransmits", 7, 6), ...tails])).toEqual([]);
    expect(given([of(a, "tcp_retransmits", 0.9, 0), medians[0] as Metric])).toEqual([]);
  });
});

describe("CPU that is used up", () => {
  const given = (metrics: readonly Metric[]): string[] => found(evidence({ objects: [node("node-a"), web, ...podsOf(web, {})], metrics }));
  test("is found where it is throttled at its limit without more work", () => {
    expect(
      given([of(web, "cpu_usage_cores", 0.18, 0.03), of(web, "cpu_throttled_seconds", 1.2, 0.01), of(web, "requests_per_second", 90, 90)]),
    ).toEqual(["CpuOverload web"]);
  });
  test("is not found where it is throttled as ever, nor where it is only busy", () => {
    expect(given([of(web, "cpu_usage_cores", 0.18, 0.17), of(web, "cpu_throttled_seconds", 0.5, 0.4)])).toEqual([]);
    expect(given([of(web, "cpu_usage_cores", 0.18, 0.03), of(web, "cpu_throttled_seconds", 0, 0)])).toEqual([]);
  });
  test("is found without a measure of throttling only where all that it may use is suddenly used", () => {
    expect(given([of(web, "cpu_usage_cores", 0.19, 0.03)])).toEqual(["CpuOverload web"]);
    expect(given([of(web, "cpu_usage_cores", 0.19, 0.15)])).toEqual([]);
    expect(given([of(web, "cpu_usage_cores", 0.1, 0.01)])).toEqual([]);
    const { usual: _usual, ...now } = of(web, "cpu_usage_cores", 0.19, 0);
    expect(given([now])).toEqual([]);
  });
  test("is not found in a program that has just started", () => {
    const containerStatuses = [containerStatus("main", { running: { startedAt: "2027-03-01T13:57:00Z" } })];
    const objectsNow = [node("node-a"), web, ...podsOf(web, { status: { containerStatuses } })];
    expect(found(evidence({ objects: objectsNow, metrics: [of(web, "cpu_usage_cores", 0.19, 0.03)] }))).toEqual([]);
  });
});

describe("a memory limit below what a container needs to be set up", () => {
  const made = podsOf(web, { status: { phase: "Pending", conditions: [{ type: "Ready", status: "False" }], containerStatuses: [] } });
  const pod = made.at(-1) as Pod;
  const oom =
    "Failed to create pod sandbox: runc create failed: unable to start container process: container init was OOM-killed (memory limit too low?)";
  test("is found in the runtime's words", () => {
    expect(found(evidence({ objects: [web, ...made], events: [warning(pod, "FailedCreatePodSandBox", oom)] }))).toEqual([
      "MemoryLimitBelowStart web",
    ]);
  });
  test("is found of a container that never began, whose pod counts as running", () => {
    const message = `failed to create containerd task: ${oom}`;
    const lastState = { terminated: { exitCode: 128, reason: "StartError", message, startedAt: "", finishedAt: "2027-03-01T13:58:00Z" } };
    const status = {
      conditions: [{ type: "Ready", status: "False" }],
      containerStatuses: [{ ...containerStatus("main", { waiting: { reason: "CrashLoopBackOff" } }), lastState }],
    };
    expect(found(evidence({ objects: [web, ...podsOf(web, { status })] }))).toEqual(["MemoryLimitBelowStart web"]);
  });
  test("is found where the runtime's first process is gone at once and had hardly any memory", () => {
    const broken = "runc create failed: can't copy bootstrap data to pipe: write init-p: broken pipe";
    const events = [warning(pod, "FailedCreatePodSandBox", broken)];
    expect(found(evidence({ objects: [web, ...made], events }))).toEqual(["MemoryLimitBelowStart web"]);
    const [roomy] = objects(JSON.stringify(web).replace("2Mi", "64Mi")) as [Deployment];
    expect(found(evidence({ objects: [roomy, ...made], events }))).toEqual([]);
  });
  test("is not found of another failure of the sandbox, nor of a pod that runs by now", () => {
    expect(
      found(evidence({ objects: [web, ...made], events: [warning(pod, "FailedCreatePodSandBox", "failed to setup network for sandbox")] })),
    ).toEqual([]);
    const running = podsOf(web, {});
    expect(
      found(evidence({ objects: [web, ...running], events: [warning(running.at(-1) as Pod, "FailedCreatePodSandBox", oom)] })),
    ).toEqual([]);
  });
});
