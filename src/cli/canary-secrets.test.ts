// Secrets that sit where a secret can sit in a cluster leave in no form of a diagnosis and in no saved file.
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { connect } from "#kube/connect.ts";
import { systemClock } from "#lib/system-clock.ts";
import { runKintsugi } from "#test/cli-harness.ts";
import { type EmbeddedKube, startEmbeddedKube } from "#test/embedded-kube.ts";
import { crashed, failing, objects, podsOf } from "#test/evidence-sketch.ts";

/** Each a value of its own, so that a failure says which place leaks. */
const canary = (place: string): string => `canary${place}8f3a91c7`;

const cluster = (): KubeObject[] => {
  const [web, ...others] = objects(`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: { example.test/api-token: ${canary("annotation")}, note: "password=${canary("note")}" }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web }, annotations: { deploy: "Authorization: Bearer ${canary("bearer")}" } }
    spec:
      containers:
        - name: web
          image: example.test/web:1
          command: [web, "--password", "${canary("flag")}"]
          args: ["--api-key=${canary("arg")}", "postgres://app:${canary("url")}@db/app"]
          env:
            - { name: DB_PASSWORD, value: "${canary("env")}" }
            - { name: DATABASE_URL, value: "mysql://app:${canary("envurl")}@db:3306/app" }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data:
  app.properties: "spring.datasource.password=${canary("properties")}"
  config.json: '{"client_secret": "${canary("json")}"}'
  AUTH_TOKEN: ${canary("key")}
---
apiVersion: v1
kind: Secret
metadata: { name: login, annotations: { "kubectl.kubernetes.io/last-applied-configuration": '{"stringData":{"password":"${canary("applied")}"}}' } }
data: { password: ${Buffer.from(canary("secret")).toString("base64")} }
stringData: { token: ${canary("stringdata")} }
`);
  const status = crashed("web", 1, { message: `login failed: password=${canary("termination")}` });
  return [web!, ...podsOf(web!, failing(status)), ...others];
};

let kube: EmbeddedKube;
beforeAll(async () => {
  kube = await startEmbeddedKube();
  kube.put(...cluster());
});
afterAll(() => kube.stop());

const run = async (...args: readonly string[]): Promise<string> => {
  const written: Uint8Array[] = [];
  const ran = await runKintsugi(["diagnose", "-A", "--all", ...args], undefined, {
    connect: (config) => connect(config, { clock: systemClock, random: () => 0.5 }),
    clock: systemClock,
    readFile: async () => kube.kubeconfig(kube.adminToken, "shop"),
    files: { read: async () => Buffer.of(), write: async (_path, bytes) => void written.push(bytes) },
  });
  const saved = written.map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : Buffer.from(bytes)).toString());
  return [ran.stdout, ran.stderr, ...saved].join("\n");
};

test.each([
  ["text", []],
  ["json", ["-o", "json"]],
  ["yaml", ["-o", "yaml"]],
  ["markdown", ["-o", "markdown"]],
  ["sarif", ["-o", "sarif"]],
  ["a saved file", ["--save", "incident.json"]],
  ["a compressed one", ["--save", "incident.json.gz"]],
])("%s tells of the workload and of no secret", async (_form, args) => {
  const told = await run(...args);
  expect(told).toContain("web");
  expect([...told.matchAll(/canary[a-z]*8f3a91c7/g)].map(([found]) => found)).toEqual([]);
  expect(told).not.toContain(Buffer.from(canary("secret")).toString("base64"));
});
