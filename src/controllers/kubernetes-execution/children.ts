// The Job of an execution: Kintsugi's own image, the verb act, the action's own account, and nothing else. Pure.
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { Job } from "#api/kubernetes.ts";
import { accountOfAction, approvedAccountOfAction, EXECUTION_LABEL, REQUEST_LABEL } from "#api/labels.ts";
import type { NewObject } from "#api/object.ts";
import { ownedBy } from "#kube/ensure.ts";

export const jobName = (execution: KubernetesExecution): string => execution.metadata.name;

/** Runs once, is never repeated and never removed by time: its end is read, and it goes with its execution. */
export const jobFor = (execution: KubernetesExecution, image: string): NewObject<Job> => {
  const { namespace, name } = execution.metadata;
  const { action, approval, request, changesHash, timeoutSeconds } = execution.spec;
  const labels = { [REQUEST_LABEL]: request, [EXECUTION_LABEL]: name };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { namespace, name: jobName(execution), labels, ownerReferences: [ownedBy(execution)] },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: timeoutSeconds,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          serviceAccountName: approval === undefined ? accountOfAction(action) : approvedAccountOfAction(action),
          automountServiceAccountToken: true,
          enableServiceLinks: false,
          securityContext: { runAsNonRoot: true, runAsUser: 65_532, runAsGroup: 65_532, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "act",
              image,
              imagePullPolicy: "IfNotPresent",
              args: ["act", name, "--hash", changesHash, "--kintsugi-namespace", namespace],
              // An end without a report must look like one: never the tail of a log.
              terminationMessagePolicy: "File",
              resources: { requests: { cpu: "10m", memory: "96Mi" }, limits: { memory: "256Mi" } },
              securityContext: {
                allowPrivilegeEscalation: false,
                privileged: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
            },
          ],
        },
      },
    },
  };
};
