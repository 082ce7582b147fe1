// What the API server refuses to Kintsugi's own accounts and to people in its namespace, and what it still lets them do: one table that runs on
// a real API server and on the embedded one. Every account is a cluster administrator here, as if RBAC had been given away.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import {
  ConfigMaps,
  DaemonSets,
  Deployments,
  type Job as KubeJob,
  Jobs,
  NetworkPolicies,
  PodDisruptionBudgets,
  Pods,
  ReplicaSets,
  Secrets,
  Services,
  StatefulSets,
} from "#api/kubernetes.ts";
import { accountOfAction, approvedAccountOfAction, CONTROLLER_ACCOUNT } from "#api/labels.ts";
import type { NewObject, ResourceType } from "#api/object.ts";
import { actions } from "#actions/registry.ts";
import { JOURNAL_KEY_NAME } from "#cluster/journal/journal-seal.ts";
import { ensureKey } from "#cluster/installation-key.ts";
import { CHANGES_KEY } from "#cluster/sealed-changes.ts";
import { jobFor } from "#controllers/kubernetes-execution/children.ts";
import type { Kube } from "#kube/client.ts";
import { install } from "#manifests/install.ts";
import type { Manifest } from "#manifests/manifest.ts";
import type { Connected, TestCluster } from "#test/cluster.ts";
import { sampleApproval } from "#test/sample-approval.ts";

export interface BoundsCluster {
  readonly cluster: TestCluster;
  apply(manifests: readonly Manifest[]): Promise<void>;
  stop(): Promise<void>;
}

const own = "kintsugi-bounds";
const image = "example.test/kintsugi@sha256:aa";
const [testing, production, unlabelled, other] = ["bounds-test", "bounds-production", "bounds-unlabelled", "bounds-other"] as const;
const namespaces: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  [testing, { "kintsugi.dev/managed": "true", "kintsugi.dev/environment": "Staging" }],
  [production, { "kintsugi.dev/managed": "true", environment: "production" }],
  [unlabelled, { "kintsugi.dev/managed": "true" }],
  [other, { environment: "test" }],
];

const podSpec = {
  initContainers: [{ name: "first", image: "web:1", env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "wrong", key: "a" } } }] }],
  containers: [
    {
      name: "web",
      image: "web:1",
      ports: [{ name: "http", containerPort: 8080 }],
      env: [
        { name: "MODE", value: "fast" },
        { name: "B", valueFrom: { configMapKeyRef: { name: "wrong", key: "b" } } },
      ],
      envFrom: [{ configMapRef: { name: "wrong" } }],
      resources: { limits: { memory: "64Mi", cpu: "100m" } },
      livenessProbe: { httpGet: { path: "/healthz", port: 9999 }, periodSeconds: 5 },
    },
  ],
  volumes: [
    { name: "settings", configMap: { name: "wrong", items: [{ key: "a", path: "a" }] } },
    { name: "data", persistentVolumeClaim: { claimName: "wrong" } },
    { name: "all", projected: { sources: [{ configMap: { name: "wrong" } }] } },
  ],
};
const template = { metadata: { labels: { app: "web" } }, spec: podSpec };
const selector = { matchLabels: { app: "web" } };

const objectsIn = (namespace: string): readonly [ResourceType, object][] =>
  [
    [Deployments, { spec: { replicas: 1, selector, template } }],
    [StatefulSets, { spec: { replicas: 1, serviceName: "web", selector, template } }],
    [DaemonSets, { spec: { selector, template } }],
    [Services, { spec: { selector: { app: "old" }, ports: [{ name: "http", port: 80, targetPort: 1, protocol: "TCP" }] } }],
    [PodDisruptionBudgets, { spec: { minAvailable: 2, selector } }],
    [ConfigMaps, { data: { a: "edited" } }],
    [NetworkPolicies, { spec: { podSelector: {}, policyTypes: ["Ingress"] } }],
  ].map(([type, rest]) => [
    type as ResourceType,
    {
      apiVersion: versionOf(type as ResourceType),
      kind: (type as ResourceType).kind,
      metadata: { name: "web", namespace },
      ...(rest as object),
    },
  ]);

const versionOf = ({ group, version }: ResourceType): string => (group === "" ? version : `${group}/${version}`);

type Patch = readonly { readonly op: "add" | "replace" | "remove"; readonly path: string; readonly value?: unknown }[];
const set = (path: string, value: unknown): Patch => [{ op: "add", path, value }];
const container = "/spec/template/spec/containers/0";

/** What each action may do, and what it may not although its rights allow it. */
const changes: Readonly<
  Record<string, readonly { readonly type: ResourceType; readonly allowed: readonly Patch[]; readonly subresource?: "scale" }[]>
