// The adapter on recordings of our own making, in the form of kubectl's output.
import { describe, expect, test } from "vitest";
import type { Container, Deployment, EndpointSlice, Node, PersistentVolumeClaim, Pod, ResourceQuota, Service } from "#api/kubernetes.ts";
import type { Evidence, ObservedSecret } from "#evidence/evidence.ts";
import { recordedEvidence } from "#bench/diagnosis/recorded/recorded-evidence.ts";

const key = (tool: string, args: object): string => `${tool}:${JSON.stringify(args)}`;
const described = (type: string, name: string, text: string): Record<string, string> => ({
  [key("DescribeResource", { resource_type: type, name, namespace: "shop" })]: text,
});
const listed = (type: string, text: string): Record<string, string> => ({
  [key("GetResources", { resource_type: type, name: "", namespace: "shop" })]: text,
});
const evidenceOf = (...parts: readonly Record<string, unknown>[]): Evidence =>
  recordedEvidence({ cache: Object.assign({ collection_timestamp: "2027-03-01T22:00:00.5" }, ...parts) as Record<string, unknown> });
const only = (evidence: Evidence, kind: string): unknown => evidence.objects.find((object) => object.kind === kind);

const pod = described(
  "pods",
  "web-7d9c5b8f6-bx2z4",
  `Name:             web-7d9c5b8f6-bx2z4
Namespace:        shop
Priority:         0
Service Account:  web
Node:             node-a/10.0.0.1
Start Time:       Mon, 01 Mar 2027 21:50:00 +0800
Labels:           app=web
                  pod-template-hash=7d9c5b8f6
Annotations:      <none>
Status:           Running
IP:               10.1.0.7
IPs:
  IP:           10.1.0.7
Controlled By:  ReplicaSet/web-7d9c5b8f6
Containers:
  main:
    Container ID:   containerd://abc
    Image:          registry.test/web:1.2
    Image ID:       registry.test/web@sha256:00
    Ports:          8080/TCP, 9090/TCP
    Host Ports:     0/TCP, 0/TCP
    Command:
      sh
      -c
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       Error
      Exit Code:    137
      Started:      Mon, 01 Mar 2027 21:59:00 +0800
      Finished:     Mon, 01 Mar 2027 21:59:30 +0800
    Ready:          False
    Restart Count:  3
    Limits:
      memory:  128Mi
    Requests:
      cpu:      100m
    Liveness:   http-get http://:8080/live%3Ffull delay=5s timeout=1s period=10s #success=1 #failure=3
    Readiness:  grpc <pod>:9090  delay=1s timeout=2s period=3s #success=1 #failure=4
    Startup:    tcp-socket :http delay=0s timeout=1s period=10s #success=1 #failure=30
    Environment Variables from:
      web-settings  ConfigMap  Optional: true
    Environment:
      DB_ADDR:      db:5432
      DB_PASSWORD:  <set to the key 'password' in secret 'db-login'>  Optional: false
      MODE:         <set to the key 'mode' of config map 'web-mode'>  Optional: true
      POD:          web-7d9c5b8f6-bx2z4 (v1:metadata.name)
    Mounts:
      /data from data (rw,path="sub")
      /var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-x (ro)
Conditions:
  Type                        Status
  Ready                       False 
  PodScheduled                True 
Volumes:
  data:
    Type:       PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)
    ClaimName:  web-data
    ReadOnly:   false
  kube-api-access-x:
    Type:                    Projected (a volume that contains injected data from multiple sources)
QoS Class:                   Burstable
Node-Selectors:              disk=ssd
Tolerations:                 dedicated=web:NoSchedule
                             node.kubernetes.io/not-ready:NoExecute op=Exists for 300s
Events:
  Type     Reason     Age                  From     Message
  ----     ------     ----                 ----     -------
  Normal   Pulled     10m                  kubelet  Container image already present
  Warning  Unhealthy  30s (x12 over 9m)    kubelet  Liveness probe failed: HTTP probe failed with statuscode: 500
`,
);

