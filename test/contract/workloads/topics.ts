// The workload half of the contract, topic by topic, in the order in which it is best read.
import { replicaSets } from "#test/contract/workloads/replica-sets.ts";
import { rollouts } from "#test/contract/workloads/rollouts.ts";
import type { WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

export const workloadTopics: readonly WorkloadTopic[] = [rollouts, replicaSets];
