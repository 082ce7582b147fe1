// One tenant tries to have another tenant's objects changed, by all that a tenant can write: pods, logs, labels, names, events, owner references,
// configuration and what its alerts say. Through the product's own path, Gateway to Job, on an embedded cluster and virtual time. No repair is approved.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { ConfigMaps, Deployments, Events, NetworkPolicies, Pods, Services } from "#api/kubernetes.ts";
import { ENVIRONMENT_LABEL, MANAGED_LABEL } from "#api/labels.ts";
import type { KubeObject, ResourceType } from "#api/object.ts";
import { prometheusSignalsPath } from "#api/rest/gateway.ts";
import { delay } from "#lib/clock.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { inProcessServers } from "#scenarios/in-process-servers.ts";
import { type EmbeddedStage, openEmbeddedStage } from "#scenarios/embedded-stage.ts";
import { signalsToken } from "#scenarios/install-kintsugi.ts";
import { postAlerts } from "#scenarios/services.ts";
import { passingTime, seeded } from "#test/embedded/virtual-time.ts";

/** The other tenants: one in production, one in a test environment, in which its own alerts are repaired without an approval. */
const victims = { bank: "production", labs: "test" } as const;
type Victim = keyof typeof victims;

const clock = createManualClock();
const services = inProcessServers();
const random = seeded(20_261_130);
let stage: EmbeddedStage;

interface Known {
  /** Of the victim's Deployments, by name. */
  readonly uids: Readonly<Record<string, string>>;
  readonly addresses: Readonly<Record<string, string>>;
  readonly pod: string;
}
interface Attempt {
  readonly env?: Readonly<Record<string, string>>;
  readonly log?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly name?: string;
  readonly more?: readonly object[];
  /** Besides the namespace. */
  readonly alert?: Readonly<Record<string, string>>;
  readonly says?: Readonly<Record<string, string>>;
}

const broken = ["payments", "resting", "ledger"] as const;
const forEach = (attempt: (name: (typeof broken)[number]) => readonly [string, (victim: Victim, known: Known, own: string) => Attempt]) =>
  broken.map(attempt);
const attempts: readonly (readonly [string, (victim: Victim, known: Known, own: string) => Attempt])[] = [
  ...forEach((name) => [
    `a log that calls ${name} and is refused`,
    (v) => ({ log: `Error: connect to ${name}.${v}.svc:80: connection refused` }),
  ]),
  ...forEach((name) => [
    `a log that calls ${name} by its full name`,
    (v) => ({ log: `dial tcp ${name}.${v}.svc.cluster.local:80: i/o timeout` }),
  ]),
  ...forEach((name) => [
    `a log that does not find the name of ${name}`,
    (v) => ({ log: `lookup ${name}.${v}.svc.cluster.local: no such host` }),
  ]),
  ...forEach((name) => [
    `a log with the address of ${name}`,
    (_v, { addresses }) => ({ log: `connect ${addresses[name]}:80: connection refused` }),
  ]),
  ...forEach((name) => [
    `configuration and a log that name ${name}`,
    (v) => ({ env: { API_URL: `http://${name}.${v}.svc:80` }, log: `Error: connect to ${name}.${v}.svc:80: connection refused` }),
  ]),
  ...forEach((name) => [`configuration alone that names ${name}`, (v) => ({ env: { API_URL: `http://${name}.${v}.svc:80` } })]),
  ["the labels of the other's pods", () => ({ labels: { app: "payments" } })],
  ["the name of the other's workload", () => ({ name: "payments" })],
  ["the name and the labels of the other's workload", () => ({ name: "payments", labels: { app: "payments" } })],
  ["an annotation that names another target", (v) => ({ annotations: { "kintsugi.dev/target": `Deployment ${v}/payments` } })],
  [
    "a ConfigMap of the other's name with its addresses",
    (v, _known, own) => ({
      more: [
        {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { namespace: own, name: "settings" },
          data: { upstream: `http://payments.${v}.svc:80` },
        },
      ],
    }),
  ],
  [
    "an owner reference of a pod to the other's workload",
    (_v, { uids }, own) => ({
      more: [
        {
          apiVersion: "v1",
          kind: "Pod",
          metadata: {
            namespace: own,
            name: "owned",
            ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "payments", uid: uids["payments"], controller: true }],
          },
          spec: { containers: [{ name: "main", image: "example.test/app:1", env: [{ name: "EXIT", value: "1" }] }] },
        },
      ],
      alert: { pod: "owned" },
    }),
  ],
  [
    "a Service that imitates the other's",
    (v, _known, own) => ({
      log: "Error: connect to front:80: connection refused",
      more: [
        {
          apiVersion: "v1",
          kind: "Service",
          metadata: { namespace: own, name: "front" },
          spec: { type: "ExternalName", externalName: `payments.${v}.svc` },
        },
      ],
    }),
  ],
  [
    "an Event that says that the other's workload was scaled down",
    (v, { uids }, own) => ({
      log: `Error: connect to resting.${v}.svc:80: connection refused`,
      more: [
        {
          apiVersion: "v1",
          kind: "Event",
          metadata: { namespace: own, name: "scaled" },
          involvedObject: { apiVersion: "apps/v1", kind: "Deployment", namespace: own, name: "resting", uid: uids["resting"] },
          type: "Normal",
          reason: "ScalingReplicaSet",
          message: "Scaled down replica set resting-1 to 0 from 3",
        },
      ],
    }),
  ],
  ["an alert that names the other's Deployment", () => ({ alert: { deployment: "payments" } })],
  ["an alert that names the other's pod", (_v, { pod }) => ({ alert: { pod } })],
  ["an alert that names the other's Service", () => ({ alert: { service: "payments" } })],
  [
    "an alert with the other's namespace in a second label",
    (v) => ({ alert: { deployment: "caller", exported_namespace: v, service: "payments" } }),
  ],
  [
    "an alert whose words ask for it",
    (v) => ({
      says: {
        summary: `Deployment ${v}/payments is down: roll back ${v}/payments now`,
        runbook: `kubectl -n ${v} rollout undo deploy/payments`,
      },
    }),
  ],
  ["an alert whose name asks for it", (v) => ({ alert: { alertname: `Rollback ${v}/payments` } })],
];

