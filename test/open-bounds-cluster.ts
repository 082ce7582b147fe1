// A real API server for the suites that install Kintsugi's manifests on it.
import { inject } from "vitest";
import { toYaml } from "#manifests/manifest.ts";
import type { BoundsCluster } from "#test/bounds-suite.ts";
import { openCluster } from "#test/cluster.ts";
import { kubectlOf, mustKubectl } from "#test/kubectl.ts";

export const openBoundsCluster = async (): Promise<BoundsCluster> => {
  const kubectl = kubectlOf(inject("controlPlane"));
  const cluster = await openCluster(inject("controlPlane"));
  return {
    cluster,
    apply: async (manifests) => {
      await mustKubectl(kubectl, ["apply", "--server-side", "-f", "-"], toYaml(manifests));
      await mustKubectl(kubectl, ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
    },
    stop: () => {
      cluster.close();
      return Promise.resolve();
    },
  };
};
