// The contract against the real kube-apiserver, with those controllers of kube-controller-manager that it speaks of.
import { openContractCluster } from "#test/contract/cluster.ts";
import { registerContract } from "#test/contract/suite.ts";
import { startControlPlane } from "#testbed/control-plane.ts";

const controllers = ["namespace-controller", "garbage-collector-controller", "serviceaccount-controller", "disruption-controller"];

registerContract("real", async () => {
  const plane = await startControlPlane({ controllers });
  const etcd = async (path: string, body: unknown): Promise<{ header: { revision: string } }> => {
    const answer = await fetch(`${plane.etcdUrl}${path}`, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { header: { revision: string } };
  };
  return openContractCluster({
    url: plane.url,
    caPem: plane.caPem,
    admin: { certPem: plane.adminCertPem, keyPem: plane.adminKeyPem },
    compact: async () => {
      const { header } = await etcd("/v3/kv/range", { key: "AA==" });
      await etcd("/v3/kv/compaction", { revision: header.revision, physical: true });
      // Its watch cache still knows some history; a new one does not.
      await plane.stopApiServer();
      await plane.startApiServer();
    },
    stop: plane.stop,
  });
});
