import { openBoundsCluster } from "#test/open-bounds-cluster.ts";
import { tenantPoliciesSuite } from "#test/tenant-policies-suite.ts";

tenantPoliciesSuite(openBoundsCluster);
