// `npm run bench -- memory [--pods 20000]`: what the product takes of memory beside a large cluster, with the heap that the manifest gives it. Prints; asserts nothing.
import { parseArgs } from "node:util";
import { startLargeCluster } from "#bench/load/large-cluster.ts";
import { startMeasuredProduct } from "#bench/load/measured-product.ts";
import { nodeOptions } from "#manifests/install.ts";

export const memoryBench = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: { pods: { type: "string", default: "20000" }, "node-options": { type: "string", default: nodeOptions } },
  });
  const cluster = await startLargeCluster(Number(values.pods));
  const product = await startMeasuredProduct(cluster, values["node-options"]);
  try {
    await product.waitFor(/caches complete/);
    await product.settled();
    console.log(JSON.stringify({ pods: Number(values.pods), nodeOptions: values["node-options"], ...(await product.memory()) }));
    return 0;
  } catch (error) {
    console.error(`kintsugi bench: the product ended: ${product.output().slice(-2000)}`, error);
    return 1;
  } finally {
    await product.stop();
    cluster.stop();
  }
};