> = {
  rollback_deployment: [{ type: Deployments, allowed: [set(`${container}/image`, "web:2"), set("/spec/template/metadata/labels/v", "1")] }],
  rollback_statefulset: [{ type: StatefulSets, allowed: [set(`${container}/image`, "web:2")] }],
  rollback_daemonset: [{ type: DaemonSets, allowed: [set(`${container}/image`, "web:2")] }],
  scale_deployment: [{ type: Deployments, allowed: [set("/spec/replicas", 3)], subresource: "scale" }],
  resume_rollout: [{ type: Deployments, allowed: [set("/spec/paused", true), [{ op: "remove", path: "/spec/paused" }]] }],
  increase_resources: [Deployments, StatefulSets, DaemonSets].map((type) => ({
    type,
    allowed: [set(`${container}/resources/limits/memory`, "128Mi"), set(`${container}/resources/limits/cpu`, "200m")],
  })),
  fix_probe: [Deployments, StatefulSets, DaemonSets].map((type) => ({
    type,
    allowed: [set(`${container}/livenessProbe/httpGet/port`, 8080), set(`${container}/livenessProbe/httpGet/path`, "/ready")],
  })),
  fix_reference: [Deployments, StatefulSets, DaemonSets].map((type) => ({
    type,
    allowed: [
      set(`${container}/env/1/valueFrom/configMapKeyRef/name`, "right"),
      set(`${container}/env/1/valueFrom/configMapKeyRef/key`, "right"),
      set(`${container}/envFrom/0/configMapRef/name`, "right"),
      set("/spec/template/spec/initContainers/0/env/0/valueFrom/configMapKeyRef/name", "right"),
      set("/spec/template/spec/volumes/0/configMap/name", "right"),
      set("/spec/template/spec/volumes/0/configMap/items/0/key", "right"),
      set("/spec/template/spec/volumes/1/persistentVolumeClaim/claimName", "right"),
      set("/spec/template/spec/volumes/2/projected/sources/0/configMap/name", "right"),
    ],
  })),
  fix_service: [
    {
      type: Services,
      allowed: [set("/spec/selector", { app: "web" }), set("/spec/ports/0/targetPort", 8080), set("/spec/ports/0/protocol", "UDP")],
    },
  ],
  relax_pdb: [{ type: PodDisruptionBudgets, allowed: [set("/spec/minAvailable", 1)] }],
  restore_object: [
    { type: ConfigMaps, allowed: [set("/data", { a: "unchanged" })] },
    { type: NetworkPolicies, allowed: [set("/spec/policyTypes", ["Egress"])] },
  ],
};

/** Of a workload: each is refused unless the action has a path for it. */
const elsewhere: readonly (readonly [string, Patch])[] = [
  ["a label", set("/metadata/labels", { owned: "x" })],
  ["an annotation", set("/metadata/annotations", { owned: "x" })],
  ["a finalizer", set("/metadata/finalizers", ["example.test/stay"])],
  ["an owner", set("/metadata/ownerReferences", [{ apiVersion: "v1", kind: "ConfigMap", name: "web", uid: "1" }])],
];
const inSpec: readonly (readonly [string, Patch])[] = [
  ["the replicas", set("/spec/replicas", 50)],
  ["the seconds until ready", set("/spec/minReadySeconds", 1)],
];
const inTemplate: readonly (readonly [string, Patch])[] = [
  ["the image", set(`${container}/image`, "evil:1")],
  ["the command", set(`${container}/command`, ["sh"])],
  ["another variable", set(`${container}/env/0/value`, "slow")],
  ["a new variable", set(`${container}/env/-`, { name: "NODE_OPTIONS", value: "--require=/x" })],
  ["a new container", set("/spec/template/spec/containers/-", { name: "more", image: "evil:1" })],
  ["the account", set("/spec/template/spec/serviceAccountName", "default")],
  ["a volume of the host", set("/spec/template/spec/volumes/-", { name: "h", hostPath: { path: "/" } })],
  ["a label of the pods", set("/spec/template/metadata/labels/more", "x")],
  ["the period of the probe", set(`${container}/livenessProbe/periodSeconds`, 50)],
  ["a privilege", set(`${container}/securityContext`, { privileged: true })],
];
const wholeTemplate = new Set(["rollback_deployment", "rollback_statefulset", "rollback_daemonset"]);

const refusedOf = (name: string, type: ResourceType): readonly (readonly [string, Patch])[] => {
  if (![Deployments, StatefulSets, DaemonSets].some((each) => each === type)) return elsewhere;
  const spec = type === DaemonSets ? inSpec.slice(1) : inSpec;
  return [...elsewhere, ...spec, ...(wholeTemplate.has(name) ? [] : inTemplate)];
};

const namesOfAccounts = (action: string): readonly string[] => [accountOfAction(action), approvedAccountOfAction(action)];