describe("a described pod", () => {
  const evidence = evidenceOf(pod);
  const found = only(evidence, "Pod") as Pod;
  const container = found.spec.containers[0] as Container;

  test("keeps its owner, labels, node and times in UTC", () => {
    expect(found.metadata).toMatchObject({
      name: "web-7d9c5b8f6-bx2z4",
      namespace: "shop",
      creationTimestamp: "2027-03-01T13:50:00Z",
      labels: { app: "web", "pod-template-hash": "7d9c5b8f6" },
      ownerReferences: [{ kind: "ReplicaSet", name: "web-7d9c5b8f6", controller: true }],
    });
    expect(found.spec).toMatchObject({ nodeName: "node-a", serviceAccountName: "web", nodeSelector: { disk: "ssd" } });
    expect(found.status).toMatchObject({ phase: "Running", podIP: "10.1.0.7" });
    expect(evidence.collectedAt).toBe("2027-03-01T14:00:00Z");
  });

  test("keeps its probes by kind, with all their times", () => {
    expect(container.livenessProbe).toEqual({
      httpGet: { scheme: "HTTP", port: 8080, path: "/live%3Ffull" },
      initialDelaySeconds: 5,
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    });
    expect(container.readinessProbe).toMatchObject({ grpc: { port: 9090 }, timeoutSeconds: 2, failureThreshold: 4 });
    expect(container.startupProbe).toMatchObject({ tcpSocket: { port: "http" }, failureThreshold: 30 });
  });

  test("keeps where its variables come from", () => {
    expect(container.env).toEqual([
      { name: "DB_ADDR", value: "db:5432" },
      { name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "db-login", key: "password", optional: false } } },
      { name: "MODE", valueFrom: { configMapKeyRef: { name: "web-mode", key: "mode", optional: true } } },
      { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ]);
    expect(container.envFrom).toEqual([{ configMapRef: { name: "web-settings", optional: true } }]);
  });

  test("keeps ports, resources, mounts, volumes and tolerations", () => {
    expect(container.ports).toEqual([
      { containerPort: 8080, protocol: "TCP" },
      { containerPort: 9090, protocol: "TCP" },
    ]);
    expect(container).toMatchObject({ command: ["sh", "-c"], resources: { limits: { memory: "128Mi" }, requests: { cpu: "100m" } } });
    expect(container.volumeMounts?.[0]).toEqual({ name: "data", mountPath: "/data", subPath: "sub" });
    expect(found.spec.volumes?.[0]).toEqual({ name: "data", persistentVolumeClaim: { claimName: "web-data" } });
    expect(found.spec["tolerations"]).toEqual([
      { key: "dedicated", operator: "Equal", value: "web", effect: "NoSchedule" },
      { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
    ]);
  });

  test("keeps how its container ended, and how often", () => {
    expect(found.status?.containerStatuses?.[0]).toMatchObject({
      ready: false,
      restartCount: 3,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { reason: "Error", exitCode: 137, finishedAt: "2027-03-01T13:59:30Z" } },
    });
  });

  test("brings its events with it, newest first and counted", () => {
    expect(evidence.events[0]).toMatchObject({
      object: "Pod shop/web-7d9c5b8f6-bx2z4",
      type: "Warning",
      reason: "Unhealthy",
      count: 12,
      lastAt: "2027-03-01T13:59:30Z",
      firstAt: "2027-03-01T13:51:00Z",
    });
  });
});

