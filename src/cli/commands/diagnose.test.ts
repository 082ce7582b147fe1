import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createConfigMapStore } from "#cluster/journal/config-map-store.ts";
import { createJournal } from "#cluster/journal/journal.ts";
import { encodeEvidence } from "#evidence/evidence-file.ts";
import { diagnoseHere, type Diagnoser } from "#investigation/diagnoser.ts";
import { connect } from "#kube/connect.ts";
import { KubeError } from "#kube/errors.ts";
import { systemClock } from "#lib/system-clock.ts";
import { type Ran, runKintsugi } from "#test/cli-harness.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { evidence, objects, podsOf } from "#test/evidence-sketch.ts";

const workload = (namespace: string) =>
  objects(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ${namespace}, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example/web:9", envFrom: [{configMapRef: {name: settings}}]}]}
status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1}
`);
const waiting = {
  status: {
    phase: "Pending",
    conditions: [
      { type: "PodScheduled", status: "True" },
      { type: "Ready", status: "False" },
    ],
    containerStatuses: [
      {
        name: "web",
        image: "registry.example/web:9",
        ready: false,
        restartCount: 0,
        state: { waiting: { reason: "CreateContainerConfigError", message: 'configmap "settings" not found' } },
      },
    ],
  },
};
const settings = objects(`{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: well}, data: {mode: fast}}`);
const [broken] = workload("shop");
const [well] = workload("well");

let cluster: EmbeddedTestCluster;
beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  cluster.put(broken!, ...podsOf(broken!, waiting), ...settings, well!, ...podsOf(well!, {}));
});
afterAll(() => cluster.stop());

const diagnose = (...args: readonly string[]): Promise<Ran> =>
  runKintsugi(["diagnose", ...args], undefined, {
    connect: (config) => connect(config, { clock: systemClock, random: () => 0.5 }),
    clock: systemClock,
    readFile: async () => cluster.kubeconfig(cluster.adminToken, "shop"),
  });

describe("the change journal", () => {
  const unread = (ran: Ran): readonly string[] => (JSON.parse(ran.stdout) as { notRead: readonly string[] }).notRead;
  const journalLines = (ran: Ran): readonly string[] => unread(ran).filter((line) => line.includes("journal"));
  const withoutKey = (): Promise<Ran> =>
    runKintsugi(["diagnose", "-n", "well", "-o", "json"], undefined, {
      connect: (config) => {
        const kube = connect(config, { clock: systemClock, random: () => 0.5 });
        const get: typeof kube.get = (type, key, options) =>
          type.kind === "Secret"
            ? Promise.reject(new KubeError({ doing: "get", status: 403, reason: "Forbidden", message: "no" }))
            : kube.get(type, key, options);
        return { ...kube, get };
      },
      clock: systemClock,
      readFile: async () => cluster.kubeconfig(cluster.adminToken, "shop"),
    });

  test("is no gap where there is none, or with its key; without the right to the key one line says that it is not verified", async () => {
    expect(journalLines(await withoutKey())).toEqual([]);
    const namespace = "kintsugi-system";
    cluster.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } } as never);
    const journal = createJournal();
    journal.see(well!, systemClock.now());
    const store = createConfigMapStore({ kube: cluster.admin, clock: systemClock, namespace, randomBytes });
    await store.save(journal.takeChanged(), journal, { all: true });
    expect(journalLines(await diagnose("-n", "well", "-o", "json"))).toEqual([]);
    expect(journalLines(await withoutKey())).toEqual([
      "read the change journal: not verified: no access to Secret kintsugi-system/kintsugi-journal-key",
    ]);
  });
});

interface Document {
  readonly findings: readonly {
    readonly code: string;
    readonly object: { readonly kind: string; readonly namespace: string; readonly name: string };
  }[];
}
const found = ({ stdout }: Ran): readonly string[] =>
  (JSON.parse(stdout) as Document).findings.map(({ code, object }) => `${code} ${object.kind} ${object.namespace}/${object.name}`);

describe("live", () => {
  test("the context's namespace is looked at by default: exit code 1 where something is wrong", async () => {
    const ran = await diagnose("-o", "json");
    expect(ran).toMatchObject({ code: 1, stderr: "" });
    expect(found(ran)).toEqual(["ReferenceMissing Deployment shop/web"]);
  });

  test("exit code 0 where nothing is, and it says how much it looked at", async () => {
    const ran = await diagnose("-n", "well");
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/^No problems found in namespace well\.\nChecked 1 ConfigMap, 1 Deployment, 1 Pod, 1 ReplicaSet, /);
    expect(ran.stdout).toMatch(/\nNot checked\n {2}- read metrics\.k8s\.io: not installed\n/);
    expect(found(await diagnose("-n", "well", "-o", "json"))).toEqual([]);
  });

  test("a namespace without pods is said to have none", async () => {
    const ran = await diagnose("-n", "default");
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^No problems found in namespace default\.\nChecked .*\nThere are no pods in namespace default\.\n/);
    expect(JSON.parse((await diagnose("-n", "default", "-o", "json")).stdout)).toMatchObject({ looked: { pods: 0 } });
  });

  test.each([["ns/shop"], ["namespace/shop"], ["ns", "shop"], ["namespaces", "shop"]])("%s %s asks what -n asks", async (...words) => {
    const ran = await diagnose(...words, "-o", "json", "-n", "shop");
    expect(ran.code).toBe(1);
    expect(ran.stdout.replaceAll(/"collectedAt": .*/g, "")).toBe(
      (await diagnose("-n", "shop", "-o", "json")).stdout.replaceAll(/"collectedAt": .*/g, ""),
    );
  });

  test.each([
    [["-n", "shopp"], 'namespace "shopp" not found (did you mean shop?)'],
    [["ns/shopp"], 'namespace "shopp" not found (did you mean shop?)'],
    [["-n", "elsewhere"], 'namespace "elsewhere" not found'],
    [["deployment/web", "-n", "shopp"], 'namespace "shopp" not found (did you mean shop?)'],
    [["ns/shop", "-n", "well"], "namespace/shop and -n well name different namespaces"],
    [["deployment/wep"], "Deployment shop/wep not found\nDid you mean deployment/web?"],
    [["configmap/settings"], "ConfigMap shop/settings not found\nFound in well: use -n well."],
    [["web"], '"web" has no kind\nDid you mean deployment/web?'],
  ])("%j does not exist: exit code 2", async (args, sentence) => {
    expect(await diagnose(...args)).toMatchObject({ code: 2, stdout: "", stderr: `kintsugi: ${sentence}\n` });
  });

  test("where namespaces may not be read, whether this one exists is not checked", async () => {
    const ran = await runKintsugi(["diagnose", "-n", "shopp"], undefined, {
      connect: (config) => {
        const kube = connect(config, { clock: systemClock, random: () => 0.5 });
        const no = new KubeError({ doing: "get namespaces", status: 403, reason: "Forbidden", message: "no" });
        return { ...kube, get: (type, key, options) => (type.kind === "Namespace" ? Promise.reject(no) : kube.get(type, key, options)) };
      },
      clock: systemClock,
      readFile: async () => cluster.kubeconfig(cluster.adminToken, "shop"),
    });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("Not checked\n  - whether namespace shopp exists: not allowed\n");
  });

  test("-A finds it wherever it is", async () => {
    expect(found(await diagnose("-A", "-o", "json"))).toEqual(["ReferenceMissing Deployment shop/web"]);
  });

  test.each([["deployment/web"], ["deploy/web"], ["deployment", "web"]])("%s %s alone may be asked about", async (...words) => {
    expect(found(await diagnose(...words, "-o", "json"))).toEqual(["ReferenceMissing Deployment shop/web"]);
    expect((await diagnose(...words, "-n", "well")).code).toBe(0);
  });

  test("nothing is written", async () => {
    cluster.requests.length = 0;
    await diagnose("-A");
    expect(cluster.requests.filter((request) => !request.startsWith("GET "))).toEqual([]);
  });

  test.each([
    [["deployment/nothing"], /Deployment shop\/nothing not found/],
    [["pod/nothing"], /Pod shop\/nothing not found/],
    [["ingress/nothing"], /Ingress shop\/nothing not found/],
    [["gizmo/a"], /is not an object to look at/],
    [["deployment/web", "-A"], /use either an object or -A/],
    [["-o", "wide"], /does not support -o wide/],
    [["--from", "missing.json"], /missing\.json|cannot read or write/],
  ])("%s cannot be looked at: exit code 2", async (args, sentence) => {
    const ran = await diagnose(...args);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(sentence);
  });

  test("a cluster that cannot be reached is exit code 2", async () => {
    const ran = await runKintsugi(["diagnose"], undefined, {
      connect: (config) => connect({ ...config, server: "http://127.0.0.1:1" }, { clock: systemClock, random: () => 0 }),
      clock: systemClock,
    });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(/cannot be reached/);
  });
});

describe("a Prometheus", () => {
  const through = "/api/v1/namespaces/monitoring/services/prometheus-server:http/proxy/api/v1/query?query=";
  const vector = (...result: readonly unknown[]): unknown => ({ status: "success", data: { resultType: "vector", result } });
  const metric = { alertname: "KubePodNotReady", namespace: "shop", pod: "web-7d9c5b8f6-bx2z4" };
  const answer = (query: string): unknown => (query.includes("ALERTS") ? vector({ metric, value: [1, "1"] }) : vector());
  const files = new Map<string, Uint8Array>();
  const ask = async (...args: readonly string[]): Promise<Ran & { readonly asked: readonly string[] }> => {
    const asked: string[] = [];
    const ran = await runKintsugi(["diagnose", ...args], undefined, {
      connect: (config) => {
        const kube = connect(config, { clock: systemClock, random: () => 0.5 });
        return {
          ...kube,
          request: async (method, path, body, options) => {
            if (!path.startsWith(through)) return kube.request(method, path, body, options);
            asked.push(path);
            return answer(path);
          },
        };
      },
      clock: systemClock,
      readFile: async () => cluster.kubeconfig(cluster.adminToken, "shop"),
      files: {
        read: async (path) => Buffer.from(files.get(path) ?? []),
        write: async (path, content) => void files.set(path, content),
      },
    });
    return { ...ran, asked };
  };
  const slice = objects(`
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: prometheus-server-x, namespace: monitoring, labels: {kubernetes.io/service-name: prometheus-server}}
addressType: IPv4
endpoints: [{addresses: [10.0.0.9], conditions: {ready: true}}]
ports: [{name: http, port: 9090, protocol: TCP}]
`);
  beforeAll(() => cluster.put(...slice));

  test("is found; firing alerts appear beside the findings and do not change them, within sixty calls in all", async () => {
    cluster.requests.length = 0;
    const ran = await ask("deployment/web", "--save", "a.json.gz");
    expect(ran.asked).toHaveLength(5);
    expect(cluster.requests.length + ran.asked.length).toBeLessThanOrEqual(60);
    expect(ran.stdout).toContain("KubePodNotReady (namespace=shop, pod=web-7d9c5b8f6-bx2z4)");
    const [withIt, without] = [
      await ask("deployment/web", "-o", "json"),
      await ask("deployment/web", "-o", "json", "--prometheus", "none"),
    ];
    expect(without.asked).toEqual([]);
    expect(JSON.parse(withIt.stdout)).toMatchObject({ firing: [{ name: "KubePodNotReady" }] });
    expect((JSON.parse(withIt.stdout) as Document).findings).toEqual((JSON.parse(without.stdout) as Document).findings);
    expect((await ask("deployment/web", "--from", "a.json.gz")).stdout).toContain("KubePodNotReady (namespace=shop");
  });

  test("is named as a Service", async () => {
    expect((await ask("deployment/web", "--prometheus", "monitoring/prometheus-server:http")).asked).toHaveLength(5);
  });

  test("is named by its address; one that does not answer is reported, and nothing else fails", async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url ?? "");
      response.end(JSON.stringify(answer(request.url ?? "")));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const ran = await ask("deployment/web", "--prometheus", `http://127.0.0.1:${port}`);
    expect(ran.stdout).toContain("KubePodNotReady");
    expect([seen.length, ran.asked.length]).toEqual([5, 0]);
    await new Promise((resolve) => server.close(resolve));
    const dead = await ask("deployment/web", "-o", "json", "--prometheus", "http://127.0.0.1:1");
    expect(found(dead)).toEqual(["ReferenceMissing Deployment shop/web"]);
    expect((JSON.parse(dead.stdout) as { notRead: string[] }).notRead).toContainEqual(
      expect.stringMatching(/^ask Prometheus 127\.0\.0\.1:1 for containers, .* for workloads: connect ECONNREFUSED/),
    );
  });

  test.each([
    [["--prometheus", "somewhere"], /"somewhere" is not a Prometheus: use an address, namespace\/service:port, or none/],
    [["--from", "a.json.gz", "--prometheus", "none"], /use either --from or --prometheus/],
  ])("%s is refused: exit code 2", async (args, sentence) => {
    const ran = await ask(...args);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(sentence);
  });
});

