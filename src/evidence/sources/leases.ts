// Leases of kubelets and of leader-elected programs of the cluster: whether they still renew them. Reads only.
import { type Lease, Leases } from "#api/kubernetes.ts";
import type { ResourceType } from "#api/object.ts";
import { componentStates } from "#evidence/components.ts";
import { clusterRight } from "#evidence/kinds-read.ts";
import { reasonsFor } from "#evidence/reasons.ts";
import type { EvidenceSource } from "#evidence/sources/source.ts";

const leaseNamespaces = ["kube-node-lease", "kube-system"] as const;

export const leases: EvidenceSource = {
  name: "leases",
  needs: [clusterRight(Leases, ["list"])],
  provides: ["components"],
  collect: async ({ gather, namespaces, found }) => {
    if (namespaces !== "all" && !reasonsFor(gather, found.events, found.logs).has("clusterTroubled")) return {};
    const read: Lease[] = [];
    const kind = { type: Leases as ResourceType };
    await Promise.all(leaseNamespaces.map((namespace) => gather.each(kind, { namespace }, (lease) => void read.push(lease as Lease))));
    return { components: componentStates(read) };
  },
};
