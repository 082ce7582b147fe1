import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collectEvidence } from "#evidence/collect-cluster.ts";
import { connect } from "#kube/connect.ts";
import { systemClock } from "#lib/system-clock.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { objects, podsOf } from "#test/evidence-sketch.ts";

const shop = objects(`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}", team: "password=hunter2-canary"}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/web:1
          args: ["--backend", "http://backend.orders:80", "--api-token", "canary-in-args"]
          env: [{name: DB_PASSWORD, value: canary-in-env}, {name: LOG_LEVEL, value: debug}]
          envFrom: [{configMapRef: {name: settings}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: fast, api_key: canary-in-config}
---
apiVersion: v1
kind: Secret
metadata: {name: credentials}
data: {password: Y2FuYXJ5LWluLXNlY3JldA==}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`);
const orders = objects(`
apiVersion: v1
kind: Service
metadata: {name: backend, namespace: orders}
spec: {selector: {app: backend}, ports: [{port: 80}]}
`);
const [web] = shop;

let cluster: EmbeddedTestCluster;
beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  cluster.put(...shop, ...orders, ...podsOf(web!, {}));
});
afterAll(() => cluster.stop());

const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
const names = (kind: string, all: readonly { kind: string; metadata: { name: string } }[]): readonly string[] =>
  all.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);

describe("around one workload", () => {
  test("at most forty calls are made, each list once", async () => {
    cluster.requests.length = 0;
    const evidence = await collectEvidence(cluster.admin, systemClock, { around: { target } });
    expect(cluster.requests.filter((request) => !request.startsWith("GET "))).toEqual([]);
    expect(new Set(cluster.requests).size).toBe(cluster.requests.length);
    expect(cluster.requests.map((request) => request.replace(/\?.*/, "")).toSorted()).toMatchInlineSnapshot(`
      [
        "GET /api/v1/namespaces",
        "GET /api/v1/namespaces/orders/configmaps",
        "GET /api/v1/namespaces/orders/events",
        "GET /api/v1/namespaces/orders/pods",
        "GET /api/v1/namespaces/orders/services",
        "GET /api/v1/namespaces/shop/configmaps",
        "GET /api/v1/namespaces/shop/events",
        "GET /api/v1/namespaces/shop/limitranges",
        "GET /api/v1/namespaces/shop/persistentvolumeclaims",
        "GET /api/v1/namespaces/shop/pods",
        "GET /api/v1/namespaces/shop/pods/web-7d9c5b8f6-bx2z4/log",
        "GET /api/v1/namespaces/shop/resourcequotas",
        "GET /api/v1/namespaces/shop/secrets",
        "GET /api/v1/namespaces/shop/serviceaccounts",
        "GET /api/v1/namespaces/shop/services",
        "GET /api/v1/nodes",
        "GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
        "GET /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
        "GET /apis/apps/v1/namespaces/orders/deployments",
        "GET /apis/apps/v1/namespaces/orders/replicasets",
        "GET /apis/apps/v1/namespaces/shop/daemonsets",
        "GET /apis/apps/v1/namespaces/shop/deployments",
        "GET /apis/apps/v1/namespaces/shop/replicasets",
        "GET /apis/apps/v1/namespaces/shop/statefulsets",
        "GET /apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers",
        "GET /apis/batch/v1/namespaces/shop/cronjobs",
        "GET /apis/batch/v1/namespaces/shop/jobs",
        "GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
        "GET /apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
        "GET /apis/discovery.k8s.io/v1/namespaces/shop/endpointslices",
        "GET /apis/metrics.k8s.io/v1beta1/namespaces/shop/pods",
        "GET /apis/networking.k8s.io/v1/namespaces/shop/ingresses",
        "GET /apis/networking.k8s.io/v1/namespaces/shop/networkpolicies",
        "GET /apis/policy/v1/namespaces/shop/poddisruptionbudgets",
      ]
    `);
    expect(evidence.read).toContainEqual({ kind: "Pod", namespace: "shop" });
    expect(names("Pod", evidence.objects)).toHaveLength(1);
    expect(evidence.gaps).toEqual(["read metrics.k8s.io: not installed"]);
  });

  test("a namespace that it calls is read as well", async () => {
    const evidence = await collectEvidence(cluster.admin, systemClock, { around: { target } });
    expect(evidence.scope).toEqual({ namespaces: ["shop"], called: ["orders"], target });
    expect(names("Service", evidence.objects).toSorted()).toEqual(["backend", "web"]);
  });

  test("it contains no secret from any place, and no value of a Secret was requested", async () => {
    const evidence = await collectEvidence(cluster.admin, systemClock, { around: { target } });
    expect(JSON.stringify(evidence)).not.toMatch(/canary|hunter2|Y2FuYXJ5/);
    expect(evidence.objects.find(({ kind }) => kind === "Secret")).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: expect.objectContaining({ name: "credentials" }) as object,
    });
    expect(JSON.stringify(evidence)).not.toContain("last-applied");
    expect(JSON.stringify(evidence)).toContain("debug");
  });
});

describe("a whole cluster", () => {
  test("is read list by list and not namespace by namespace", async () => {
    cluster.requests.length = 0;
    const evidence = await collectEvidence(cluster.admin, systemClock, { around: { namespaces: "all" } });
    expect(cluster.requests.filter((request) => /\/namespaces\/(?!kube-)(?!.*\/log\?)/.test(request))).toEqual([]);
    expect(evidence.read).toContainEqual({ kind: "Pod" });
    expect(names("Service", evidence.objects)).toEqual(expect.arrayContaining(["web", "backend"]));
  });
});

test("objects that may not be read are in the gaps, once for each reason", async () => {
  cluster.put(
    ...objects(`
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: pods-only, namespace: shop}
rules: [{apiGroups: [""], resources: [pods], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: pods-only, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: pods-only}
subjects: [{kind: User, name: pat, apiGroup: rbac.authorization.k8s.io}]
`),
  );
  const pat = connect(
    {
      server: cluster.config.server,
      name: "c",
      namespace: "shop",
      impersonate: { user: "pat", groups: [] },
      credentials: { current: () => Promise.resolve({ token: cluster.adminToken }), invalidate: () => {} },
    },
    { clock: systemClock, random: () => 0.5 },
  );
  const evidence = await collectEvidence(pat, systemClock, { around: { namespaces: ["shop"] } });
  expect(evidence.read).toEqual([{ kind: "Pod", namespace: "shop" }]);
  expect(evidence.gaps).toHaveLength(1);
  expect(evidence.gaps[0]).toMatch(
    /^read the log of web in Pod shop\/web-7d9c5b8f6-bx2z4, list events in shop, list configmaps in shop, .*deployments\.apps in shop.*: not allowed$/,
  );
  await expect(collectEvidence(pat, systemClock, { around: { namespaces: ["orders"] } })).rejects.toThrow("forbidden");
  pat.close();
});