describe("a file", () => {
  const saved = evidence({ objects: [broken!, ...podsOf(broken!, waiting)] });
  const withFiles = (content: Uint8Array, ...args: readonly string[]) => {
    const written = new Map<string, Uint8Array>();
    const files = {
      read: async () => Buffer.from(content),
      write: async (path: string, bytes: Uint8Array) => void written.set(path, bytes),
    };
    return runKintsugi(["diagnose", ...args], undefined, { files }).then((ran) => ({ ...ran, written }));
  };

  test.each(["incident.json", "incident.json.gz"])("%s, saved and read again, gives the same findings", async (name) => {
    const first = await withFiles(encodeEvidence(saved, "a.json"), "--from", "a.json", "--save", name, "-o", "json");
    expect(first).toMatchObject({ code: 1, stderr: `evidence saved in ${name}\n` });
    const again = await withFiles(first.written.get(name) ?? Buffer.of(), "--from", name, "-o", "json");
    expect(again.stdout).toBe(first.stdout);
    expect(found(again)).toEqual(["ReferenceMissing Deployment shop/web"]);
  });

  test("an object in it may be asked about, and a missing one is reported", async () => {
    const content = encodeEvidence(saved, "a.json");
    expect(found(await withFiles(content, "deployment/web", "--from", "a.json", "-o", "json"))).toHaveLength(1);
    const ran = await withFiles(content, "deployment/other", "--from", "a.json");
    expect(ran).toMatchObject({ code: 2, stderr: "kintsugi: Deployment shop/other not found in a.json\n" });
  });

  test("its name and its time are in the text", async () => {
    const { stdout } = await withFiles(encodeEvidence(saved, "a.json"), "--from", "a.json");
    const piped = await withFiles(encodeEvidence(saved, "a.json"), "--from", "-");
    expect(piped.stdout).toContain(" in stdin,");
    expect(stdout.replaceAll("\n", " ")).toMatch(/ Checked .* in a\.json, collected at 2027-03-01 14:00:00 UTC \(\d+[smhd] ago\)\. /);
  });

  const [other] = workload("well");
  const parts = { objects: [broken!, ...podsOf(broken!, waiting), other!, ...podsOf(other!, {})] };
  const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
  const scopes = {
    shop: { namespaces: ["shop"] },
    called: { namespaces: ["shop"], called: ["well"] },
    all: { namespaces: "all" as const },
    web: { namespaces: ["shop"], target },
  };
  test.each<[keyof typeof scopes, readonly string[], string]>([
    ["shop", ["-n", "well"], "namespace shop"],
    ["shop", ["ns/well"], "namespace shop"],
    ["shop", ["-A"], "namespace shop"],
    ["shop", ["deployment/web", "-n", "well"], "namespace shop"],
    ["called", ["-n", "well"], "namespace shop"],
    ["web", ["-n", "well"], "Deployment shop/web"],
    ["web", ["-A"], "Deployment shop/web"],
    ["web", ["service/api"], "Deployment shop/web"],
    ["web", ["deployment/web", "-n", "well"], "Deployment shop/web"],
  ])("of the scope %s it does not answer %j: exit code 2", async (scope, args, covered) => {
    const ran = await withFiles(encodeEvidence(evidence({ ...parts, scope: scopes[scope] }), "a.json"), ...args, "--from", "a.json");
    expect(ran).toMatchObject({ code: 2, stdout: "", stderr: `kintsugi: a.json covers ${covered} only\n` });
  });

  test.each<[keyof typeof scopes, readonly string[], RegExp]>([
    ["shop", [], /^1 finding in namespace shop\n/],
    ["shop", ["-n", "shop"], /^1 finding in namespace shop\n/],
    ["called", [], /^1 finding in namespace shop\n/],
    ["all", ["-n", "well"], /^No problems found in namespace well\.\nChecked 1 Deployment, 1 Pod, 1 ReplicaSet, /],
    ["all", ["-A"], /^1 finding in the whole cluster\n/],
    ["all", ["deployment/web", "-n", "well"], /^No problems found in Deployment well\/web\.\n/],
    ["web", [], /^1 finding in Deployment shop\/web\n/],
    ["web", ["-n", "shop"], /^1 finding in Deployment shop\/web\n/],
    ["web", ["pod/web-7d9c5b8f6-bx2z4"], /^1 finding in Pod shop\/web-7d9c5b8f6-bx2z4\n/],
  ])("of the scope %s it answers %j", async (scope, args, sentence) => {
    const ran = await withFiles(encodeEvidence(evidence({ ...parts, scope: scopes[scope] }), "a.json"), ...args, "--from", "a.json");
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toMatch(sentence);
  });

  test("ruled out is only what concerns the object that was asked about", async () => {
    const paused = workload("shop").map((each) => ({
      ...each,
      metadata: { ...each.metadata, name: "checkout", uid: "checkout" },
      spec: { ...(each as unknown as { spec: object }).spec, paused: true },
    }))[0]!;
    const content = encodeEvidence(evidence({ objects: [broken!, ...podsOf(broken!, waiting), paused, ...podsOf(paused, {})] }), "a.json");
    const ruledOut = async (...args: readonly string[]): Promise<string> =>
      JSON.stringify(
        (JSON.parse((await withFiles(content, ...args, "--from", "a.json", "-o", "json")).stdout) as { ruledOut: unknown }).ruledOut,
      );
    expect(await ruledOut("deployment/web")).toContain("ConfigEdited");
    expect(await ruledOut("deployment/web")).not.toContain("checkout");
  });

  test("a damaged one is reported in one sentence", async () => {
    const ran = await withFiles(encodeEvidence(saved, "a.json").slice(0, 200), "--from", "a.json");
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(/^kintsugi: a\.json cannot be read as evidence: it is not valid JSON .*truncated or damaged\n$/);
  });
});

test("evidence is diagnosed where the program says so, which is closed afterwards; what did not finish counts as not read", async () => {
  const saved = encodeEvidence(evidence({ objects: [broken!, ...podsOf(broken!, waiting)] }), "saved.json");
  const gap = "GatewayMisroutes did not finish within 5000 ms of CPU time: skipped";
  let closed = 0;
  const run = (survey: Diagnoser["survey"]): Promise<Ran> =>
    runKintsugi(["diagnose", "--from", "saved.json", "-o", "json"], undefined, {
      files: { read: async () => Buffer.from(saved), write: async () => undefined },
      openDiagnoser: async () => ({ ...diagnoseHere, survey, close: async () => void (closed += 1) }),
    });
  const ran = await run(async (...asked) => ({ ...(await diagnoseHere.survey(...asked)), gaps: [gap] }));
  expect(JSON.parse(ran.stdout)).toMatchObject({ notRead: [gap], findings: [{ code: "ReferenceMissing" }] });
  expect(closed).toBe(1);
  expect((await run(() => Promise.reject(new Error("it ended")))).code).toBe(2);
  expect(closed).toBe(2);
});
