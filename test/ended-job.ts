// How the Job controller and the kubelet leave a Job and its pod behind once the container has ended, as they write it into the status.
import type { Job, Pod } from "#api/kubernetes.ts";

/** `message`: the container's termination message. */
export const endedPod = (job: Job, exitCode: number, message: string, at: string): Pod["status"] => {
  const container = job.spec.template.spec.containers[0];
  const terminated = { exitCode, reason: exitCode === 0 ? "Completed" : "Error", message, startedAt: at, finishedAt: at };
  return {
    phase: exitCode === 0 ? "Succeeded" : "Failed",
    containerStatuses: [
      { name: container?.name ?? "", image: container?.image ?? "", imageID: "", ready: false, restartCount: 0, state: { terminated } },
    ],
  };
};

export const endedJob = (exitCode: number, at: string): object => {
  const condition = (type: string, reason: string): object => ({ type, status: "True", reason, lastTransitionTime: at, lastProbeTime: at });
  return exitCode === 0
    ? {
        startTime: at,
        completionTime: at,
        succeeded: 1,
        conditions: [condition("SuccessCriteriaMet", "CompletionsReached"), condition("Complete", "CompletionsReached")],
      }
    : {
        startTime: at,
        failed: 1,
        conditions: [condition("FailureTarget", "BackoffLimitExceeded"), condition("Failed", "BackoffLimitExceeded")],
      };
};
