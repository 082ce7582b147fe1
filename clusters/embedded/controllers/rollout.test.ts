// What holds of every rollout, whatever its bounds: enough pods stay available, never too many exist, and it ends.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Deployment, ReplicaSet } from "#api/kubernetes.ts";
import { replicasOf } from "#embedded/controllers/replica-set.ts";
import { allOf, availableOf, boundsOf, familyOf, nextStep, sum } from "#embedded/controllers/rollout.ts";

const meta = (name: string) => ({ name, namespace: "shop", uid: name, resourceVersion: "1", creationTimestamp: "2030-01-01T00:00:00Z" });
const template = (version: string) => ({ metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: version }] } });
const deployment = (replicas: number, strategy: Deployment["spec"]["strategy"], version = "v2"): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { ...meta("web"), annotations: { "deployment.kubernetes.io/revision": "1" } },
  spec: { replicas, selector: {}, template: template(version), ...(strategy === undefined ? {} : { strategy }) },
});
const setOf = (version: string, replicas: number, available: number, annotations: Record<string, string> = {}): ReplicaSet => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { ...meta(version), annotations },
  spec: { replicas, selector: {}, template: template(version) },
  status: { replicas: available, availableReplicas: available },
});

/** Carries out one step, or else lets the pods of each ReplicaSet become as many as it wants. */
const advance = (wanted: Deployment, sets: readonly ReplicaSet[]): readonly ReplicaSet[] | "done" => {
  const family = familyOf(wanted, sets);
  const step = nextStep(
    family,
    family.older.some((set) => (set.status?.replicas ?? 0) > 0),
  );
  if (step === undefined) {
    const settled = sets.map((set) => ({ ...set, status: { replicas: replicasOf(set), availableReplicas: replicasOf(set) } }));
    return settled.every((set, index) => availableOf(set) === availableOf(sets[index]!)) ? "done" : settled;
  }
  if (step.do === "number") {
    wanted.metadata.annotations = { ...step.annotations };
    return sets;
  }
  if (step.do === "create")
    return [...sets, setOf(wanted.spec.template.spec.containers[0]!.image!, step.replicas, 0, { ...step.annotations })];
  const metadata = { ...step.set.metadata, annotations: { ...step.annotations } };
  const replicas = step.do === "resize" ? step.replicas : replicasOf(step.set);
  return sets.map((set) => (set === step.set ? { ...set, metadata, spec: { ...set.spec, replicas } } : set));
};

const rollOut = (wanted: Deployment, from: readonly ReplicaSet[], look: (sets: readonly ReplicaSet[]) => void): readonly ReplicaSet[] => {
  let sets = from;
  for (let turns = 0; turns < 500; turns += 1) {
    const next = advance(wanted, sets);
    if (next === "done") return sets;
    sets = next;
    look(sets);
  }
  throw new Error("the rollout never ends");
};

test("a rolling update stays within its bounds and ends with the new pods only", () => {
  const bound = fc.oneof(
    fc.nat(4),
    fc.nat(100).map((percent) => `${percent}%`),
  );
  fc.assert(
    fc.property(fc.nat(9), bound, bound, (replicas, maxSurge, maxUnavailable) => {
      const wanted = deployment(replicas, { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } });
      const { surge, unavailable } = boundsOf(wanted);
      const end = rollOut(wanted, [setOf("v1", replicas, replicas, { "deployment.kubernetes.io/revision": "1" })], (sets) => {
        expect(sum(sets, replicasOf)).toBeLessThanOrEqual(replicas + surge);
        expect(sum(sets, (set) => Math.min(replicasOf(set), availableOf(set)))).toBeGreaterThanOrEqual(replicas - unavailable);
      });
      expect(end.map(replicasOf)).toEqual([0, replicas]);
    }),
  );
});

test("Recreate makes no new pod before the last old one has gone", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), (replicas) => {
      const wanted = deployment(replicas, { type: "Recreate" });
      const end = rollOut(wanted, [setOf("v1", replicas, replicas)], (sets) => {
        if (sets.length > 1) expect(availableOf(sets[0]!)).toBe(0);
      });
      expect(end.map(replicasOf)).toEqual([0, replicas]);
    }),
  );
});

test("a template that comes back takes its ReplicaSet again, with the next revision", () => {
  const own = (revision: string) => ({ "deployment.kubernetes.io/revision": revision });
  const wanted = deployment(2, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }, "v1");
  const sets = rollOut(wanted, [setOf("v1", 0, 0, own("1")), setOf("v2", 2, 0, own("2"))], () => {});
  expect(sets).toHaveLength(2);
  expect(sets[0]!.metadata.annotations).toMatchObject({ ...own("3"), "deployment.kubernetes.io/revision-history": "1" });
  expect(wanted.metadata.annotations).toEqual(own("3"));
});

test("all ReplicaSets are counted, the newest one last", () => {
  const family = familyOf(deployment(1, undefined), [setOf("v2", 1, 1), setOf("v1", 1, 1)]);
  expect(allOf(family).map(({ metadata }) => metadata.name)).toEqual(["v1", "v2"]);
});