export const boundsSuite = (open: () => Promise<BoundsCluster>): void => {
  let opened: BoundsCluster;
  let cluster: TestCluster;
  let controllers: Connected;
  const accounts = new Map<string, Connected>();
  const as = (account: string): Kube =>
    accounts.get(account) ?? cluster.asPerson(`system:serviceaccount:${own}:${account}`, ["system:masters"]);
  const eve = (): Kube => cluster.asPerson("eve", ["system:masters"]);
  const kubernetes = (controller: string): Kube => cluster.asPerson(`system:serviceaccount:kube-system:${controller}`, ["system:masters"]);
  const singleManager = (): Kube => cluster.asPerson("system:kube-controller-manager", ["system:masters"]);

  /** What the API server said no with; empty where it said yes. */
  const refusal = (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => "",
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  const dryPatch = (kube: Kube, type: ResourceType, namespace: string, patch: Patch, subresource?: "scale"): Promise<unknown> =>
    kube.jsonPatch(type, { namespace, name: "web" }, patch as never, {
      dryRun: true,
      ...(subresource === undefined ? {} : { subresource }),
    });
  const dryCreate = (kube: Kube, type: ResourceType, object: object): Promise<unknown> =>
    kube.create(type, object as never, { dryRun: true });

  beforeAll(async () => {
    opened = await open();
    ({ cluster } = opened);
    const group = (name: string): Manifest =>
      ({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: own },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name }],
      }) as Manifest;
    await opened.apply([...install({ namespace: own, image }), group(`system:serviceaccounts:${own}`)]);
    await opened.apply(namespaces.map(([name, labels]) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } })));
    await ensureKey(cluster.admin, { namespace: own, name: CHANGES_KEY, randomBytes: (size) => new Uint8Array(size) });
    for (const namespace of [own, testing, production, unlabelled, other])
      for (const [type, object] of objectsIn(namespace)) await cluster.admin.create(type, object as never);
    controllers = await cluster.asAccount(own, CONTROLLER_ACCOUNT);
    for (const action of actions.filter(({ needs }) => needs.length > 0))
      for (const account of namesOfAccounts(action.name)) accounts.set(account, await cluster.asAccount(own, account));
    const inForce = (call: () => Promise<unknown>, message: RegExp): Promise<void> =>
      vi.waitFor(async () => expect(await refusal(call())).toMatch(message), { timeout: 30_000, interval: 100 });
    await inForce(() => dryPatch(controllers, Deployments, other, set("/spec/paused", true)), /not opted in/);
    await inForce(() => dryPatch(controllers, Deployments, own, set("/spec/paused", true)), /own namespace/);
    await inForce(() => dryCreate(controllers, Jobs, jobWith()), /belongs to the execution|Kintsugi's own image/);
    await inForce(() => dryPatch(as("kintsugi-act-fix-service"), Services, testing, set("/spec/type", "NodePort")), /may change only/);
    await inForce(
      () => dryPatch(as("kintsugi-act-relax-pdb"), PodDisruptionBudgets, testing, set("/metadata/labels", { a: "b" })),
      /may change only/,
    );
    await inForce(() => token(eve(), CONTROLLER_ACCOUNT), /only the kubelet/);
    await inForce(() => dryCreate(eve(), Deployments, workloadUnder("Deployment", CONTROLLER_ACCOUNT)), /may run under/);
    await inForce(() => dryCreate(eve(), RemediationRequest, requestNamed("rr-1")), /rr-/);
    await inForce(
      () => dryCreate(controllers, AIApprovalRequest, approval("early", [{ by: "ann", decision: "Approved" }])),
      /without decisions/,
    );
    await inForce(() => dryCreate(eve(), KubernetesExecution, execution), /only Kintsugi's controllers/);
    const { metadata } = await controllers.create(KubernetesExecution, execution as never);
    await controllers.create(
      Jobs,
      jobWith(({ metadata: { ownerReferences } }) => Object.assign(ownerReferences[0]!, { uid: metadata.uid })),
    );
  }, 120_000);
  afterAll(() => opened.stop());

  const token = (kube: Kube, account: string): Promise<unknown> =>
    kube.request("POST", `/api/v1/namespaces/${own}/serviceaccounts/${account}/token?dryRun=All`, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: 3600 },
    });

  describe.each(Object.entries(changes))("the accounts of %s", (name, targets) => {
    test.each(
      targets.flatMap(({ type, allowed, subresource }) =>
        allowed.map((patch) => [type.kind, patch[0]?.path, type, patch, subresource] as const),
      ),
    )("change of a %s %s where no production is; in production only with an approval", async (_kind, _path, type, patch, subresource) => {
      const [plain, approved] = namesOfAccounts(name).map(as) as [Kube, Kube];
      const from = patch[0]?.op === "remove" ? [...set(patch[0].path, true), ...patch] : patch;
      expect(await refusal(dryPatch(plain, type, testing, from, subresource))).toBe("");
      for (const namespace of [production, unlabelled]) {
        expect(await refusal(dryPatch(plain, type, namespace, from, subresource))).toMatch(/only an approved repair/);
        expect(await refusal(dryPatch(approved, type, namespace, from, subresource))).toBe("");
      }
      expect(await refusal(dryPatch(approved, type, other, from, subresource))).toMatch(/not opted in/);
      for (const kube of [plain, approved])
        expect(await refusal(dryPatch(kube, type, own, from, subresource))).toMatch(/may not write in Kintsugi's own namespace/);
    });
    test.each(
      targets
        .filter(({ subresource }) => subresource === undefined)
        .flatMap(({ type }) => refusedOf(name, type).map(([what, patch]) => [type.kind, what, type, patch] as const)),
    )("do not change of a %s %s", async (_kind, _what, type, patch) => {
      for (const account of namesOfAccounts(name))
        expect(await refusal(dryPatch(as(account), type, testing, patch))).toMatch(/may change only/);
    });
    test("change no other object, create nothing else, delete nothing", async () => {
      const writable = new Set(targets.filter(({ subresource }) => subresource === undefined).map(({ type }) => type.kind));
      for (const account of namesOfAccounts(name)) {
        const kube = as(account);
        for (const [type, object] of objectsIn(testing)) {
          if (!writable.has(type.kind))
            expect(await refusal(dryPatch(kube, type, testing, set("/metadata/labels", { a: "b" })))).toMatch(/may not make this change/);
          expect(await refusal(kube.delete(type, { namespace: testing, name: "web" }))).toMatch(/may not make this change/);
          if (name === "restore_object" && type === ConfigMaps) continue;
          const fresh = { ...object, metadata: { name: "made-up", namespace: testing } };
          expect(await refusal(dryCreate(kube, type, fresh))).toMatch(/may not make this change/);
        }
      }
    });
  });

  test("restore_object brings a ConfigMap back, without owners and finalizers", async () => {
    const kube = as("kintsugi-act-restore-object");
    const configMap = (more: object) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "gone", namespace: testing, ...more },
      data: {},
    });
    expect(await refusal(dryCreate(kube, ConfigMaps, configMap({})))).toBe("");
    expect(await refusal(dryCreate(kube, ConfigMaps, configMap({ finalizers: ["example.test/stay"] })))).toMatch(
      /without owners and finalizers/,
    );
  });

  test("restart_pod evicts one pod by its uid, and does nothing else to it", async () => {
    const kube = as("kintsugi-act-restart-pod");
    const pod = await cluster.admin.create(Pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "one", namespace: testing },
      spec: { containers: [{ name: "web", image: "web:1" }] },
    } as never);
    const key = { namespace: testing, name: "one" };
    expect(await refusal(kube.evict(key, { dryRun: true }))).toMatch(/by its uid/);
    expect(await refusal(kube.evict(key, { dryRun: true, uid: pod.metadata.uid }))).toBe("");
    expect(await refusal(kube.delete(Pods, key))).toMatch(/may not make this change/);
    expect(await refusal(kube.mergePatch(Pods, key, { metadata: { labels: { a: "b" } } }, { dryRun: true }))).toMatch(
      /may not make this change/,
    );
  });

  describe("in Kintsugi's own namespace", () => {
    const named = (name: string): object => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: own }, data: {} });
    test.each<[string, () => Promise<unknown>]>([
      ["change a Deployment", () => dryPatch(controllers, Deployments, own, set("/spec/paused", true))],
      ["scale a Deployment", () => dryPatch(controllers, Deployments, own, set("/spec/replicas", 0), "scale")],
      ["turn a Service", () => dryPatch(controllers, Services, own, set("/spec/selector", { app: "thief" }))],
      ["change a ConfigMap that is not the journal's", () => dryPatch(controllers, ConfigMaps, own, set("/data", {}))],
      ["create a ConfigMap that is not the journal's", () => dryCreate(controllers, ConfigMaps, named("settings"))],
      ["delete a ConfigMap", () => controllers.delete(ConfigMaps, { namespace: own, name: "web" })],
      [
        "create a Secret",
        () => dryCreate(controllers, Secrets, { apiVersion: "v1", kind: "Secret", metadata: { name: "x", namespace: own } }),
      ],
      [
        "change the key of the recorded changes",
        () => controllers.mergePatch(Secrets, { namespace: own, name: CHANGES_KEY }, { data: {} }),
      ],
      ["delete the key of the recorded changes", () => controllers.delete(Secrets, { namespace: own, name: CHANGES_KEY })],
      ["change a NetworkPolicy", () => dryPatch(controllers, NetworkPolicies, own, set("/spec/policyTypes", ["Egress"]))],
      ["get a token", () => token(controllers, "kintsugi-act-fix-service")],
    ])("the controllers do not %s", async (_, call) => expect(await refusal(call())).toMatch(/may not write this|only the kubelet/));

    test("the controllers make the key of their journal there and change it never; no action touches it", async () => {
      const key = { namespace: own, name: JOURNAL_KEY_NAME };
      const secret = { apiVersion: "v1", kind: "Secret", metadata: key, data: { key: "AA==" } };
      const patch = { data: { key: "AQ==" } };
      expect(await refusal(dryCreate(controllers, Secrets, secret))).toBe("");
      const all = actions.flatMap(({ name }) => namesOfAccounts(name)).map(as);
      for (const kube of all) expect(await refusal(dryCreate(kube, Secrets, secret))).toMatch(/may not write|may not make this change/);
      await cluster.admin.create(Secrets, secret as never);
      for (const kube of [controllers, ...all]) {
        expect(await refusal(kube.mergePatch(Secrets, key, patch, { dryRun: true }))).toMatch(/may not write|may not make this change/);
        expect(await refusal(kube.delete(Secrets, key))).toMatch(/may not write|may not make this change/);
      }
    });
    test("the controllers keep their journal there", async () => {
      expect(await refusal(dryCreate(controllers, ConfigMaps, named("kintsugi-journal-7")))).toBe("");
    });
    test("the controllers make the key of the recorded changes there, and no action does", async () => {
      const key = { apiVersion: "v1", kind: "Secret", metadata: { name: CHANGES_KEY, namespace: own } };
      expect(await refusal(dryCreate(controllers, Secrets, key))).toMatch(/^$|already exists/);
      expect(await refusal(dryCreate(as("kintsugi-act-fix-service"), Secrets, key))).toMatch(/may not make this change|may not write/);
    });
    test("nothing is written to kube-system, even where it is opted in", async () => {
      const at = { namespace: "kube-system", name: "bounds" };
      const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: at, data: { a: "b" } };
      for (const kube of [controllers, as("kintsugi-act-restore-object-approved")])
        expect(await refusal(dryCreate(kube, ConfigMaps, configMap))).toMatch(/may not change objects in this namespace|not opted in/);
    });
  });

  describe("the Job of an action", () => {
    const made = (account = "kintsugi-act-fix-service"): NewObject<KubeJob> =>
      jobWith((job) => (job.spec.template.spec.serviceAccountName = account));
    test("is created as the controllers make it, without and with an approval", async () => {
      for (const account of namesOfAccounts("fix_service"))
        expect(await refusal(dryCreate(controllers, Jobs, made(account)))).toMatch(/^$|already exists/);
    });
    test("is created by no other account", async () => {
      for (const kube of [eve(), as("kintsugi-act-fix-service"), kubernetes("cronjob-controller")])
        expect(await refusal(dryCreate(kube, Jobs, made()))).toMatch(
          /only Kintsugi's controllers|may not write in Kintsugi's own namespace|may not make this change/,
        );
    });
    const exec = { exec: { command: ["sh", "-c", "id"] } };
    test.each<[string, (job: AnyJob) => void]>([
      ["another image", ({ c }) => (c["image"] = "evil:1")],
      ["the same image by a tag", ({ c }) => (c["image"] = "example.test/kintsugi:1")],
      ["an image that is pulled anew", ({ c }) => (c["imagePullPolicy"] = "Always")],
      ["another verb", ({ c }) => (c["args"] = ["run", "all"])],
      ["one more argument", ({ c }) => (c["args"] = [...(c["args"] as string[]), "--insecure"])],
      ["another execution", ({ c }) => ((c["args"] as string[])[1] = "kex-2")],
      ["a command", ({ c }) => (c["command"] = ["sh"])],
      ["a working directory", ({ c }) => (c["workingDir"] = "/tmp")],
      ["a variable", ({ c }) => (c["env"] = [{ name: "NODE_OPTIONS", value: "--require=/x" }])],
      ["variables from a Secret", ({ c }) => (c["envFrom"] = [{ secretRef: { name: "x" } }])],
      ["a hook after the start", ({ c }) => (c["lifecycle"] = { postStart: exec })],
      ["a hook before the end", ({ c }) => (c["lifecycle"] = { preStop: exec })],
      ["a startup probe", ({ c }) => (c["startupProbe"] = exec)],
      ["a liveness probe", ({ c }) => (c["livenessProbe"] = exec)],
      ["a readiness probe", ({ c }) => (c["readinessProbe"] = exec)],
      ["a port", ({ c }) => (c["ports"] = [{ containerPort: 80 }])],
      ["a terminal", ({ c }) => (c["tty"] = true)],
      ["an open input", ({ c }) => (c["stdin"] = true)],
      ["more memory", ({ c }) => (c["resources"] = { limits: { memory: "4Gi" } })],
      ["no limit", ({ c }) => delete c["resources"]],
      ["a writable root", ({ c }) => ((c["securityContext"] as Any)["readOnlyRootFilesystem"] = false)],
      ["a privilege", ({ c }) => ((c["securityContext"] as Any)["privileged"] = true)],
      ["a capability", ({ c }) => ((c["securityContext"] as Any)["capabilities"] = { drop: ["ALL"], add: ["NET_ADMIN"] })],
      ["another user in the container", ({ c }) => ((c["securityContext"] as Any)["runAsUser"] = 0)],
      ["the log as its report", ({ c }) => (c["terminationMessagePolicy"] = "FallbackToLogsOnError")],
      ["a second container", ({ p, c }) => (p["containers"] = [c, { ...c, name: "more" }])],
      ["an init container", ({ p, c }) => (p["initContainers"] = [{ ...c, name: "first" }])],
      ["a volume", ({ p }) => (p["volumes"] = [{ name: "host", hostPath: { path: "/" } }])],
      ["the host's network", ({ p }) => (p["hostNetwork"] = true)],
      ["the host's processes", ({ p }) => (p["hostPID"] = true)],
      ["names of hosts", ({ p }) => (p["hostAliases"] = [{ ip: "10.0.0.66", hostnames: ["kubernetes.default.svc"] }])],
      ["processes in common", ({ p }) => (p["shareProcessNamespace"] = true)],
      ["a node", ({ p }) => (p["nodeName"] = "n1")],
      ["a choice of nodes", ({ p }) => (p["nodeSelector"] = { disk: "ssd" })],
      ["an affinity", ({ p }) => (p["affinity"] = { nodeAffinity: {} })],
      ["a toleration", ({ p }) => (p["tolerations"] = [{ operator: "Exists" }])],
      ["a pull secret", ({ p }) => (p["imagePullSecrets"] = [{ name: "x" }])],
      ["another scheduler", ({ p }) => (p["schedulerName"] = "mine")],
      ["a priority", ({ p }) => (p["priorityClassName"] = "system-node-critical")],
      ["another runtime", ({ p }) => (p["runtimeClassName"] = "mine")],
      ["its own name service", ({ p }) => Object.assign(p, { dnsPolicy: "None", dnsConfig: { nameservers: ["10.0.0.66"] } })],
      ["a host name", ({ p }) => (p["hostname"] = "kubernetes")],
      ["root", ({ p }) => (p["securityContext"] = { runAsUser: 0 })],
      ["a sysctl", ({ p }) => ((p["securityContext"] as Any)["sysctls"] = [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }])],
      ["no token of its own", ({ p }) => (p["automountServiceAccountToken"] = false)],
      ["names of Services in its variables", ({ p }) => (p["enableServiceLinks"] = true)],
      ["the controllers' account", ({ p }) => (p["serviceAccountName"] = CONTROLLER_ACCOUNT)],
      ["the default account", ({ p }) => delete p["serviceAccountName"]],
      ["the account of no action", ({ p }) => (p["serviceAccountName"] = "kintsugi-act-made-up")],
      ["a restart", ({ p }) => (p["restartPolicy"] = "OnFailure")],
      ["a gate", ({ p }) => (p["schedulingGates"] = [{ name: "example.test/wait" }])],
      ["a label of the pod", ({ job }) => (job.spec.template.metadata.labels["app"] = "web")],
      ["an annotation of the pod", ({ job }) => (job.spec.template.metadata["annotations"] = { inject: "yes" })],
      ["many completions", ({ job }) => Object.assign(job.spec, { completions: 50, parallelism: 50 })],
      ["several tries", ({ job }) => (job.spec["backoffLimit"] = 3)],
      ["no deadline", ({ job }) => delete job.spec["activeDeadlineSeconds"]],
      ["a late deadline", ({ job }) => (job.spec["activeDeadlineSeconds"] = 86_400)],
      ["an end by time", ({ job }) => (job.spec["ttlSecondsAfterFinished"] = 0)],
      ["another manager", ({ job }) => (job.spec["managedBy"] = "example.test/mine")],
      ["a later start", ({ job }) => (job.spec["suspend"] = true)],
      ["another owner", ({ job }) => (job.metadata.ownerReferences[0]!["name"] = "kex-2")],
      ["no owner", ({ job }) => delete (job.metadata as Any)["ownerReferences"]],
    ])("with %s: refused", async (_, change) => {
      const job = jobWith((each) => change({ job: each, p: each.spec.template.spec, c: each.spec.template.spec.containers[0] as Any }));
      expect(await refusal(dryCreate(controllers, Jobs, job))).toMatch(/ValidatingAdmissionPolicy '\S+-(jobs|own-namespace)'|is invalid/);
    });
    test("is never changed", async () => {
      const key = { namespace: own, name: "kex-1" };
      for (const kube of [eve(), kubernetes("job-controller")])
        expect(await refusal(kube.mergePatch(Jobs, key, { spec: { suspend: true } }, { dryRun: true }))).toMatch(/never changed/);
      expect(await refusal(controllers.mergePatch(Jobs, key, { spec: { suspend: true } }, { dryRun: true }))).toMatch(
        /never changed|may not write this/,
      );
    });
  });

  describe("pods and workloads under an account of Kintsugi", () => {
    const owner = (apiVersion: string, kind: string, name: string) => [{ apiVersion, kind, name, uid: "0b1c", controller: true }];
    const pod = (account: string, ownerReferences?: readonly object[]): object => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "bounds", namespace: own, ...(ownerReferences === undefined ? {} : { ownerReferences }) },
      spec: {
        serviceAccountName: account,
        securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: "RuntimeDefault" } },
        containers: [{ name: "x", image, securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }],
      },
    });
    const action = "kintsugi-act-fix-service";
    test.each<[string, () => Kube, string, readonly object[] | undefined, boolean]>([
      ["the Job controller from a Job", () => kubernetes("job-controller"), action, owner("batch/v1", "Job", "kex-1"), true],
      ["the one controller manager from a Job", singleManager, action, owner("batch/v1", "Job", "kex-1"), true],
      ["the Job controller without a Job", () => kubernetes("job-controller"), action, undefined, false],
      ["the one controller manager from a ReplicaSet", singleManager, action, owner("apps/v1", "ReplicaSet", "x"), false],
      ["the ReplicaSet controller", () => kubernetes("replicaset-controller"), action, owner("apps/v1", "ReplicaSet", "x"), false],
      ["the DaemonSet controller", () => kubernetes("daemon-set-controller"), action, owner("apps/v1", "DaemonSet", "x"), false],
      ["a person who names a Job", eve, action, owner("batch/v1", "Job", "kex-1"), false],
      ["a person for the approved account", eve, `${action}-approved`, owner("batch/v1", "Job", "kex-1"), false],
      [
        "the ReplicaSet controller for the controllers",
        () => kubernetes("replicaset-controller"),
        CONTROLLER_ACCOUNT,
        owner("apps/v1", "ReplicaSet", "x"),
        true,
      ],
      ["the one controller manager for the controllers", singleManager, CONTROLLER_ACCOUNT, owner("apps/v1", "ReplicaSet", "x"), true],
      [
        "the Job controller for the controllers",
        () => kubernetes("job-controller"),
        CONTROLLER_ACCOUNT,
        owner("batch/v1", "Job", "x"),
        false,
      ],
      ["a person for the controllers", eve, CONTROLLER_ACCOUNT, owner("apps/v1", "ReplicaSet", "x"), false],
      ["a person for another account", eve, "default", undefined, true],
    ])("a pod by %s", async (_, kube, account, owners, isAllowed) => {
      const answer = await refusal(dryCreate(kube(), Pods, pod(account, owners)));
      if (isAllowed) expect(answer).toBe("");
      else expect(answer).toMatch(/only the (Job controller|ReplicaSet) .*creates pods/);
    });
    test("a running pod is not changed: neither its image nor by one more container", async () => {
      const job = await cluster.admin.get(Jobs, { namespace: own, name: "kex-1" });
      const owners = owner("batch/v1", "Job", "kex-1").map((each) => ({ ...each, uid: job?.metadata.uid }));
      const made = await kubernetes("job-controller").create(Pods, pod(action, owners) as never);
      const key = { namespace: own, name: made.metadata.name };
      expect(await refusal(eve().jsonPatch(Pods, key, [{ op: "replace", path: "/spec/containers/0/image", value: "evil:1" }]))).toMatch(
        /never changed/,
      );
      expect(await refusal(eve().mergePatch(Pods, key, { metadata: { labels: { looked: "at" } } }, { dryRun: true }))).toBe("");
      const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
      const ephemeral = { spec: { ephemeralContainers: [{ name: "e", image: "evil:1", securityContext }] } };
      expect(await refusal(eve().mergePatch(Pods, key, ephemeral, { subresource: "ephemeralcontainers" }))).toMatch(
        /never changed|does not allow this method/,
      );
    });
    test.each(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"])(
      "a %s under an action's account: refused",
      async (kind) => {
        for (const kube of [eve(), kubernetes("deployment-controller")])
          expect(await refusal(dryCreate(kube, typeOfKind(kind), workloadUnder(kind, action)))).toMatch(
            /only a Job may run|could not find the requested resource/,
          );
      },
    );
    test.each(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"])("a %s under the controllers' account: refused", async (kind) => {
      expect(await refusal(dryCreate(eve(), typeOfKind(kind), workloadUnder(kind, CONTROLLER_ACCOUNT)))).toMatch(
        /only Deployment kintsugi may run/,
      );
    });
    test("a CronJob: refused", async () => {
      const jobTemplate = { spec: { template: { spec: { ...podSpec, volumes: [], restartPolicy: "Never" } } } };
      const cron = {
        apiVersion: "batch/v1",
        kind: "CronJob",
        metadata: { name: "x", namespace: own },
        spec: { schedule: "* * * * *", jobTemplate },
      };
      expect(await refusal(eve().request("POST", `/apis/batch/v1/namespaces/${own}/cronjobs?dryRun=All`, cron))).toMatch(/no CronJob/);
    });
    test("a token is for the kubelet alone", async () => {
      for (const account of [CONTROLLER_ACCOUNT, action, `${action}-approved`]) {
        expect(await refusal(token(eve(), account))).toMatch(/only the kubelet/);
        expect(await refusal(token(kubernetes("generic-garbage-collector"), account))).toBe("");
      }
      expect(await refusal(token(eve(), "kintsugi-signals"))).toBe("");
    });
    test("no Secret gets one", async () => {
      const secret = (account: string): object => ({
        apiVersion: "v1",
        kind: "Secret",
        type: "kubernetes.io/service-account-token",
        metadata: { name: "x", namespace: own, annotations: { "kubernetes.io/service-account.name": account } },
      });
      expect(await refusal(dryCreate(eve(), Secrets, secret(CONTROLLER_ACCOUNT)))).toMatch(/no Secret holds a token/);
      expect(await refusal(dryCreate(eve(), Secrets, secret("default")))).not.toMatch(/no Secret holds a token/);
    });
  });

  describe("approvals", () => {
    const decide = (kube: Kube, name: string, by: string): Promise<unknown> =>
      kube.jsonPatch(AIApprovalRequest, { namespace: own, name }, [
        { op: "add", path: "/spec/decisions/-", value: { by, decision: "Approved" } },
      ]);
    const robot = "system:serviceaccount:shop:robot";
    test.each<[string, string, readonly string[], readonly string[], boolean]>([
      ["a listed user", "ann", [], ["user:ann"], true],
      ["a member of a listed group", "cleo", ["sre"], ["group:sre"], true],
      ["a user named as a listed group", "sre", [], ["group:sre"], false],
      ["a member of a group named as a listed user", "bob", ["ann"], ["user:ann"], false],
      ["a ServiceAccount in a listed group", robot, ["sre"], ["group:sre"], false],
      ["a ServiceAccount that is listed as a user", robot, [], [`user:${robot}`], true],
      ["an unlisted user", "mallory", [], ["user:ann", "group:sre"], false],
    ])("%s", async (what, by, groups, approvers, isAllowed) => {
      const name = `who-${what.replaceAll(/[^a-z]+/gi, "-").toLowerCase()}`;
      await controllers.create(AIApprovalRequest, approval(name, [], approvers) as never);
      const answer = await refusal(decide(cluster.asPerson(by, [...groups, "system:masters"]), name, by));
      if (isAllowed) expect(answer).toBe("");
      else expect(answer).toMatch(/not among this approval's approvers/);
    });
    test("an entry without user: or group: is refused", async () => {
      expect(await refusal(controllers.create(AIApprovalRequest, approval("bare", [], ["ann"]) as never))).toMatch(/approvers/);
    });
    test.each(["Approved", "Rejected", "Overridden", "Expired", "Void"])("no decision is accepted on one that is %s", async (phase) => {
      const name = `ended-${phase.toLowerCase()}`;
      await controllers.create(AIApprovalRequest, approval(name, [], ["user:ann"]) as never);
      await controllers.mergePatch(AIApprovalRequest, { namespace: own, name }, { status: { phase } }, { subresource: "status" });
      expect(await refusal(decide(cluster.asPerson("ann", ["system:masters"]), name, "ann"))).toMatch(/has ended/);
      expect(await refusal(eve().delete(AIApprovalRequest, { namespace: own, name }))).toBe("");
    });
    test("garbage collection lets go of one, and changes nothing else", async () => {
      const key = { namespace: own, name: "collected" };
      const object = approval("collected", [], ["user:ann"]) as { metadata: object };
      await controllers.create(AIApprovalRequest, {
        ...object,
        metadata: { ...object.metadata, finalizers: ["example.test/stay"] },
      } as never);
      const collector = kubernetes("generic-garbage-collector");
      for (const change of [{ labels: { a: "b" } }, { annotations: { a: "b" } }, { finalizers: ["example.test/other"] }])
        expect(await refusal(collector.mergePatch(AIApprovalRequest, key, { metadata: change }))).toMatch(/own controllers may not change/);
      expect(await refusal(eve().delete(AIApprovalRequest, key))).toMatch(/has not ended yet/);
      expect(await refusal(collector.mergePatch(AIApprovalRequest, key, { metadata: { finalizers: null } }))).toBe("");
      expect(await refusal(collector.delete(AIApprovalRequest, key))).toBe("");
    });
  });

  describe("requests by hand", () => {
    const byHand = (name: string, spec: object = {}, metadata: object = {}): object => {
      const request = requestNamed(name, metadata) as { readonly spec: object };
      return { ...request, spec: { ...request.spec, requestedBy: { by: "eve" }, ...spec } };
    };
    test("a person opens one, under a name of their own and without our labels", async () => {
      expect(await refusal(dryCreate(eve(), RemediationRequest, byHand("by-hand")))).toBe("");
      expect(await refusal(dryCreate(eve(), RemediationRequest, byHand("rr-0123-1")))).toMatch(/begins with rr-/);
      expect(await refusal(dryCreate(controllers, RemediationRequest, requestNamed("rr-0123-1")))).toBe("");
      for (const metadata of [{ labels: { "kintsugi.dev/target": "0123" } }, { finalizers: ["example.test/stay"] }])
        expect(await refusal(dryCreate(eve(), RemediationRequest, byHand("by-hand", {}, metadata)))).toMatch(/a request by hand has no/);
    });
    const alert = { name: "A", fingerprint: "f1", severity: "warning", startsAt: "2026-01-01T00:00:00Z", labels: {}, annotations: {} };
    test.each<[string, object]>([
      ["without a name", { requestedBy: undefined }],
      ["in another name", { requestedBy: { by: "ann" } }],
      ["as if Prometheus had fired", { alert: { ...alert, source: "prometheus" } }],
      ["that is cancelled in another name already", { cancel: { by: "ann" } }],
    ])("a person opens none %s", async (_name, spec) => {
      expect(await refusal(dryCreate(eve(), RemediationRequest, byHand("by-hand", spec)))).toMatch(/in your own name/);
    });
    test("the controllers open none in a person's name", async () => {
      expect(await refusal(dryCreate(controllers, RemediationRequest, byHand("rr-0123-2")))).toMatch(/in a person's name/);
    });
    test("a person cancels one once, in their own name, and changes nothing else", async () => {
      const key = { namespace: own, name: "rr-4567-1" };
      await controllers.create(RemediationRequest, requestNamed("rr-4567-1", { labels: { "kintsugi.dev/target": "4567" } }) as never);
      const patch = (change: object): Promise<string> => refusal(eve().mergePatch(RemediationRequest, key, change));
      for (const change of [{ labels: { "kintsugi.dev/target": "x" } }, { annotations: { a: "b" } }, { finalizers: ["example.test/stay"] }])
        expect(await patch({ metadata: change })).toMatch(/belong to Kintsugi's controllers/);
      expect(await patch({ spec: { cancel: { by: "ann" } } })).toMatch(/in your own name/);
      expect(await patch({ spec: { cancel: { by: "eve", message: "by hand" } } })).toBe("");
      expect(await patch({ spec: { cancel: null } })).toMatch(/stays cancelled/);
      expect(await patch({ spec: { cancel: { by: "eve", message: "other words" } } })).toMatch(/stays cancelled/);
    });
  });
};

type Any = Record<string, unknown>;
interface Job {
  metadata: Any & { ownerReferences: Any[] };
  spec: Any & { template: { metadata: Any & { labels: Record<string, string> }; spec: Any & { containers: unknown[] } } };
}
interface AnyJob {
  readonly job: Job;
  readonly p: Any;
  readonly c: Any;
}

const jobWith = (change: (job: Job) => void = (job) => delete (job.metadata as Any)["ownerReferences"]): NewObject<KubeJob> => {
  const job = structuredClone(jobFor({ ...execution, metadata: { ...execution.metadata, uid: "0b1c" } } as never, image)) as unknown as Job;
  change(job);
  return job as never;
};

const target = { apiVersion: "v1", kind: "Service", namespace: testing, name: "web" };
const execution = {
  apiVersion: API_VERSION,
  kind: "KubernetesExecution",
  metadata: { name: "kex-1", namespace: own },
  spec: {
    request: "rr-1",
    workflow: "wfe-1",
    step: "s1",
    action: "fix_service",
    target,
    parameters: {},
    changesHash: "0".repeat(64),
    timeoutSeconds: 300,
  },
};

const workloadUnder = (kind: string, account: string): object => {
  const spec = { serviceAccountName: account, containers: [{ name: "x", image }] };
  const labels = { app: "thief" };
  const isOld = kind === "ReplicationController";
  return {
    apiVersion: isOld ? "v1" : "apps/v1",
    kind,
    metadata: { name: "thief", namespace: own },
    spec: {
      selector: isOld ? labels : { matchLabels: labels },
      template: { metadata: { labels }, spec },
      ...(kind === "StatefulSet" ? { serviceName: "x" } : {}),
    },
  };
};

const replicationControllers: ResourceType = {
  group: "",
  version: "v1",
  kind: "ReplicationController",
  plural: "replicationcontrollers",
  namespaced: true,
};
const typeOfKind = (kind: string): ResourceType =>
  [Deployments, StatefulSets, DaemonSets, ReplicaSets, replicationControllers].find((type) => type.kind === kind) as ResourceType;

const requestNamed = (name: string, metadata: object = {}): object => ({
  apiVersion: API_VERSION,
  kind: "RemediationRequest",
  metadata: { name, namespace: own, ...metadata },
  spec: {
    alert: {
      name: "A",
      fingerprint: "f1",
      severity: "warning",
      startsAt: "2026-01-01T00:00:00Z",
      source: "manual",
      labels: {},
      annotations: {},
    },
    reported: { kind: "Service", namespace: testing, name: "web" },
    target,
  },
});

const approval = (name: string, decisions: readonly object[] = [], approvers: readonly string[] = ["user:ann"]) =>
  sampleApproval(own, name, { decisions: [...decisions] as never, approvers: [...approvers] });
