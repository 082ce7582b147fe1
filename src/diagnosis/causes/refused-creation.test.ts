// What the API server refuses to create: for a quota, or for a ServiceAccount that does not exist.
import { describe, expect, test } from "vitest";
import type { Deployment } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { quotaExceeded, resourceWord } from "#diagnosis/causes/quota-exceeded.ts";
import { serviceAccountMissing } from "#diagnosis/causes/service-account-missing.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { evidence, objects, podsOf, warning } from "#test/evidence-sketch.ts";

const found = (given: Evidence): string[] =>
  [quotaExceeded, serviceAccountMissing].flatMap((cause) =>
    cause
      .find(createView(given))
      .flatMap((each) =>
        "found" in each
          ? [`${each.found.code} ${each.found.detail?.["resource"] ?? ""} ${each.found.object.kind}/${each.found.object.name}`]
          : [],
      ),
  );

const web = (spec = ""): Deployment =>
  objects(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { serviceAccountName: webb, containers: [{ name: main, image: web:1, env: [{ name: API_ADDR, value: "api:80" }] }]${spec} }
`)[0] as Deployment;

const refused = (message: string, extra: string, deployment = web()): Evidence => {
  const [set] = podsOf(deployment);
  return evidence({
    objects: [deployment, set as KubeObject, ...objects(extra)],
    events: [warning(set as KubeObject, "FailedCreate", message)],
  });
};

const quota = (hard: string, used: string): string =>
  `apiVersion: v1\nkind: ResourceQuota\nmetadata: { name: team }\nspec: { hard: { ${hard} } }\nstatus: { hard: { ${hard} }, used: { ${used} } }\n`;
const account = (name: string): string => `apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: ${name} }\n`;

describe("a ServiceAccount that is missing", () => {
  const message =
    'Error creating: pods "web-7d9c5b8f6-" is forbidden: error looking up service account shop/webb: serviceaccount "webb" not found';
  test("is found of the workload, with the nearest account for a person to choose", () => {
    expect(found(refused(message, account("web")))).toEqual(["ServiceAccountMissing  Deployment/web"]);
    const [finding] = serviceAccountMissing.find(createView(refused(message, account("web"))));
    expect(finding).toMatchObject({
      found: { advice: { remedies: [], otherwise: expect.stringContaining("ServiceAccount web has a similar name") as string } },
    });
  });
  test("is not found where a quota refuses", () => {
    const other = 'Error creating: pods "web-x" is forbidden: exceeded quota: team, requested: pods=1, used: pods=4, limited: pods=4';
    expect(found(refused(other, quota('pods: "4"', 'pods: "4"')))).toEqual(["QuotaExceeded pods ResourceQuota/team"]);
  });
  test("is not found where the account exists now, or the pods do", () => {
    expect(found(refused(message, account("webb")))).toEqual([]);
    const given = refused(message, account("web"));
    expect(found({ ...given, objects: [...given.objects, ...podsOf(web(), {}).filter(({ kind }) => kind === "Pod")] })).toEqual([]);
  });
});

describe("a quota", () => {
  test.each([
    ["requests.cpu", "cpu"],
    ["limits.memory", "memory"],
    ["count/pods", "pods"],
    ["pods", "pods"],
    ["count/services", "services"],
    ["requests.storage", "storage"],
    ["persistentvolumeclaims", "storage"],
    ["requests.nvidia.com/gpu", "nvidia"],
  ])("%s counts %s", (resource, word) => {
    expect(resourceWord(resource)).toBe(word);
  });

  const claimed = web(", volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]");
  const waiting = podsOf(claimed, { status: { phase: "Pending" } });
  const missed = warning(waiting.at(-1)!, "FailedScheduling", '0/4 nodes are available: persistentvolumeclaim "data" not found.');
  const mounting = (extra: string, events = [missed]): string[] =>
    found(evidence({ objects: [claimed, ...waiting, ...objects(extra)], events }));
  const volume = (size: string): string =>
    `apiVersion: v1\nkind: PersistentVolume\nmetadata: { name: disk }\nspec: { capacity: { storage: ${size} } }\nstatus: { phase: Available }\n---\n`;

  test.each([
    ["is full", quota("requests.storage: 1Gi", "requests.storage: 1Gi")],
    ["has less room than the smallest free volume needs", volume("2Gi") + quota("requests.storage: 10Gi", "requests.storage: 9Gi")],
  ])("is found for a claim that the scheduler misses where it %s", (_, extra) => {
    expect(mounting(extra)).toEqual(["QuotaExceeded storage ResourceQuota/team"]);
  });
  test.each([
    ["has room for the free volume", volume("1Gi") + quota("requests.storage: 10Gi", "requests.storage: 9Gi"), [missed]],
    ["is not known to lack room", quota("requests.storage: 10Gi", 'requests.storage: "0"'), [missed]],
    ["is full and no event misses the claim", quota("requests.storage: 1Gi", "requests.storage: 1Gi"), []],
    ["counts no storage", quota('pods: "4"', 'pods: "4"'), [missed]],
    [
      "is full and the claim exists",
      `apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: data }\nspec: {}\n---\n${quota("requests.storage: 1Gi", "requests.storage: 1Gi")}`,
      [missed],
    ],
  ])("is not found for a claim where it %s", (_, extra, events) => {
    expect(mounting(extra, events)).toEqual([]);
  });
  test("is found for a Service that is called and does not exist, while no more may be made", () => {
    const given = evidence({ objects: [web(), ...podsOf(web(), {}), ...objects(quota('services: "3"', 'services: "3"'))] });
    const logs: Evidence["logs"] = [
      { namespace: "shop", pod: "web-7d9c5b8f6-bx2z4", run: "current", text: "lookup api on 10.2.0.10:53: no such host" },
    ];
    expect(found({ ...given, logs })).toEqual(["QuotaExceeded services ResourceQuota/team"]);
    // A variable that no call uses is no fault.
    expect(found(given)).toEqual([]);
  });
  test("is not found for a missing Service while there is room for it, nor where all that is called exists", () => {
    const running = [web(), ...podsOf(web(), {})];
    expect(found(evidence({ objects: [...running, ...objects(quota('services: "3"', 'services: "2"'))] }))).toEqual([]);
    const api = "apiVersion: v1\nkind: Service\nmetadata: { name: api }\nspec: { ports: [{ port: 80 }] }\n---\n";
    expect(found(evidence({ objects: [...running, ...objects(api + quota('services: "3"', 'services: "3"'))] }))).toEqual([]);
  });
});
