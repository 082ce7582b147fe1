// What the API server refuses to create: for a quota, or for a ServiceAccount that does not exist.
import { describe, expect, test } from "vitest";
import type { Deployment } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { quotaExceeded, resourceWord } from "#diagnosis/causes/quota-exceeded.ts";
import { serviceAccountMissing } from "#diagnosis/causes/service-account-missing.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { evidence, objects, podsOf, warning } from "#test/evidence-sketch.ts";

const told = (given: Evidence): string[] =>
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
  test("is told of the workload, with the nearest account for a person to choose", () => {
    expect(told(refused(message, account("web")))).toEqual(["ServiceAccountMissing  Deployment/web"]);
    const [finding] = serviceAccountMissing.find(createView(refused(message, account("web"))));
    expect(finding).toMatchObject({
      found: { facts: { kind: "person", why: expect.stringContaining("ServiceAccount web has a similar name") as string } },
    });
  });
  test("is not told where a quota refuses", () => {
    const other = 'Error creating: pods "web-x" is forbidden: exceeded quota: team, requested: pods=1, used: pods=4, limited: pods=4';
    expect(told(refused(other, quota('pods: "4"', 'pods: "4"')))).toEqual(["QuotaExceeded pods ResourceQuota/team"]);
  });
  test("is not told where the account exists by now, or the pods do", () => {
    expect(told(refused(message, account("webb")))).toEqual([]);
    const given = refused(message, account("web"));
    expect(told({ ...given, objects: [...given.objects, ...podsOf(web(), {}).filter(({ kind }) => kind === "Pod")] })).toEqual([]);
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

  test("is told for a claim that was never made", () => {
    const mounting = web(", volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]");
    const given = evidence({
      objects: [
        mounting,
        ...podsOf(mounting, { status: { phase: "Pending" } }),
        ...objects(quota("requests.storage: 1Gi", 'requests.storage: "0"')),
      ],
    });
    expect(told(given)).toEqual(["QuotaExceeded storage ResourceQuota/team"]);
  });
  test("is not told for a claim where no quota counts storage, nor where the claim exists", () => {
    const mounting = web(", volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]");
    const pods = podsOf(mounting, { status: { phase: "Pending" } });
    expect(told(evidence({ objects: [mounting, ...pods, ...objects(quota('pods: "4"', 'pods: "1"'))] }))).toEqual([]);
    const claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: data }\nspec: {}\n---\n";
    expect(
      told(evidence({ objects: [mounting, ...pods, ...objects(claim + quota("requests.storage: 1Gi", 'requests.storage: "0"'))] })),
    ).toEqual([]);
  });
  test("is told for a Service that is called and does not exist, while no more may be made", () => {
    const given = evidence({ objects: [web(), ...podsOf(web(), {}), ...objects(quota('services: "3"', 'services: "3"'))] });
    const logs: Evidence["logs"] = [
      { namespace: "shop", pod: "web-7d9c5b8f6-bx2z4", run: "current", text: "lookup api on 10.2.0.10:53: no such host" },
    ];
    expect(told({ ...given, logs })).toEqual(["QuotaExceeded services ResourceQuota/team"]);
    // A variable that nobody uses is no trouble.
    expect(told(given)).toEqual([]);
  });
  test("is not told for a missing Service while there is room for it, nor where all that is called exists", () => {
    const running = [web(), ...podsOf(web(), {})];
    expect(told(evidence({ objects: [...running, ...objects(quota('services: "3"', 'services: "2"'))] }))).toEqual([]);
    const api = "apiVersion: v1\nkind: Service\nmetadata: { name: api }\nspec: { ports: [{ port: 80 }] }\n---\n";
    expect(told(evidence({ objects: [...running, ...objects(api + quota('services: "3"', 'services: "3"'))] }))).toEqual([]);
  });
});
