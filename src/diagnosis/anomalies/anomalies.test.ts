// Anomalies: none of a healthy cluster, one of everything that differs from what it declares, and each in exactly one account.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { referenceText } from "#api/object.ts";
import { accountFor, anomaliesOf } from "#diagnosis/anomalies/anomalies.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { containerStatus, crashed, deployment, evidence, failing, objects, podsOf, sketchNow, warning } from "#test/evidence-sketch.ts";

const found = (parts: Partial<Evidence>): string[] =>
  anomaliesOf(createView(evidence(parts))).map(
    ({ kind, object, severity, isYoung, text }) => `${kind} ${object.kind} ${object.name}, ${severity}${isYoung ? ", young" : ""}: ${text}`,
  );

const ago = (seconds: number): string => new Date(Date.parse(sketchNow) - seconds * 1000).toISOString();
const one = (yaml: string): KubeObject => objects(yaml)[0]!;
const withStatus = (object: KubeObject, status: object): KubeObject => ({ ...object, status }) as KubeObject;
const web = (status: object = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 }) =>
  withStatus(deployment("web"), status);
const notReady = (since: number, message = "containers with unready status: [web]") => ({
  status: {
    conditions: [
      { type: "PodScheduled", status: "True" },
      { type: "Ready", status: "False", lastTransitionTime: ago(since), message },
    ],
  },
});

describe("as declared", () => {
  const well = web();
  const standard: readonly (readonly [string, Partial<Evidence>])[] = [
    ["nothing at all", {}],
    ["a Deployment with its pod", { objects: [well, ...podsOf(well, {})] }],
    [
      "a Service with pods",
      {
        objects: [
          well,
          ...podsOf(well, {}),
          one("{ apiVersion: v1, kind: Service, metadata: { name: web }, spec: { selector: { app: web }, ports: [{ port: 80 }] } }"),
        ],
      },
    ],
    [
      "a Service without a selector",
      { objects: [one("{ apiVersion: v1, kind: Service, metadata: { name: web }, spec: { ports: [{ port: 80 }] } }")] },
    ],
    [
      "a claim that no pod names",
      { objects: [one("{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: data }, spec: {}, status: { phase: Pending } }")] },
    ],
    [
      "a ready node",
      {
        objects: [
          one(
            `{ apiVersion: v1, kind: Node, metadata: { name: n1 }, status: { conditions: [{ type: Ready, status: "True" }, { type: MemoryPressure, status: "False" }] } }`,
          ),
        ],
      },
    ],
    [
      "a paused rollout",
      {
        objects: [
          withStatus(deployment("web", {}, { spec: { paused: true } }), { observedGeneration: 1, replicas: 1 }),
          ...podsOf(well, {}),
        ],
      },
    ],
    ["a finished pod", { objects: [well, ...podsOf(well, {}, { status: { phase: "Succeeded", conditions: [] } })] }],
    ["a pod in deletion within its grace period", { objects: [well, ...podsOf(well, {}, { deletionTimestamp: ago(20) })] }],
    [
      "an autoscaler of a workload at zero",
      {
        objects: [
          one(
            `{ apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: { name: web }, spec: { maxReplicas: 4, scaleTargetRef: { kind: Deployment, name: web } }, status: { conditions: [{ type: ScalingActive, status: "False", reason: ScalingDisabled }] } }`,
          ),
        ],
      },
    ],
    [
      "a restart of an hour ago",
      {
        objects: [
          well,
          ...podsOf(well, {
            status: {
              containerStatuses: [
                containerStatus(
                  "web",
                  { running: {} },
                  { ready: true, restartCount: 1, lastState: { terminated: { exitCode: 1, finishedAt: ago(3600) } } },
                ),
              ],
            },
          }),
        ],
      },
    ],
    ["an old warning", { objects: [well, ...podsOf(well, {})], events: [warning(well, "FailedGetScale", "x", { lastAt: ago(3600) })] }],
    [
      "a warning of a pod that has become ready since",
      {
        objects: [well, ...podsOf(well, {})],
        events: [warning(podsOf(well, {})[1]!, "Unhealthy", "x", { lastAt: "2027-03-01T13:00:30Z" })],
      },
    ],
  ];
  test.each(standard)("%s", (_name, parts) => expect(found(parts)).toEqual([]));
});

