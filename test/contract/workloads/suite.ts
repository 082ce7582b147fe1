// Registers every workload case as a test against one cluster; each in a namespace of its own, several at once.
import { beforeAll, describe, test } from "vitest";
import { ok } from "#test/contract/cluster.ts";
import type { Skip } from "#test/contract/skips.ts";
import { workloadSkips } from "#test/contract/workloads/skips.ts";
import { workloadTopics } from "#test/contract/workloads/topics.ts";
import { untilObject, type WorkloadCluster, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";
import { createPool } from "#test/e2e/pool.ts";

/** `open` is asked once a case: it may give each a cluster of its own. */
export const registerWorkloads = (on: Skip["on"], atOnce: number, open: () => Promise<WorkloadCluster>): void => {
  const pool = createPool(atOnce);
  const skips = workloadSkips.filter((skip) => skip.on === on);
  beforeAll(() => {
    for (const { name, reason } of skips) process.stderr.write(`skipped on the ${on} cluster: ${name}: ${reason}\n`);
  });

  test("every skip names a case", () => {
    const names = new Set(workloadTopics.flatMap((topic) => topic.cases.map(({ name }) => `${topic.title}: ${name}`)));
    const strangers = workloadSkips.filter(({ name }) => !names.has(name));
    if (strangers.length > 0) throw new Error(`no such case: ${strangers.map(({ name }) => name).join("; ")}`);
  });

  const namespaceFor = async (cluster: WorkloadCluster, topic: WorkloadTopic, index: number): Promise<string> => {
    const metadata = { generateName: `workloads-${workloadTopics.indexOf(topic)}-${index}-` };
    const { name } = (await ok(cluster.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata }))).metadata;
    // Before it has its account, a namespace takes no pod.
    await untilObject(cluster, `/api/v1/namespaces/${name}/serviceaccounts`, "default", () => true);
    return name;
  };

  for (const topic of workloadTopics) {
    describe.concurrent(topic.title, () => {
      for (const [index, { name, run }] of topic.cases.entries()) {
        const work = (): Promise<void> =>
          pool(async () => {
            const cluster = await open();
            const namespace = await namespaceFor(cluster, topic, index);
            await run(cluster, namespace);
            // What is left over would only keep the nodes busy; a case that failed is left to be looked at.
            await cluster.delete(`/api/v1/namespaces/${namespace}`);
          });
        const skip = skips.find((each) => each.name === `${topic.title}: ${name}`);
        if (skip === undefined) test.concurrent(name, work);
        else test.concurrent.fails(`${name} (skipped: ${skip.reason})`, work);
      }
    });
  }
};