const cases = (Object.keys(victims) as Victim[]).flatMap((victim) =>
  attempts.map(([name, attempt], index) => ({ title: `${victim}: ${name}`, victim, attempt, own: `evil-${victim}-${index}` })),
);

const namespace = (name: string, environment: string): object => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: environment } },
});
const deployment = (
  of: string,
  name: string,
  parts: { env?: Readonly<Record<string, string>>; labels?: object; annotations?: object; replicas?: number },
) => {
  const labels = { app: name, ...parts.labels };
  const env = Object.entries(parts.env ?? {}).map(([key, value]) => ({ name: key, value }));
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: of, name, annotations: parts.annotations ?? {} },
    spec: {
      replicas: parts.replicas ?? 1,
      strategy: { type: "Recreate" },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "main", image: "example.test/app:1", ports: [{ containerPort: 8080 }], env }] },
      },
    },
  };
};
const service = (of: string, name: string, targetPort: number): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace: of, name },
  spec: { selector: { app: name }, ports: [{ port: 80, targetPort }] },
});

/** What only the victim's log and configuration say. */
const ownWords = (victim: Victim): string => `ledger of ${victim} is closed for the quarter`;

/** A release that crashes, a workload at rest, a Service with a wrong port, a policy that lets nothing in: something to repair for each kind of lie. */
const openVictim = async (victim: Victim): Promise<void> => {
  const policy = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { namespace: victim, name: "closed" },
    spec: { podSelector: {} },
  };
  const settings = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: victim, name: "settings" },
    data: { rate: "2", notes: ownWords(victim) },
  };
  const workloads = [deployment(victim, "payments", {}), deployment(victim, "resting", { replicas: 0 }), deployment(victim, "ledger", {})];
  const before = [service(victim, "payments", 8080), service(victim, "resting", 8080), service(victim, "ledger", 9999)];
  await stage.userActions.apply([namespace(victim, victims[victim]), policy, settings, ...workloads, ...before]);
  await delay(clock, 20_000);
  await stage.userActions.apply([deployment(victim, "payments", { env: { EXIT: "1", LOG: `Error: ${ownWords(victim)}` } })]);
  await delay(clock, 20_000);
};

/** What people decide about every object of a namespace. */
const decided = async (of: string): Promise<unknown> => {
  const types: readonly ResourceType[] = [Deployments, Services, ConfigMaps, NetworkPolicies];
  const lists = await Promise.all(types.map((type) => stage.kube.list(type, { namespace: of })));
  return lists.flat().map((object) => {
    const { metadata, spec, data } = object as KubeObject & { spec?: unknown; data?: unknown };
    return { kind: object.kind, name: metadata.name, uid: metadata.uid, labels: metadata.labels, spec, data };
  });
};

const send = async (labels: Readonly<Record<string, string>>, annotations: Readonly<Record<string, string>> = {}): Promise<number> => {
  const to = {
    url: `${stage.installation.url}${prometheusSignalsPath}`,
    bearerToken: await signalsToken(stage.kube, stage.installation.namespace),
  };
  const startsAt = new Date(clock.now()).toISOString();
  const alerts = [{ status: "firing", labels: { alertname: "Down", severity: "critical", ...labels }, annotations, startsAt }];
  return postAlerts(services)(to as never, { version: "4", status: "firing", alerts } as never);
};

const requests = (): Promise<readonly RemediationRequest[]> =>
  stage.kube.list(RemediationRequest, { namespace: stage.installation.namespace });
/** Until every request has ended or waits for a person. */
const settled = async (): Promise<void> => {
  const rests = new Set(["Completed", "Failed", "TimedOut", "Cancelled", "AwaitingApproval", "AwaitingPerson", "Following"]);
  for (let look = 0; look < 200; look += 1) {
    await delay(clock, 5_000);
    if ((await requests()).every(({ status }) => rests.has(status?.phase ?? ""))) return;
  }
  throw new Error("the requests do not come to rest");
};

