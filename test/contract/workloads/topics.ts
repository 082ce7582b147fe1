// The workload half of the contract, topic by topic, in the order in which it is best read.
import { cronJobs, jobs } from "#test/contract/workloads/jobs.ts";
import { daemonSets, statefulSets } from "#test/contract/workloads/numbered-sets.ts";
import { replicaSets } from "#test/contract/workloads/replica-sets.ts";
import { rollouts } from "#test/contract/workloads/rollouts.ts";
import { serviceAddresses } from "#test/contract/workloads/service-addresses.ts";
import type { WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

export const workloadTopics: readonly WorkloadTopic[] = [rollouts, replicaSets, statefulSets, daemonSets, jobs, cronJobs, serviceAddresses];
