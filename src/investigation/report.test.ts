// Reports of a diagnosis: plans against saved objects, refusals, unexplained symptoms, and findings about one object.
import { describe, expect, test } from "vitest";
import type { Reference } from "#api/fields.ts";
import type { KubeObject } from "#api/object.ts";
import { concerning } from "#diagnosis/concerns.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { collectEvidence } from "#evidence/collect-cluster.ts";
import { reportFrom } from "#test/report-from.ts";
import { readFromEvidence } from "#investigation/saved-objects.ts";
import { unexplainedFindings } from "#investigation/unexplained.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { evidence, objects, podsOf, warning, type PodSketch } from "#test/evidence-sketch.ts";
import { alert, crashAfterRelease, readerOf, type Scene, sceneNow, target } from "#test/scene.ts";

const looked = (scene: Scene): Promise<Evidence> =>
  collectEvidence(readerOf(scene), createManualClock(sceneNow), { around: { target }, alerts: [alert] });

describe("plans", () => {
  test("are made against what was saved as they would be against the cluster", async () => {
    const saved = await looked(crashAfterRelease);
    const { findings } = await reportFrom(saved, readFromEvidence(saved), { leastConfidence: 0.5, target });
    expect(
      findings.map(({ code, verdict, plans }) => [
        code,
        verdict,
        plans.map(({ steps }) => steps.map(({ action, parameters }) => [action, parameters])),
      ]),
    ).toEqual([["ReleaseCrashes", "Actionable", [[["rollback_deployment", { revision: "1" }]]]]]);
    expect(findings[0]?.plans[0]?.diffs[0]?.diff).toMatch(/^- .*1\.5\.0$/m);
  });

  test("of an object that Helm owns are refused, and a person is needed", async () => {
    const saved = await looked(crashAfterRelease);
    const helm = (object: KubeObject): KubeObject =>
      object.kind === "Deployment"
        ? {
            ...object,
            metadata: {
              ...object.metadata,
              labels: { ...object.metadata.labels, "app.kubernetes.io/managed-by": "Helm" },
              annotations: { "meta.helm.sh/release-name": "shop" },
            },
          }
        : object;
    const owned = { ...saved, objects: saved.objects.map(helm) };
    const { findings } = await reportFrom(owned, readFromEvidence(owned), { leastConfidence: 0.5 });
    expect(findings[0]).toMatchObject({
      verdict: "NeedsHuman",
      plans: [],
      refused: [{ action: "rollback_deployment", reason: expect.stringMatching(/belongs to Helm/) as string }],
    });
  });

  test("that do not fit the objects any more are refused with the reason", async () => {
    const saved = await looked(crashAfterRelease);
    const gone = async () => ({ target: undefined, replicaSets: [], siblings: [], autoscalers: [] });
    const { findings } = await reportFrom(saved, gone, { leastConfidence: 0.5 });
    expect(findings[0]?.refused).toEqual([{ action: "rollback_deployment", reason: "the target does not exist" }]);
  });
});

