import { boundsSuite } from "#test/bounds-suite.ts";
import { openBoundsCluster } from "#test/open-bounds-cluster.ts";

boundsSuite(openBoundsCluster);