test("why a pod is not scheduled is in its condition, as the scheduler writes it", () => {
  const evidence = evidenceOf(
    described(
      "pods",
      "web-1",
      `Name:             web-1
Namespace:        shop
Node:             <none>
Status:           Pending
Conditions:
  Type           Status
  PodScheduled   False 
Events:
  Type     Reason            Age  From               Message
  ----     ------            ---  ----               -------
  Warning  FailedScheduling  5s   default-scheduler  0/2 nodes are available: 2 Insufficient cpu.
`,
    ),
  );
  const found = only(evidence, "Pod") as Pod;
  expect(found.spec.nodeName).toBeUndefined();
  expect(found.status?.conditions).toEqual([
    { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/2 nodes are available: 2 Insufficient cpu." },
  ]);
});

test("a Deployment is what describe shows, with what it hides filled in from the manifest", () => {
  const evidence = evidenceOf(
    described(
      "deployments",
      "web",
      `Name:                   web
Namespace:              shop
CreationTimestamp:      Mon, 01 Mar 2027 21:00:00 +0800
Labels:                 app=web
Annotations:            deployment.kubernetes.io/revision: 4
Selector:               app=web
Replicas:               3 desired | 2 updated | 3 total | 1 available | 2 unavailable
StrategyType:           RollingUpdate
RollingUpdateStrategy:  25% max unavailable, 1 max surge
Pod Template:
  Labels:           app=web
  Service Account:  web
  Containers:
   main:
    Image:      registry.test/web:live
    Port:       8080/TCP
    Host Port:  0/TCP
    Environment:   <none>
    Mounts:        <none>
  Volumes:         <none>
  Node-Selectors:  <none>
  Tolerations:     <none>
Conditions:
  Type           Status  Reason
  ----           ------  ------
  Available      False   MinimumReplicasUnavailable
Events:          <none>
`,
    ),
    {
      [key("GetAppYAML", { app_name: "web" })]: `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  template:
    spec:
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } }
      imagePullSecrets: [{ name: pull }]
      containers: [{ name: main, image: "registry.test/web:wanted", ports: [{ name: http, containerPort: 8080 }] }]
---
apiVersion: v1
kind: Secret
metadata: { name: hidden, namespace: shop }
stringData: { password: hunter2 }
`,
    },
  );
  const found = only(evidence, "Deployment") as Deployment;
  expect(found.spec.replicas).toBe(3);
  expect(found.status).toMatchObject({ updatedReplicas: 2, availableReplicas: 1, conditions: [{ reason: "MinimumReplicasUnavailable" }] });
  expect(found.metadata.annotations).toEqual({ "deployment.kubernetes.io/revision": "4" });
  expect(found.spec.template.spec.containers[0]).toMatchObject({
    image: "registry.test/web:live",
    ports: [{ containerPort: 8080, name: "http" }],
  });
  expect(found.spec.template.spec).toMatchObject({
    imagePullSecrets: [{ name: "pull" }],
    affinity: { podAntiAffinity: expect.anything() as unknown },
  });
  expect(JSON.stringify(evidence)).not.toContain("hunter2");
});

test("Services keep each port with its target; Endpoints become a slice", () => {
  const evidence = evidenceOf(
    described(
      "services",
      "web",
      `Name:                     web
Namespace:                shop
Selector:                 app=web,tier=front
Type:                     NodePort
IP:                       10.2.0.1
Port:                     http  80/TCP
TargetPort:               web/TCP
NodePort:                 http  30080/TCP
Endpoints:                10.1.0.7:8080
Port:                     dns  53/UDP
TargetPort:               5353/UDP
Endpoints:                10.1.0.7:5353
Events:                   <none>
`,
    ),
    described(
      "endpoints",
      "web",
      `Name:         web
Namespace:    shop
Subsets:
  Addresses:          10.1.0.7
  NotReadyAddresses:  10.1.0.8,10.1.0.9
  Ports:
    Name     Port  Protocol
    ----     ----  --------
    <unset>  8080  TCP

Events:  <none>
`,
    ),
  );
  expect((only(evidence, "Service") as Service).spec).toEqual({
    type: "NodePort",
    clusterIP: "10.2.0.1",
    selector: { app: "web", tier: "front" },
    ports: [
      { name: "http", port: 80, protocol: "TCP", targetPort: "web", nodePort: 30080 },
      { name: "dns", port: 53, protocol: "UDP", targetPort: 5353 },
    ],
  });
  const slice = only(evidence, "EndpointSlice") as EndpointSlice;
  expect(slice.metadata.labels?.["kubernetes.io/service-name"]).toBe("web");
  expect(slice.endpoints?.map(({ conditions }) => conditions?.ready)).toEqual([true, false, false]);
  expect(slice.ports).toEqual([{ port: 8080, protocol: "TCP" }]);
});

test("nodes, claims and quotas", () => {
  const evidence = evidenceOf(
    described(
      "nodes",
      "node-a",
      `Name:               node-a
Labels:             disk=ssd
                    zone=
CreationTimestamp:  Mon, 01 Mar 2027 08:00:00 +0800
Taints:             dedicated=db:NoSchedule
                    node.kubernetes.io/unschedulable:NoSchedule
Unschedulable:      true
Conditions:
  Type    Status   LastHeartbeatTime                 LastTransitionTime                Reason             Message
  ----    ------   -----------------                 ------------------                ------             -------
  Ready   Unknown  Mon, 01 Mar 2027 21:58:00 +0800   Mon, 01 Mar 2027 21:59:00 +0800   NodeStatusUnknown  Kubelet stopped posting node status.
Capacity:
  cpu:     8
Allocatable:
  cpu:     8
  memory:  16Gi
Allocated resources:
  (Total limits may be over 100 percent, i.e., overcommitted.)
  Resource  Requests      Limits
  --------  --------      ------
  cpu       1500m (18%)   0 (0%)
  memory    1Gi (6%)      0 (0%)
Events:     <none>
`,
    ),
    described(
      "persistentvolumeclaims",
      "data",
      `Name:          data
Namespace:     shop
StorageClass:  
Status:        Pending
Volume:        
Access Modes:  
VolumeMode:    Filesystem
Events:        <none>
`,
    ),
    described(
      "resourcequota",
      "limits",
      "Name:         limits\nNamespace:    shop\nResource      Used  Hard\n--------      ----  ----\npods          4     4\nrequests.cpu  1     2\n",
    ),
    {
      [key("GetAppYAML", { app_name: "web" })]:
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: data, namespace: shop }\nspec: { accessModes: [ReadWriteMany], selector: { matchLabels: { tier: gold } }, resources: { requests: { storage: 5Gi } } }\n",
    },
  );
  const node = only(evidence, "Node") as Node;
  expect(node.spec).toEqual({
    unschedulable: true,
    taints: [
      { key: "dedicated", value: "db", effect: "NoSchedule" },
      { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" },
    ],
  });
  expect(node.metadata.labels).toEqual({ disk: "ssd", zone: "" });
  expect(node.status).toMatchObject({ conditions: [{ type: "Ready", status: "Unknown" }], allocatable: { memory: "16Gi" } });
  expect(evidence.metrics).toMatchObject([
    { name: "cpu_requested_cores", value: 1.5 },
    { name: "memory_requested_bytes", value: 1024 ** 3 },
  ]);
  expect(only(evidence, "PersistentVolumeClaim") as PersistentVolumeClaim).toMatchObject({
    spec: { accessModes: ["ReadWriteMany"], selector: { matchLabels: { tier: "gold" } }, resources: { requests: { storage: "5Gi" } } },
    status: { phase: "Pending" },
  });
  expect((only(evidence, "ResourceQuota") as ResourceQuota).status).toEqual({
    hard: { pods: "4", "requests.cpu": "2" },
    used: { pods: "4", "requests.cpu": "1" },
  });
});

test("of a Secret the names of its keys are kept, also where its YAML was recorded", () => {
  const evidence = evidenceOf(
    described(
      "secrets",
      "login",
      "Name:         login\nNamespace:    shop\nType:  Opaque\n\nData\n====\npassword:  8 bytes\nuser:      2 bytes\n",
    ),
    {
      [key("GetResources", { resource_type: "secrets", name: "login", namespace: "shop", output_yaml: true })]:
        "apiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: shop}\ndata: {password: aHVudGVyMg==}\n",
    },
  );
  expect(only(evidence, "Secret") as ObservedSecret).toMatchObject({ type: "Opaque", keys: ["password", "user"] });
  expect(JSON.stringify(evidence)).not.toContain("aHVudGVyMg==");
});

test("a list counts as read only where every name in it was looked at", () => {
  const head = "NAME                  READY   STATUS    RESTARTS   AGE\nweb-7d9c5b8f6-bx2z4   0/1     Running   3          10m\n";
  expect(evidenceOf(pod, listed("pods", head), listed("jobs", "")).read).toEqual([
    { kind: "Pod", namespace: "shop" },
    { kind: "Job", namespace: "shop" },
  ]);
  expect(evidenceOf(pod, listed("pods", `${head}other-1               1/1     Running   0          10m\n`)).read).toEqual([]);
  expect(evidenceOf(listed("pods", "Error from server (Forbidden)")).read).toEqual([]);
});

test("error lines, connections, programs of nodes and alerts", () => {
  const evidence = evidenceOf(pod, {
    [key("GetErrorLogs", { namespace: "shop", service_name: "web" })]: JSON.stringify({
      patterns: [{ count: 7, sample: "dial tcp 10.2.0.9:5432: connection refused" }],
    }),
    [key("CheckServiceConnectivity", { namespace: "shop", service_name: "web", port: 80 })]:
      "=== Service web:80 Connectivity test report ===\nDebug Pod test results deployed on node-a: web (10.2.0.1:80) open\nConnection Succeeded\nDebug Pod test results deployed on node-b: Connection Failed",
    "CheckServiceConnectivity-shop-my-db-5432": "Connection Failed",
    [key("CheckNodeServiceStatus", { node_name: "node-a", service_name: "kubelet" })]:
      "Service: kubelet\nStatus: ● kubelet.service\n     Active: inactive (dead) since Mon\n",
    [key("GetAlerts", {})]: { alerts: [{ type: "Node", name: "node-a", evidence: ["NETWORK [Retransmits] | 0 -> 5"] }] },
  });
  expect(evidence.logs).toEqual([
    { namespace: "shop", pod: "web-7d9c5b8f6-bx2z4", run: "current", count: 7, text: "dial tcp 10.2.0.9:5432: connection refused" },
  ]);
  expect(evidence.connections).toMatchObject([
    { from: { name: "node-a" }, service: "web", port: 80, result: "open" },
    { from: { name: "node-b" }, service: "web", port: 80, result: "failed" },
    { service: "my-db", port: 5432, result: "failed" },
  ]);
  expect(evidence.components).toMatchObject([{ component: "kubelet", node: "node-a", state: "stopped" }]);
  expect(evidence.alerts).toMatchObject([{ name: "NETWORK", labels: { node: "node-a" } }]);
});

test("logs by container and run keep both", () => {
  const evidence = evidenceOf(pod, {
    [key("GetErrorLogs", { namespace: "shop", service_name: "web" })]: { main: ["one", "two"], previous: ["before"] },
  });
  expect(evidence.logs).toEqual([
    { namespace: "shop", pod: "web-7d9c5b8f6-bx2z4", container: "main", run: "current", text: "one\ntwo" },
    { namespace: "shop", pod: "web-7d9c5b8f6-bx2z4", run: "previous", text: "before" },
  ]);
});

test("samples become what they were while the trouble lasted, and before", () => {
  const evidence = recordedEvidence({
    cache: { ...pod, collection_timestamp: "2027-03-01T14:00:00" },
    alerts: { alerts: [{ name: "web-7d9c5b8f6-bx2z4", time_range: "2027-03-01 13:50:10 ~ 2027-03-01 13:50:20", evidence: [] }] },
    metricsCsv:
      "\ufefftime,web-7d9c5b8f6-bx2z4-cpu,web-7d9c5b8f6-bx2z4-p90latency,unrelated-cpu\n2027-03-01 13:50:00,0.1,20,1\n2027-03-01 13:50:05,0.1,20,1\n2027-03-01 13:50:10,0.9,4000,1\n2027-03-01 13:50:15,0.9,,1\n",
  });
  expect(evidence.metrics.map(({ name, value, usual }) => [name, value, usual])).toEqual([
    ["cpu_usage_cores", 0.9, 0.1],
    ["request_latency_seconds_p90", 4, 0.02],
  ]);
});

test("what is broken, cut off or no text at all is left out", () => {
  const evidence = evidenceOf(described("pods", "web-1", 'Error from server (NotFound): pods "web-1" not found'), {
    "GetResources:{not json": "x",
    [key("GetAppYAML", { app_name: "web" })]: "kind: [",
    [key("GetErrorLogs", { service_name: "web" })]: 7,
    [key("GetAlerts", {})]: { alerts: [null, 3, { name: {} }] },
    [key("DescribeResource", { resource_type: "pods", name: 4 })]: { odd: true },
  });
  expect(evidence).toMatchObject({ objects: [], logs: [], alerts: [], events: [] });
});