describe("not as declared", () => {
  const refused = {
    ...{ observedGeneration: 2, replicas: 1, readyReplicas: 1, availableReplicas: 1 },
    conditions: [
      {
        type: "ReplicaFailure",
        status: "True",
        reason: "FailedCreate",
        message: 'pods "web-2" is forbidden: violates PodSecurity "restricted:latest"',
        lastTransitionTime: ago(360),
      },
    ],
  };
  const cases: readonly (readonly [string, Partial<Evidence>, readonly string[]])[] = [
    [
      "a new revision that admission refuses while the old one serves",
      { objects: [web(refused), ...podsOf(web(), {})] },
      [
        'RolloutIncomplete Deployment web, blocked rollout: 0 of 1 replicas are of the newest revision: pods "web-2" is forbidden: violates PodSecurity "restricted:latest"',
      ],
    ],
    [
      "no pod at all, with the controller's refusal",
      { objects: [web({ observedGeneration: 1, conditions: refused.conditions })] },
      [
        'PodsMissing Deployment web, outage: 0 of 1 pods exist: pods "web-2" is forbidden: violates PodSecurity "restricted:latest"',
        'RolloutIncomplete Deployment web, blocked rollout: 0 of 1 replicas are of the newest revision: pods "web-2" is forbidden: violates PodSecurity "restricted:latest"',
      ],
    ],
    [
      "pods that the kubelet rejects",
      {
        objects: [
          web(),
          ...podsOf(
            web(),
            {},
            ...Array.from({ length: 7 }, () => ({
              status: { phase: "Failed", reason: "UnexpectedAdmissionError", message: "Allocate failed", conditions: [] },
            })),
          ),
        ],
      },
      ["PodFailed Deployment web, latent: 7 pods failed: UnexpectedAdmissionError: Allocate failed"],
    ],
    [
      "a container that its liveness probe kills, and that exits 0",
      {
        objects: [
          web(),
          ...podsOf(web(), {
            status: {
              containerStatuses: [
                containerStatus(
                  "web",
                  { running: {} },
                  { ready: true, restartCount: 18, lastState: { terminated: { exitCode: 0, reason: "Completed", finishedAt: ago(20) } } },
                ),
              ],
            },
          }),
        ],
      },
      ["ContainerRestarts Deployment web, latent: container web has restarted 18 times; it last ended with exit code 0 (Completed)"],
    ],
    [
      "a crash loop",
      { objects: [web({ observedGeneration: 1, replicas: 1, updatedReplicas: 1 }), ...podsOf(web(), failing(crashed("web", 1)))] },
      [
        "ContainerRestarts Deployment web, outage: container web has restarted 5 times; it last ended with exit code 1 (Error)",
        "ContainerWaiting Deployment web, outage: container web waits: CrashLoopBackOff: back-off 5m0s restarting failed container",
        "PodsNotReady Deployment web, outage: 1 of 1 pods not ready: no reason given",
      ],
    ],
    [
      "an autoscaler with an ambiguous selector",
      {
        objects: [
          one(
            `{ apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: { name: web }, spec: { maxReplicas: 4, scaleTargetRef: { kind: Deployment, name: web } }, status: { conditions: [{ type: ScalingActive, status: "False", reason: AmbiguousSelector, message: pods by selector are controlled by multiple autoscalers, lastTransitionTime: "2027-03-01T13:00:00Z" }] } }`,
          ),
        ],
      },
      [
        "ConditionUnmet HorizontalPodAutoscaler web, latent: condition ScalingActive is False: AmbiguousSelector: pods by selector are controlled by multiple autoscalers",
      ],
    ],
    [
      "a pod that does not end",
      { objects: podsOf(web(), { deletionTimestamp: ago(600), finalizers: ["example.test/hold"] }).slice(1) },
      [`DeletionStuck Pod web-7d9c5b8f6-bx2z4, latent: its deletion has not ended since ${ago(600)}; finalizers: example.test/hold`],
    ],
    [
      "a pod of this minute",
      { objects: [web(), ...podsOf(web(), notReady(40))] },
      ["PodsNotReady Deployment web, outage, young: 1 of 1 pods not ready: containers with unready status: [web]"],
    ],
    [
      "the same after ten",
      { objects: [web(), ...podsOf(web(), notReady(600))] },
      ["PodsNotReady Deployment web, outage: 1 of 1 pods not ready: containers with unready status: [web]"],
    ],
    [
      "a custom resource whose operator is stalled",
      {
        objects: [
          one(
            `{ apiVersion: example.test/v1, kind: Queue, metadata: { name: jobs, generation: 3 }, status: { observedGeneration: 1, conditions: [{ type: Ready, status: "False", reason: Stalled, message: no broker, lastTransitionTime: "2027-03-01T13:00:00Z" }] } }`,
          ),
        ],
      },
      [
        "ConditionUnmet Queue jobs, outage: condition Ready is False: Stalled: no broker",
        "NotReconciled Queue jobs, blocked rollout: its controller has seen generation 1 of 3",
      ],
    ],
    [
      "a claim without a volume",
      {
        objects: [
          ...objects("{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: data }, spec: {}, status: { phase: Pending } }"),
          web(),
          ...podsOf(web(), { spec: { volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }] } }),
        ],
      },
      ["ClaimNotBound PersistentVolumeClaim data, degraded: its phase is Pending"],
    ],
    [
      "a Service that selects nothing",
      {
        objects: objects(
          "{ apiVersion: v1, kind: Service, metadata: { name: web }, spec: { selector: { app: wbe }, ports: [{ port: 80 }] } }",
        ),
      },
      ["ServiceWithoutPods Service web, latent: its selector matches no pod"],
    ],
    [
      "a warning that is repeated, about an object that is otherwise as declared",
      { objects: [web(), ...podsOf(web(), {})], events: [warning(web(), "FailedGetResourceMetric", "no metrics returned")] },
      ["WarningEvents Deployment web, latent: FailedGetResourceMetric (3 times): no metrics returned"],
    ],
    [
      "a node that does not answer",
      {
        objects: objects(
          `{ apiVersion: v1, kind: Node, metadata: { name: n1 }, status: { conditions: [{ type: Ready, status: Unknown, reason: NodeStatusUnknown, message: Kubelet stopped posting node status., lastTransitionTime: "2027-03-01T13:00:00Z" }] } }`,
        ),
      },
      ["ConditionUnmet Node n1, outage: condition Ready is Unknown: NodeStatusUnknown: Kubelet stopped posting node status."],
    ],
  ];
  test.each(cases)("%s", (_name, parts, expected) => expect(found(parts)).toEqual(expected));
});

