import { startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { boundsSuite } from "#test/bounds-suite.ts";

boundsSuite(async () => {
  const cluster = await startEmbeddedCluster();
  return { cluster, apply: (manifests) => cluster.apply(manifests), stop: () => cluster.stop() };
});
