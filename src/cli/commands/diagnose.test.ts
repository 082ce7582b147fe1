import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeEvidence } from "#evidence/evidence-file.ts";
import { connect } from "#kube/connect.ts";
import { systemClock } from "#lib/system-clock.ts";
import { type Ran, runKintsugi } from "#test/cli-harness.ts";
import { type EmbeddedKube, startEmbeddedKube } from "#test/embedded-kube.ts";
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

let cluster: EmbeddedKube;
beforeAll(async () => {
  cluster = await startEmbeddedKube();
  cluster.put(broken!, ...podsOf(broken!, waiting), ...settings, well!, ...podsOf(well!, {}));
});
afterAll(() => cluster.stop());

const diagnose = (...args: readonly string[]): Promise<Ran> =>
  runKintsugi(["diagnose", ...args], undefined, {
    connect: (config) => connect(config, { clock: systemClock, random: () => 0.5 }),
    clock: systemClock,
    readFile: async () => cluster.kubeconfig(cluster.adminToken, "shop"),
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
    expect(ran.stdout).toMatch(/^Nothing is wrong in namespace well, as far as could be read\.\nLooked at \d+ objects \(1 pod\)/);
    expect(found(await diagnose("-n", "well", "-o", "json"))).toEqual([]);
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
    [["deployment/nothing"], /there is no Deployment shop\/nothing/],
    [["pod/nothing"], /there is no Pod shop\/nothing/],
    [["ingress/nothing"], /there is no Ingress shop\/nothing/],
    [["gizmo/a"], /is not an object to look at/],
    [["deployment/web", "-A"], /leave out the object, or -A/],
    [["-o", "wide"], /does not make wide/],
    [["--from", "missing.json"], /missing\.json|neither read nor written/],
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

  test("is found; what fires is told beside the findings, which it does not change, within forty calls in all", async () => {
    cluster.requests.length = 0;
    const ran = await ask("deployment/web", "--save", "a.json.gz");
    expect(ran.asked).toHaveLength(2);
    expect(cluster.requests.length + ran.asked.length).toBeLessThanOrEqual(40);
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
    expect((await ask("deployment/web", "--prometheus", "monitoring/prometheus-server:http")).asked).toHaveLength(2);
  });

  test("is named by its address; one that does not answer is told, and nothing else fails", async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url ?? "");
      response.end(JSON.stringify(answer(request.url ?? "")));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const ran = await ask("deployment/web", "--prometheus", `http://127.0.0.1:${port}`);
    expect(ran.stdout).toContain("KubePodNotReady");
    expect([seen.length, ran.asked.length]).toEqual([2, 0]);
    await new Promise((resolve) => server.close(resolve));
    const dead = await ask("deployment/web", "-o", "json", "--prometheus", "http://127.0.0.1:1");
    expect(found(dead)).toEqual(["ReferenceMissing Deployment shop/web"]);
    expect((JSON.parse(dead.stdout) as { notRead: string[] }).notRead).toContainEqual(
      expect.stringMatching(/^ask Prometheus 127\.0\.0\.1:1 for containers, .* for firing alerts: connect ECONNREFUSED/),
    );
  });

  test.each([
    [["--prometheus", "somewhere"], /"somewhere" is no Prometheus: use an address, namespace\/service:port, or none/],
    [["--from", "a.json.gz", "--prometheus", "none"], /--from looks at what was saved/],
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

  test("an object in it may be asked about, and one that is not there is told", async () => {
    const content = encodeEvidence(saved, "a.json");
    expect(found(await withFiles(content, "deployment/web", "--from", "a.json", "-o", "json"))).toHaveLength(1);
    const ran = await withFiles(content, "deployment/other", "--from", "a.json");
    expect(ran).toMatchObject({ code: 2, stderr: "kintsugi: there is no Deployment shop/other in a.json\n" });
  });

  test("one that is damaged is told in one sentence", async () => {
    const ran = await withFiles(encodeEvidence(saved, "a.json").slice(0, 200), "--from", "a.json");
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(/^kintsugi: a\.json cannot be read as evidence: it is no JSON .*truncated or damaged\n$/);
  });
});