const [web, other, service] = objects(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: other}
spec:
  replicas: 1
  selector: {matchLabels: {app: other}}
  template: {metadata: {labels: {app: other}}, spec: {containers: [{name: other, image: "other:1"}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}
`);
const referenceOf = (object: KubeObject): Reference => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  namespace: "shop",
  name: object.metadata.name,
});

test("what is less certain than asked for is counted and left out", async () => {
  const saved = await looked(crashAfterRelease);
  expect(await reportFrom(saved, readFromEvidence(saved), { leastConfidence: 1.1 })).toMatchObject({ findings: [], unlikely: 1 });
});

test("another namespace is not mentioned", async () => {
  const saved = await looked(crashAfterRelease);
  expect((await reportFrom(saved, readFromEvidence(saved), { leastConfidence: 0, namespace: "elsewhere" })).findings).toEqual([]);
});

describe("which findings have to do with one object", () => {
  const pods = podsOf(web!, {});
  const [node] = objects("{apiVersion: v1, kind: Node, metadata: {name: node-a}}");
  const [budget, scaler, claim] = objects(
    [
      "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {selector: {matchLabels: {app: web}}}}",
      "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: {maxReplicas: 4, scaleTargetRef: {kind: Deployment, name: web}}}",
      "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}}",
    ].join("\n---\n"),
  );
  const view = createView(evidence({ objects: [web!, other!, service!, node!, budget!, scaler!, claim!, ...pods] }));
  const pod = pods.at(-1)!;
  const table: [string, KubeObject, KubeObject, boolean][] = [
    ["itself", web!, web!, true],
    ["its pod", web!, pod, true],
    ["its owner", pod, web!, true],
    ["the Service that selects it", web!, service!, true],
    ["the workload behind a Service", service!, web!, true],
    ["the workload that a budget guards", budget!, web!, true],
    ["the workload that an autoscaler scales", scaler!, web!, true],
    ["a workload that a budget does not guard", budget!, other!, false],
    ["a workload that does not mount a claim", claim!, web!, false],
    ["another one beside it", web!, other!, false],
  ];
  test.each(table)("%s", (_, asked, found, expected) => {
    expect(concerning(view, referenceOf(asked))({ object: referenceOf(found) })).toBe(expected);
  });
  test("what explains it, wherever it is", () => {
    const elsewhere = { apiVersion: "v1", kind: "Node", name: "node-b" };
    expect(concerning(view, referenceOf(web!))({ object: elsewhere, explains: [referenceOf(web!)] })).toBe(true);
  });
  test("pods on a Node", () => {
    expect(concerning(view, { apiVersion: "v1", kind: "Node", name: "node-a" })({ object: referenceOf(pod) })).toBe(true);
  });
});

describe("what no cause accounts for", () => {
  const unready = (created: string, restartCount = 0): PodSketch => ({
    creationTimestamp: created,
    status: {
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: "False", message: "containers with unready status: [web]" },
      ],
      containerStatuses: [{ name: "web", image: "web:1", ready: false, restartCount, state: { running: {} } }],
    },
  });
  const puzzles = (
    kind: Parameters<typeof unexplainedFindings>[1][number]["kind"],
    all: readonly KubeObject[],
    object: Reference,
    more: Partial<Evidence> = {},
  ) => unexplainedFindings(createView(evidence({ objects: all, ...more })), [{ kind, object, text: "why" }], []);
  const long = "2027-03-01T13:00:00Z";
  const justNow = "2027-03-01T13:59:30Z";

  test("is reported where it lasts, with the place that a person would check first", () => {
    const pods = podsOf(web!, unready(long));
    const log = {
      namespace: "shop",
      pod: pods.at(-1)!.metadata.name,
      container: "web",
      run: "current" as const,
      text: "waiting for something",
    };
    const [found] = puzzles("PodNotReady", [web!, ...pods], referenceOf(web!), {
      events: [warning(pods.at(-1)!, "Odd", "reason unknown")],
      logs: [log],
    });
    expect(found).toMatchObject({ object: referenceOf(web!), person: "the evidence does not show the cause; start with the quotes below" });
    expect(found?.quotes.map(({ source, quote }) => [source, quote])).toEqual([
      ["event", "Odd: reason unknown"],
      ["log", "waiting for something"],
    ]);
  });
  test("is not reported of a rollout in progress", () => {
    expect(puzzles("PodNotReady", [web!, ...podsOf(web!, unready(justNow))], referenceOf(web!))).toEqual([]);
    expect(puzzles("ContainerFails", [web!, ...podsOf(web!, unready(justNow))], referenceOf(web!))).toEqual([]);
  });
  test("is reported of a container that has failed again and again, however young", () => {
    expect(puzzles("ContainerFails", [web!, ...podsOf(web!, unready(justNow, 3))], referenceOf(web!))).toHaveLength(1);
  });
  test("is reported of nodes and jobs at once, of Services never", () => {
    const node = { apiVersion: "v1", kind: "Node", name: "node-a" };
    expect(puzzles("NodeNotReady", [], node)).toHaveLength(1);
    expect(puzzles("ServiceWithoutEndpoints", [service!], referenceOf(service!))).toEqual([]);
  });
  test("is reported of missing pods where warnings repeat", () => {
    expect(puzzles("PodsMissing", [web!], referenceOf(web!))).toEqual([]);
    expect(puzzles("PodsMissing", [web!], referenceOf(web!), { events: [warning(web!, "FailedCreate", "no")] })).toHaveLength(1);
  });
  test("is reported of a claim that a pod waits for, not of one that waits for its first pod", () => {
    const [claim] = objects("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {}, status: {phase: Pending}}");
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "data" } }];
    expect(puzzles("ClaimPending", [claim!], referenceOf(claim!))).toEqual([]);
    expect(puzzles("ClaimPending", [claim!, web!, ...podsOf(web!, { spec: { volumes } })], referenceOf(claim!))).toHaveLength(1);
  });
});
