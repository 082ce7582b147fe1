// vitest global setup: one etcd + kube-apiserver for the whole run. Tests take what they need by `inject("controlPlane")` and keep
// apart by namespace; a test that stops the API server starts a control plane of its own.
import type { TestProject } from "vitest/node";
import { startControlPlane } from "#testbed/control-plane.ts";
import { toStderr } from "#testbed/progress.ts";

declare module "vitest" {
  interface ProvidedContext {
    controlPlane: { readonly kubeconfigPath: string; readonly auditLogPath: string; readonly binDir: string; readonly url: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { kubeconfigPath, auditLogPath, binDir, url, stop } = await startControlPlane({ progress: toStderr });
  project.provide("controlPlane", { kubeconfigPath, auditLogPath, binDir, url });
  return stop;
}
