// metrics.k8s.io: CPU and memory of pods and nodes as they are now. Many a cluster has none. Reads only.
import { metricsOf } from "#evidence/metrics.ts";
import { optionalSource } from "#evidence/evidence.ts";
import { clusterRight } from "#evidence/kinds-read.ts";
import { type EvidenceSource, placesOf } from "#evidence/sources/source.ts";

const root = "/apis/metrics.k8s.io/v1beta1";
const namespacesAtMost = 4;

export const metricsServer: EvidenceSource = {
  name: "metrics.k8s.io",
  needs: ["pods", "nodes"].map((plural) => clusterRight({ group: "metrics.k8s.io", plural }, ["list"])),
  // Its CPU has neither throttling nor what is usual: causes that need `metrics.cpu` need more.
  provides: ["metrics.memory"],
  collect: async (collection) => {
    const { gather, reader } = collection;
    const read = (path: string): Promise<unknown> =>
      gather.tryTo(optionalSource, (options) => reader.request("GET", `${root}${path}`, undefined, options));
    const places = placesOf(collection);
    const pods = await Promise.all(
      places
        .slice(0, namespacesAtMost)
        .map(async (namespace) =>
          metricsOf("Pod", await read(namespace === undefined ? "/pods" : `/namespaces/${encodeURIComponent(namespace)}/pods`)),
        ),
    );
    const nodes = places.includes(undefined) ? metricsOf("Node", await read("/nodes")) : [];
    const metrics = [...pods.flat(), ...nodes];
    return { metrics, lacks: metrics.length === 0 ? metricsServer.provides : [] };
  },
};
