// The workload half of the contract, topic by topic, in the order in which it is best read.
import { containerEnds } from "#test/contract/workloads/container-ends.ts";
import { containerStarts } from "#test/contract/workloads/container-starts.ts";
import { deletion } from "#test/contract/workloads/deletion.ts";
import { jobs } from "#test/contract/workloads/jobs.ts";
import { logs } from "#test/contract/workloads/logs.ts";
import { nodesTopic } from "#test/contract/workloads/nodes.ts";
import { podTable } from "#test/contract/workloads/pod-table.ts";
import { probes } from "#test/contract/workloads/probes.ts";
import { replicaSets } from "#test/contract/workloads/replica-sets.ts";
import { rollouts } from "#test/contract/workloads/rollouts.ts";
import { scheduling } from "#test/contract/workloads/scheduling.ts";
import type { WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

export const workloadTopics: readonly WorkloadTopic[] = [
  ...[scheduling, containerStarts, containerEnds, probes, logs, podTable, deletion],
  ...[rollouts, replicaSets, jobs],
  nodesTopic,
];
