import { startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { tenantPoliciesSuite } from "#test/tenant-policies-suite.ts";

tenantPoliciesSuite(async () => {
  const cluster = await startEmbeddedCluster();
  return { cluster, apply: (manifests) => cluster.apply(manifests), stop: () => cluster.stop() };
});