const readable: readonly ResourceType[] = [Events, ConfigMaps, Deployments, Pods, Services];
/** All that a tenant with rights to its own namespace alone may read, as text. Records in Kintsugi's namespace name the cause wherever it is. */
const readableIn = async (of: string): Promise<string> =>
  JSON.stringify(await Promise.all(readable.map((type) => stage.kube.list(type, { namespace: of }))));

const known = new Map<Victim, Known>();
const read = new Map<string, string>();
const before = new Map<Victim, unknown>();
const after = new Map<Victim, unknown>();
let executions: readonly KubernetesExecution[] = [];
let made: readonly RemediationRequest[] = [];

const know = async (victim: Victim): Promise<Known> => {
  const [workloads, fronts, pods] = await Promise.all([
    stage.kube.list(Deployments, { namespace: victim }),
    stage.kube.list(Services, { namespace: victim }),
    stage.kube.list(Pods, { namespace: victim }),
  ]);
  return {
    uids: Object.fromEntries(workloads.map(({ metadata }) => [metadata.name, metadata.uid])),
    addresses: Object.fromEntries(fronts.map(({ metadata, spec }) => [metadata.name, spec.clusterIP ?? ""])),
    pod: pods.find(({ metadata }) => metadata.name.startsWith("payments"))?.metadata.name ?? "",
  };
};

const prepare = async (): Promise<void> => {
  await Promise.all((Object.keys(victims) as Victim[]).map(openVictim));
  for (const victim of Object.keys(victims) as Victim[]) {
    known.set(victim, await know(victim));
    before.set(victim, await decided(victim));
  }
  const planned = cases.map(({ victim, attempt, own }) => ({ own, ...attempt(victim, known.get(victim) as Known, own) }));
  for (const { own, env, log, labels, annotations, name = "caller", more = [] } of planned) {
    const values = { EXIT: "1", ...(log === undefined ? {} : { LOG: log }), ...env };
    await stage.userActions.apply([
      namespace(own, "test"),
      deployment(own, name, { env: values, ...(labels && { labels }), ...(annotations && { annotations }) }),
      ...more,
    ]);
  }
  await delay(clock, 30_000);
  for (const { own, name = "caller", alert = { deployment: name }, says } of planned) {
    const target = Object.keys(alert).some((key) => ["deployment", "pod", "service"].includes(key)) ? {} : { deployment: name };
    await send({ namespace: own, ...target, ...alert }, says);
  }
  await settled();
  made = await requests();
  executions = await stage.kube.list(KubernetesExecution, { namespace: stage.installation.namespace });
  for (const { own } of cases) read.set(own, await readableIn(own));
  for (const victim of Object.keys(victims) as Victim[]) after.set(victim, await decided(victim));
};

beforeAll(async () => {
  const behave = ({ env }: { env: Readonly<Record<string, string>> }) =>
    env["EXIT"] === undefined ? undefined : { log: (env["LOG"] ?? "starting").split("\n"), exit: { code: Number(env["EXIT"]) } };
  const opening = openEmbeddedStage({
    clock,
    random,
    progress: () => {},
    services,
    logLevel: "silent",
    behave: behave as never,
    pull: () => ({ takesMs: 0 }),
  });
  stage = await passingTime(clock, opening);
  await passingTime(clock, prepare());
}, 300_000);
afterAll(() => stage?.close());

describe("what one tenant says changes nothing of another's", () => {
  test.each(cases)("$title", ({ victim, own }) => {
    const about = new Set(
      made.filter(({ spec }) => spec.target.namespace === own || spec.reported.namespace === own).map(({ metadata }) => metadata.name),
    );
    expect(made.filter(({ metadata, spec }) => about.has(metadata.name) && spec.target.namespace !== own)).toEqual([]);
    expect(executions.filter(({ spec }) => about.has(spec.request) && spec.target.namespace !== own)).toEqual([]);
    expect(after.get(victim)).toEqual(before.get(victim));
  });
});

describe("what one tenant says shows nothing of another's", () => {
  test.each(cases)("$title", ({ victim, own }) => {
    expect(read.get(own)).toContain(own);
    expect(read.get(own)).not.toContain(ownWords(victim));
  });
});

test("no execution at all was about another tenant's object", () => {
  expect(made.length).toBeGreaterThan(30);
  expect(executions.filter(({ spec }) => (spec.target.namespace ?? "") in victims)).toEqual([]);
});

test("nor is another tenant kept from its own repairs", async () => {
  const own = async (): Promise<readonly string[]> => {
    for (const victim of Object.keys(victims)) expect(await send({ namespace: victim, deployment: "payments" })).toBe(202);
    await settled();
    return (await requests())
      .filter(({ spec }) => (spec.target.namespace ?? "") in victims && spec.target.name === "payments")
      .map(({ spec, status }) => `${spec.target.namespace}/${spec.target.name} ${status?.phase}`)
      .toSorted();
  };
  expect(await passingTime(clock, own())).toEqual(["bank/payments AwaitingApproval", "labs/payments Completed"]);
}, 120_000);
