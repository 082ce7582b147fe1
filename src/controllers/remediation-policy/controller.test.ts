// The kind and its controller on an embedded API server: what admission refuses, and what the status says of what was stored before.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { CONTROLLER_ACCOUNT } from "#api/labels.ts";
import { createRemediationPolicyController } from "#controllers/remediation-policy/controller.ts";
import { needs } from "#controllers/remediation-policy/role.ts";
import { statusOf } from "#controllers/remediation-policy/decide.ts";
import { createCaches } from "#kube/caches.ts";
import { runController } from "#kube/controller.ts";
import { silentLog } from "#lib/log.ts";
import { systemClock } from "#lib/system-clock.ts";
import { crdOf } from "#manifests/crd.ts";
import { rbacOf } from "#manifests/rbac.ts";
import { type EmbeddedTestCluster, openEmbeddedCluster } from "#test/embedded-test-cluster.ts";

const namespace = "kintsugi-policies";
type Spec = RemediationPolicy["spec"];
const window = { name: "sale", from: "2030-01-01T00:00:00Z", to: "2030-01-02T00:00:00Z" };
const unevaluated: Record<string, [Spec, RegExp]> = {
  autonomy: [{ autonomy: [{ when: "true", value: "off" }] }, /spec\.autonomy is not evaluated yet/],
  environments: [{ environments: [{ when: "true", value: "production" }] }, /spec\.environments is not evaluated yet/],
  priorities: [{ priorities: [{ when: "true", value: "P0" }] }, /spec\.priorities is not evaluated yet/],
  "an empty list of rules": [{ autonomy: [] }, /spec\.autonomy is not evaluated yet/],
  "the condition of a freeze": [{ freezes: [window, { ...window, when: "true" }] }, /spec\.freezes\[\]\.when is not evaluated yet/],
};

let cluster: EmbeddedTestCluster;
const apply = (name: string, spec: Spec): Promise<unknown> =>
  cluster.admin.create(RemediationPolicy, { apiVersion: API_VERSION, kind: "RemediationPolicy", metadata: { name, namespace }, spec });

let stop: () => Promise<void>;
beforeAll(async () => {
  cluster = await openEmbeddedCluster();
  const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await cluster.apply([own, crdOf(RemediationPolicy), ...rbacOf({ account: CONTROLLER_ACCOUNT, namespace, needs })]);
  const kube = await cluster.asAccount(namespace, CONTROLLER_ACCOUNT);
  const running = new AbortController();
  const caches = createCaches(kube, { log: silentLog });
  const deps = { kube, caches, clock: systemClock, random: () => 0.5, log: silentLog, namespace };
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

describe("a rule that no controller evaluates is refused with the reason", () => {
  test.each(Object.entries(unevaluated))("%s", async (_name, [spec, message]) => {
    await expect(apply("refused", spec)).rejects.toThrow(message);
  });
});

test("a policy whose every rule is evaluated is in force, for the generation that was read", async () => {
  await apply("plain", { paused: false, freezes: [window] });
  await stored("plain", { observedGeneration: 1, conditions: [{ type: "InForce", status: "True", reason: "AllRulesEvaluated" }] });
  await cluster.admin.mergePatch(RemediationPolicy, { namespace, name: "plain" }, { spec: { paused: true } });
  await stored("plain", { observedGeneration: 2, conditions: [{ type: "InForce", status: "True" }] });
});

test.each(Object.entries(unevaluated))(
  "a policy that was stored with %s is not in force as it is written, and says what follows from it",
  (_name, [spec]) => {
    const policy = {
      apiVersion: API_VERSION,
      kind: "RemediationPolicy",
      metadata: { name: "older", generation: 1 },
      spec,
    } as RemediationPolicy;
    expect(statusOf(policy, 0)).toMatchObject({
      observedGeneration: 1,
      conditions: [
        {
          type: "InForce",
          status: "False",
          reason: "RulesNotEvaluated",
          message: expect.stringMatching(/Every repair needs an approval/) as string,
        },
      ],
    });
  },
);

test("the status that is right already is not written again", () => {
  const policy = {
    apiVersion: API_VERSION,
    kind: "RemediationPolicy",
    metadata: { name: "a", generation: 3 },
    spec: {},
  } as RemediationPolicy;
  const status = statusOf(policy, 0);
  expect(statusOf({ ...policy, status }, 60_000)).toEqual(status);
});
