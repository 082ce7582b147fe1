// The workload half of the contract against a real cluster of two nodes.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll } from "vitest";
import { parse } from "yaml";
import { openContractCluster, type ContractCluster } from "#test/contract/cluster.ts";
import { registerWorkloads } from "#test/contract/workloads/suite.ts";
import { testbedName } from "#test/e2e/testbed-name.ts";
import { toStderr } from "#testbed/progress.ts";
import { down, type Testbed, up } from "#testbed/testbed.ts";

// A testbed that is kept up while cases are written is used unchanged.
const kept = process.env["WORKLOADS_TESTBED"];
const name = kept ?? testbedName("workloads");
let cluster: ContractCluster;
let testbed: Testbed;

beforeAll(async () => {
  if (kept === undefined) await down({ name });
  testbed = await up({ name, progress: toStderr });
  cluster = await contractClusterOf(testbed);
});
afterAll(async () => {
  await cluster?.stop();
  if (kept === undefined) await down({ name });
});

registerWorkloads("real", 12, () => Promise.resolve(cluster));

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly "certificate-authority-data": string } }[];
  readonly users: readonly { readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } }[];
}

const contractClusterOf = async ({ url, kubeconfigPath }: Testbed): Promise<ContractCluster> => {
  const { clusters, users } = parse(await readFile(kubeconfigPath, "utf8")) as Kubeconfig;
  const pem = (data: string | undefined): string => Buffer.from(data ?? "", "base64").toString("utf8");
  return openContractCluster({
    url,
    caPem: pem(clusters[0]?.cluster["certificate-authority-data"]),
    admin: { certPem: pem(users[0]?.user["client-certificate-data"]), keyPem: pem(users[0]?.user["client-key-data"]) },
    compact: () => Promise.reject(new Error("a testbed that runs keeps its history")),
    stop: () => Promise.resolve(),
  });
};
