// The kind and its controller on an embedded API server: what the status says of a policy.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { CONTROLLER_ACCOUNT } from "#api/labels.ts";
import { createRemediationPolicyController } from "#controllers/remediation-policy/controller.ts";
import { needs } from "#controllers/remediation-policy/role.ts";
import { decide } from "#controllers/remediation-policy/decide.ts";
import { createCaches } from "#kube/caches.ts";
import { runController } from "#kube/controller.ts";
import { silentLog } from "#lib/log.ts";
import { systemClock } from "#lib/system-clock.ts";
import { crdOf } from "#manifests/crd.ts";
import { rbacOf } from "#manifests/rbac.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";

const namespace = "kintsugi-policies";
type Spec = RemediationPolicy["spec"];
const window = { name: "sale", from: "2030-01-01T00:00:00Z", to: "2030-01-02T00:00:00Z" };
let cluster: EmbeddedTestCluster;
const apply = (name: string, spec: Spec): Promise<unknown> =>
  cluster.admin.create(RemediationPolicy, { apiVersion: API_VERSION, kind: "RemediationPolicy", metadata: { name, namespace }, spec });

let stop: () => Promise<void>;
beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await cluster.apply([own, crdOf(RemediationPolicy), ...rbacOf({ account: CONTROLLER_ACCOUNT, namespace, needs })]);
  const kube = await cluster.asAccount(namespace, CONTROLLER_ACCOUNT);
  const running = new AbortController();
  const caches = createCaches(kube, { log: silentLog });
  const events = { record: () => {}, flush: () => Promise.resolve() };
  const deps = { kube, caches, clock: systemClock, random: () => 0.5, log: silentLog, namespace, events };
  const controller = createRemediationPolicyController(deps as unknown as Parameters<typeof createRemediationPolicyController>[0]);
  caches.start(running.signal);
  const ended = runController(controller, deps, running.signal);
  stop = async () => {
    running.abort();
    await ended;
  };
});
afterAll(async () => {
  await stop();
  await cluster.stop();
});

const stored = (name: string, holds: object): Promise<unknown> =>
  vi.waitFor(async () => expect(await cluster.admin.get(RemediationPolicy, { namespace, name })).toMatchObject({ status: holds }), {
    timeout: 20_000,
    interval: 20,
  });

test("a policy whose every condition compiles is ready, for the generation that was read", async () => {
  await apply("plain", { paused: false, freezes: [window] });
  await stored("plain", { observedGeneration: 1, conditions: [{ type: "Ready", status: "True", reason: "RulesCompiled" }] });
  await cluster.admin.mergePatch(RemediationPolicy, { namespace, name: "plain" }, { spec: { paused: true } });
  await stored("plain", { observedGeneration: 2, conditions: [{ type: "Ready", status: "True" }] });
});

test("a condition that is not valid is reported with its place, and the correction clears it", async () => {
  await apply("broken", {
    autonomy: [
      { when: "true", value: "off" },
      { when: 'target.knd == "Deployment"', value: "approve" },
    ],
  });
  const place = /repairs nothing until this policy is corrected\. spec\.autonomy\[1\]\.when, line 1, column 8: No such key: knd\./;
  await stored("broken", {
    observedGeneration: 1,
    conditions: [{ type: "Ready", status: "False", reason: "RulesInvalid", message: expect.stringMatching(place) as string }],
  });
  await cluster.admin.mergePatch(
    RemediationPolicy,
    { namespace, name: "broken" },
    { spec: { autonomy: [{ when: "true", value: "off" }] } },
  );
  await stored("broken", { observedGeneration: 2, conditions: [{ type: "Ready", status: "True", reason: "RulesCompiled" }] });
});

test("the condition of an earlier version is removed", () => {
  const policy = {
    apiVersion: API_VERSION,
    kind: "RemediationPolicy",
    metadata: { name: "older", generation: 1 },
    spec: {},
    status: {
      conditions: [
        { type: "InForce", status: "False", reason: "RulesNotEvaluated", message: "x", lastTransitionTime: "2030-01-01T00:00:00Z" },
      ],
    },
  } as unknown as RemediationPolicy;
  expect(decide({ policy, ownNamespace: namespace }, 0)).toMatchObject({
    status: { conditions: [] },
    claims: [{ type: "Ready", status: "True" }],
  });
});
