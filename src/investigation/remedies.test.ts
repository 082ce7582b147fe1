// What causes propose is what the catalogue takes: every remedy names an action there is with parameters that fit it, and can be planned.
import { describe, expect, test } from "vitest";
import type { Deployment, ReplicaSet } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { actions, findAction } from "#actions/registry.ts";
import { actionNames } from "#api/action-names.ts";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import { causes } from "#diagnosis/registry.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { planRepair } from "#investigation/plan-repair.ts";
import { readFromEvidence } from "#investigation/saved-objects.ts";
import { containerStatus, deployment, evidence, failing, objects, podsOf, warning } from "#test/evidence-sketch.ts";
import { casesByCode } from "#test/three-cases/registry.ts";

const cases = Object.entries(casesByCode);

const repairsOf = (given: Evidence) => diagnoseCluster(given).findings.flatMap(({ advice }) => advice.remedies);

describe("every remedy of every cause", () => {
  const proposed = cases.flatMap(([code, { holds }]) => repairsOf(evidence(holds)).map((repair) => ({ code, repair })));
  test.each(proposed.map(({ code, repair }) => [`${code}: ${repair.action}`, repair] as const))("%s fits its action", (_name, repair) => {
    const action = findAction(repair.action)!;
    expect(action.parameters.safeParse(repair.parameters)).toMatchObject({ success: true });
    expect(action.targetKinds === "any" || action.targetKinds.includes(repair.target.kind)).toBe(true);
  });
});

test("the catalogue has one action for each name", () => {
  expect(actions.map(({ name }) => name).toSorted()).toEqual([...actionNames].toSorted());
});

test.each(causes.map((cause) => [cause.code, cause.remedy] as const))(
  "the remedy of %s names actions that exist, and what to do by hand",
  (_code, remedy) => {
    const named = remedy.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? [];
    expect(named.filter((name) => findAction(name) === undefined)).toEqual([]);
    expect(remedy).toMatch(/^[A-Z`].*\.$/);
  },
);

test.each(cases)("%s says what to do by hand: an imperative clause", (_code, { holds }) => {
  const steps = diagnoseCluster(evidence(holds)).findings.map(({ advice }) => advice.otherwise);
  expect(steps).not.toEqual([]);
  for (const step of steps) {
    expect(step).toMatch(/^[a-z]+ .{10,}/);
    expect(step).not.toMatch(/\b(?:somebody|nobody|whoever|has to|have to|had to|a person|was meant|stands?)\b/);
  }
});

/** `action: the lines that change`, or why there is no plan. */
const plansFor = async (given: Evidence): Promise<string[]> =>
  Promise.all(
    repairsOf(given).map(async (repair) => {
      const planned = await planRepair(readFromEvidence(given), repair, 0.9);
      if (typeof planned === "string") return `${repair.action}: ${planned}`;
      const lines = planned.plan.diffs.flatMap(({ diff }) => diff.split("\n").filter((line) => /^[-+]/.test(line)));
      return `${repair.action}: ${lines.map((line) => line.replace(/\s+/g, " ")).join(" ")}`;
    }),
  );

describe("what was diagnosed becomes a plan", () => {
  const [settings] = objects("{ apiVersion: v1, kind: ConfigMap, metadata: { name: settings }, data: { log_level: info } }");
  const [token] = objects("{ apiVersion: v1, kind: Secret, metadata: { name: token } }");
  const waits = (container: object, message: string): Evidence => {
    const web = deployment("web", container);
    const status = containerStatus("web", { waiting: { reason: "CreateContainerConfigError", message } });
    return evidence({ objects: [web, ...podsOf(web, failing(status)), settings!, token!] });
  };
  const from = (name: string, key: string): object => ({ env: [{ name: "LEVEL", valueFrom: { configMapKeyRef: { name, key } } }] });

  test("a ConfigMap's name", async () => {
    expect(await plansFor(waits(from("setings", "log_level"), 'configmap "setings" not found'))).toEqual([
      "fix_reference: - name: setings + name: settings",
    ]);
  });
  test("a key of a ConfigMap", async () => {
    expect(await plansFor(waits(from("settings", "loglevel"), "couldn't find key loglevel in ConfigMap shop/settings"))).toEqual([
      "fix_reference: - key: loglevel + key: log_level",
    ]);
  });
  test("a name that another one is near to, but that lacks the key, is left", async () => {
    expect(await plansFor(waits(from("setings", "rate"), 'configmap "setings" not found'))).toEqual([
      "fix_reference: ConfigMap settings has no key rate",
    ]);
  });
  test("a Secret's name is not", async () => {
    expect(await plansFor(waits({ envFrom: [{ secretRef: { name: "tokn" } }] }, 'secret "tokn" not found'))).toEqual([]);
  });
  test("a probe's port, after the revision before it where there is one that asked otherwise", async () => {
    const container = (port: number): object => ({ ports: [{ containerPort: 8080 }], readinessProbe: { tcpSocket: { port } } });
    const web = deployment("web", container(8081));
    const pods = podsOf(web, failing(containerStatus("web", { running: { startedAt: "2027-03-01T13:00:30Z" } })));
    const events = [warning(pods.at(-1)!, "Unhealthy", "Readiness probe failed: dial tcp 10.1.0.7:8081: connect: connection refused")];
    expect(await plansFor(evidence({ objects: [web, ...pods], events }))).toEqual(["fix_probe: - port: 8081 + port: 8080"]);

    const [set, ...others] = pods;
    const revision = (name: string, number: string, template: unknown): KubeObject =>
      ({
        ...set!,
        metadata: { ...set!.metadata, name, uid: `uid-${name}`, annotations: { "deployment.kubernetes.io/revision": number } },
        spec: { ...(set as ReplicaSet).spec, template },
      }) as KubeObject;
    const older = revision("web-1", "1", (deployment("web", container(8080)) as Deployment).spec.template);
    const newer = { ...set!, metadata: { ...set!.metadata, annotations: { "deployment.kubernetes.io/revision": "2" } } };
    expect(await plansFor(evidence({ objects: [web, older, newer, ...others], events }))).toEqual([
      "rollback_deployment: - port: 8081 + port: 8080",
      "fix_probe: - port: 8081 + port: 8080",
    ]);
  });
  test("a volume's ConfigMap", async () => {
    const web = deployment("web", {}, { pod: { volumes: [{ name: "conf", configMap: { name: "setings" } }] } });
    const pods = podsOf(web, failing(containerStatus("web", { waiting: { reason: "ContainerCreating" } })));
    const events = [warning(pods.at(-1)!, "FailedMount", 'MountVolume.SetUp failed for volume "conf" : configmap "setings" not found')];
    expect(await plansFor(evidence({ objects: [web, ...pods, settings!], events }))).toEqual([
      "fix_reference: - name: setings + name: settings",
    ]);
  });
});
