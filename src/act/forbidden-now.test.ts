// What policy says in the last moment before a change, of targets that the Jobs of the other tests do not have.
import { expect, test } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { MANAGED_LABEL } from "#api/labels.ts";
import type { KubeObject, ResourceType } from "#api/object.ts";
import { forbiddenNow } from "#act/forbidden-now.ts";
import type { Kube } from "#kube/client.ts";
import { createManualClock } from "#lib/manual-clock.ts";

const own = "kintsugi-system";
const execution = (action: string): KubernetesExecution =>
  ({
    apiVersion: API_VERSION,
    kind: "KubernetesExecution",
    metadata: { name: "k1", namespace: own, uid: "u1", resourceVersion: "1", creationTimestamp: "2027-03-01T13:00:00Z" },
    spec: { action, target: { apiVersion: "v1", kind: "Node", name: "node-a" }, parameters: {} },
    status: {},
  }) as unknown as KubernetesExecution;

/** A cluster with these policies in Kintsugi's namespace, and what was listed. */
const clusterWith = (spec: object) => {
  const listed: (string | undefined)[] = [];
  const policy = {
    apiVersion: API_VERSION,
    kind: "RemediationPolicy",
    metadata: { name: "default", namespace: own, uid: "p", generation: 1 },
    spec,
  };
  const kube = {
    get: async () => ({ ...policy, kind: "Node", metadata: { ...policy.metadata, labels: { [MANAGED_LABEL]: "true" } } }),
    list: async (type: ResourceType, scope?: { namespace?: string }): Promise<readonly KubeObject[]> => {
      if (type.kind !== RemediationPolicy.kind) return [];
      listed.push(scope?.namespace);
      return [policy as unknown as KubeObject];
    },
  } as unknown as Pick<Kube, "get" | "list">;
  return { kube, listed };
};
const clock = createManualClock(Date.parse("2027-03-01T14:00:00Z"));

test("of a target without a namespace, Kintsugi's own policies decide, and they are read once", async () => {
  const { kube, listed } = clusterWith({ paused: true });
  expect(await forbiddenNow({ kube, clock }, execution("notify_only"))).toBe("Repairs are paused by policy.");
  expect(listed).toEqual([own]);
});

test("an action that the catalogue does not know counts as one of high risk", async () => {
  const spec = { autonomy: [{ when: "risk == 'high'", value: "off" }] };
  const forbidden = await forbiddenNow({ kube: clusterWith(spec).kube, clock }, execution("drop_tables"));
  expect(forbidden).toMatch(/spec\.autonomy\[0\] sets off for drop_tables/);
  expect(
    await forbiddenNow(
      { kube: clusterWith({}).kube, clock },
      { ...execution("drop_tables"), spec: { ...execution("drop_tables").spec, undoes: "k0" } },
    ),
  ).toBeUndefined();
});