describe("every anomaly is in exactly one account", () => {
  const parts: readonly KubeObject[] = [
    web(),
    ...podsOf(web(), notReady(40)),
    ...podsOf(deployment("api"), failing(crashed("api", 1))),
    deployment("api"),
    ...objects("{ apiVersion: v1, kind: Service, metadata: { name: lost }, spec: { selector: { app: none }, ports: [{ port: 80 }] } }"),
  ];
  test("whatever the evidence and whatever the findings", () => {
    fc.assert(
      fc.property(fc.subarray([...parts]), fc.subarray([...parts]), (objectsOf, explained) => {
        const view = createView(evidence({ objects: objectsOf }));
        const anomalies = anomaliesOf(view);
        const findings = explained.map(({ apiVersion, kind, metadata }) => ({
          object: { apiVersion, kind, namespace: "shop", name: metadata.name },
        }));
        const account = accountFor(view, anomalies, findings);
        const all = [...account.explained.map(({ anomaly }) => anomaly), ...account.inProgress, ...account.unexplained];
        expect(all).toHaveLength(anomalies.length);
        expect(new Set(all)).toEqual(new Set(anomalies));
        expect(account.inProgress.every(({ isYoung }) => isYoung)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test("a finding about the workload explains its pods and its Service", () => {
    const service = objects(
      "{ apiVersion: v1, kind: Service, metadata: { name: api }, spec: { selector: { app: api }, ports: [{ port: 80 }] } }",
    );
    const view = createView(
      evidence({ objects: [deployment("api"), ...podsOf(deployment("api"), failing(crashed("api", 1))), ...service] }),
    );
    const finding = { object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "api" } };
    const { explained, inProgress, unexplained } = accountFor(view, anomaliesOf(view), [finding]);
    expect(explained.map(({ by }) => referenceText(by.object))).toContain("Deployment shop/api");
    expect([inProgress, unexplained]).toEqual([[], []]);
  });
});
