// Leases: the lock by which replicas agree on a leader is a plain object with a version.
import { expect } from "vitest";
import { ok, type Topic } from "#test/contract/cluster.ts";
import { coordination, failure, type Part } from "#test/contract/samples.ts";

const lease = (spec: Part): Part => ({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "leader" }, spec });
const held: Part = {
  holderIdentity: "one",
  leaseDurationSeconds: 15,
  acquireTime: "2030-01-01T00:00:00.123456Z",
  renewTime: "2030-01-01T00:00:00.123456Z",
  leaseTransitions: 0,
};

export const leases: Topic = {
  title: "Leases",
  cases: [
    {
      name: "a Lease keeps microseconds",
      run: async (cluster, namespace) => {
        expect(await cluster.create(coordination(namespace, "leases"), lease(held))).toMatchObject({ status: 201, body: { spec: held } });
      },
    },
    {
      name: "of two who take one Lease at one version, the second is a Conflict",
      run: async (cluster, namespace) => {
        const made = await ok(cluster.create(coordination(namespace, "leases"), lease(held)));
        const path = coordination(namespace, "leases", "leader");
        expect(await cluster.replace(path, { ...made, spec: { ...held, holderIdentity: "two" } })).toMatchObject({ status: 200 });
        expect(await cluster.replace(path, { ...made, spec: { ...held, holderIdentity: "three" } })).toMatchObject(
          failure(409, "Conflict"),
        );
      },
    },
    {
      name: "of two who make one Lease, the second is AlreadyExists",
      run: async (cluster, namespace) => {
        await ok(cluster.create(coordination(namespace, "leases"), lease(held)));
        expect(await cluster.create(coordination(namespace, "leases"), lease(held))).toMatchObject(
          failure(409, "AlreadyExists", 'leases.coordination.k8s.io "leader" already exists'),
        );
      },
    },
    {
      name: "a Lease is let go of by an empty holder",
      run: async (cluster, namespace) => {
        const made = await ok(cluster.create(coordination(namespace, "leases"), lease(held)));
        const answer = await cluster.replace(coordination(namespace, "leases", "leader"), {
          ...made,
          spec: { ...held, holderIdentity: "" },
        });
        expect(answer).toMatchObject({ status: 200, body: { spec: { holderIdentity: "" } } });
      },
    },
  ],
};
