// The contract against the embedded API server.
import { openEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { openContractCluster } from "#test/contract/cluster.ts";
import { registerContract } from "#test/contract/suite.ts";

registerContract("embedded", async () => {
  const cluster = openEmbeddedCluster();
  const listening = await cluster.listen();
  return openContractCluster({
    url: listening.url,
    admin: { token: cluster.adminToken },
    compact: () => Promise.resolve(cluster.objects.compact()),
    stop: listening.close,
  });
});
