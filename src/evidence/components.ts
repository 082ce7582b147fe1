// How programs of the cluster itself are, by the leases that they renew. Pure; compares leases with each other and never with our own clock.
import type { Lease } from "#api/kubernetes.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { ComponentState } from "#evidence/evidence.ts";

/** A program that is well renews its lease several times before it runs out; this much later it is not late any more. */
const graceMs = 20_000;
const leaders = new Set(["kube-scheduler", "kube-controller-manager", "cloud-controller-manager"]);
/** Programs whose state leases show. */
export const leaseComponents: ReadonlySet<string> = new Set(["kubelet", ...leaders]);

export const componentStates = (leases: readonly Lease[]): readonly ComponentState[] => {
  const renewed = leases.map((lease) => fromTimestamp(lease.spec.renewTime ?? undefined)).filter((time) => time !== undefined);
  // Our clock may be wrong by minutes; among leases of one cluster the newest one is now.
  const newest = Math.max(...renewed);
  return leases.flatMap((lease): ComponentState[] => {
    const { name, namespace } = lease.metadata;
    const renewedAt = fromTimestamp(lease.spec.renewTime ?? undefined);
    const ofNode = namespace === "kube-node-lease";
    if (renewedAt === undefined || (!ofNode && !leaders.has(name))) return [];
    const lateMs = newest - renewedAt;
    const isLate = lateMs > (lease.spec.leaseDurationSeconds ?? 40) * 1000 + graceMs;
    return [
      {
        component: ofNode ? "kubelet" : name,
        ...(ofNode ? { node: name } : {}),
        state: isLate ? "stopped" : "running",
        text: isLate
          ? `its lease ${namespace}/${name} was last renewed ${Math.round(lateMs / 1000)} s before others of this cluster`
          : `it renews its lease ${namespace}/${name}`,
      },
    ];
  });
};
