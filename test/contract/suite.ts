// Registers every case of the contract as a test against one API server; a namespace of its own for each.
import { afterAll, beforeAll, describe, test } from "vitest";
import { type ContractCluster, ok, type Topic } from "#test/contract/cluster.ts";
import { core } from "#test/contract/samples.ts";
import { type Skip, skips } from "#test/contract/skips.ts";
import { topics } from "#test/contract/topics.ts";

export const registerContract = (on: Skip["on"], open: () => Promise<ContractCluster>): void => {
  let cluster: ContractCluster;
  beforeAll(async () => {
    cluster = await open();
    for (const { name, reason } of skips.filter((skip) => skip.on === on))
      process.stderr.write(`skipped on the ${on} server: ${name}: ${reason}\n`);
  });
  afterAll(() => cluster?.stop());

  test("every skip names a case", () => {
    const names = new Set(topics.flatMap((topic) => topic.cases.map(({ name }) => `${topic.title}: ${name}`)));
    const strangers = skips.filter(({ name }) => !names.has(name));
    if (strangers.length > 0) throw new Error(`no such case: ${strangers.map(({ name }) => name).join("; ")}`);
  });

  const namespaceOf = async (topic: Topic, index: number): Promise<string> => {
    const name = `contract-${topics.indexOf(topic)}-${index}`;
    await ok(cluster.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } }));
    // Pods are refused until their ServiceAccount is there: a controller creates it a moment later.
    const accounts = await cluster.watch(core(name, "serviceaccounts"));
    await accounts.take(1);
    accounts.close();
    return name;
  };

  for (const topic of topics) {
    describe(topic.title, () => {
      for (const [index, { name, run }] of topic.cases.entries()) {
        const skip = skips.find((each) => each.on === on && each.name === `${topic.title}: ${name}`);
        if (skip === undefined) test(name, async () => run(cluster, await namespaceOf(topic, index)));
        else test.fails(`${name} (skipped: ${skip.reason})`, async () => run(cluster, await namespaceOf(topic, index)));
      }
    });
  }
};
