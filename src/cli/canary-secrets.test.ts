// Secrets that sit where a secret can sit in a cluster leave in no form of a diagnosis and in no saved file.
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Deployment } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { connect } from "#kube/connect.ts";
import { systemClock } from "#lib/system-clock.ts";
import { runKintsugi } from "#test/cli-harness.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { crashed, failing, objects, podsOf, sketchNow } from "#test/evidence-sketch.ts";

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

/** Forms in which programs and people write secrets: each is redacted by its form, anywhere. Prose ("the password is …") is not. */
const forms: Readonly<Record<string, (secret: string) => string>> = {
  assigned: (secret) => `password=${secret}`,
  property: (secret) => `spring.datasource.password = ${secret}`,
  variable: (secret) => `DB_PASSWORD: ${secret}`,
  quoted: (secret) => `api_key: '${secret}'`,
  json: (secret) => `{"client_secret": "${secret}", "level": "info"}`,
  nestedJson: (secret) => `{"body":"{\\"password\\":\\"${secret}\\"}"}`,
  flag: (secret) => `--access-key ${secret}`,
  flagAssigned: (secret) => `--api-token=${secret}`,
  query: (secret) => `GET /login?user=app&token=${secret}&next=home`,
  bearer: (secret) => `Authorization: Bearer ${secret}`,
  basic: (secret) => `authorization: Basic ${secret}`,
  header: (secret) => `X-Api-Key: ${secret}`,
  bare: (secret) => `sent bearer ${secret} to the gateway`,
  cookie: (secret) => `Set-Cookie: session=${secret}; HttpOnly`,
  address: (secret) => `postgres://app:${secret}@db:5432/app`,
  addressWithoutUser: (secret) => `redis://:${secret}@cache:6379/0`,
  jwt: (secret) => `eyJhbGciOiJSUzI1NiJ9.${secret}.${secret}`,
  github: (secret) => `ghp_${secret}${secret}`,
  gitlab: (secret) => `glpat-${secret}`,
  slack: (secret) => `xoxb-1234-${secret}`,
  slackHook: (secret) => `https://hooks.slack.com/services/T0/B0/${secret}`,
  stripe: (secret) => `sk_live_${secret}`,
  openai: (secret) => `sk-${secret}`,
  npm: (secret) => `npm_${secret}${secret}`,
  pem: (secret) => `-----BEGIN RSA PRIVATE KEY-----\n${secret}\n-----END RSA PRIVATE KEY-----`,
  cutPem: (secret) => `-----BEGIN PRIVATE KEY-----\n${secret}`,
};

let sown = 0;
/** Every form once, each with a secret of its own. */
const everyForm = (): string[] =>
  Object.values(forms).map((write) => {
    sown += 1;
    return write(`canary${String(sown).padStart(4, "0")}zq8f3a91c7`);
  });
const lines = (): string => everyForm().join("\n");
const annotated = (): Record<string, string> => Object.fromEntries(everyForm().map((text, at) => [`example.test/note-${at}`, text]));
const variables = (): object[] => everyForm().map((value, at) => ({ name: `OPTION_${at}`, value }));
const files = (): Record<string, string> => Object.fromEntries(everyForm().map((text, at) => [`part-${at}.conf`, text]));

/** What steers a terminal or deceives a reader: none of it may leave, whatever the form. */
const steering = "\u001b[31m\u001b]0;title\u0007\u009b32m\u202egpj\u061c\u200b\u2028\u2029\u2066\ufeff\u0007\u0000";
// oxlint-disable-next-line no-control-regex
const reachesReader = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** A workload with a secret in every text field. */
const leaky = (): KubeObject[] => {
  const [api] = objects(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  replicas: 1
  selector: { matchLabels: { app: api } }
  template:
    metadata: { labels: { app: api } }
    spec: { containers: [{ name: api, image: "example.test/api:1" }] }
`);
  const spec = (api as Deployment).spec;
  const [container] = spec.template.spec.containers;
  const filled = {
    ...api!,
    metadata: { ...api!.metadata, annotations: annotated() },
    spec: {
      ...spec,
      template: {
        metadata: { ...spec.template.metadata, annotations: annotated() },
        spec: {
          initContainers: [{ name: "prepare", image: "example.test/prepare:1", args: everyForm(), env: variables() }],
          containers: [{ ...container!, command: ["sh", "-c", lines()], args: everyForm(), env: variables() }],
        },
      },
    },
  } as unknown as KubeObject;
  const status = crashed("api", 1, { message: lines() });
  const made = podsOf(filled, failing(status));
  const pod = made.at(-1)!;
  const others = objects(`
apiVersion: v1
kind: ConfigMap
metadata: { name: parts }
---
apiVersion: v1
kind: Service
metadata: { name: api }
spec: { selector: { app: api }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: api }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: api }
spec: { podSelector: { matchLabels: { app: api } }, ingress: [{}] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: api }
spec: { defaultBackend: { service: { name: api, port: { number: 80 } } } }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: api }
spec: { maxUnavailable: 1, selector: { matchLabels: { app: api } } }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: api }
spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: api } }
`).map((each) => ({ ...each, metadata: { ...each.metadata, annotations: annotated() } }));
  const events = everyForm().map((text, at) => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: { namespace: "shop", name: `e${at}`, uid: `uid-e${at}`, resourceVersion: "1", creationTimestamp: sketchNow },
    involvedObject: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: pod.metadata.name },
    type: "Warning",
    reason: at % 2 === 0 ? "Failed" : "Unhealthy",
    message: `Error: ${steering}${text}`,
    lastTimestamp: sketchNow,
    count: 1,
  }));
  return [filled, ...made, { ...others[0]!, data: { ...files(), "all.conf": lines() } } as KubeObject, ...others.slice(1), ...events];
};

let kube: EmbeddedTestCluster;
beforeAll(async () => {
  kube = await startEmbeddedCluster();
  kube.put(...cluster(), ...leaky());
});
afterAll(() => kube.stop());

const run = async (...args: readonly string[]): Promise<string> => {
  const written: Uint8Array[] = [];
  const ran = await runKintsugi(["diagnose", "-A", "--all", ...args], undefined, {
    connect: (config) => {
      const open = connect(config, { clock: systemClock, random: () => 0.5 });
      // What the programs print: the server of this test runs none.
      return { ...open, logs: async () => `starting\n${lines()}\nError: ${steering} cannot go on\n` };
    },
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
])("%s shows the workload and no secret", async (_form, args) => {
  const printed = await run(...args);
  expect(printed).toContain("web");
  expect(sown).toBeGreaterThan(500);
  expect([...printed.matchAll(/canary[a-z0-9]*8f3a91c7/g)].map(([found]) => found)).toEqual([]);
  expect(printed).not.toMatch(reachesReader);
  expect(printed).not.toContain(Buffer.from(canary("secret")).toString("base64"));
});
