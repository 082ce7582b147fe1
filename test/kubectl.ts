// kubectl as a person would run it, for tests: what it prints, or the error it prints.
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
export type Kubectl = (args: readonly string[], input?: string) => Promise<KubectlResult>;

export const kubectlOf =
  (cluster: { readonly binDir: string; readonly kubeconfigPath: string }): Kubectl =>
  (args, input) =>
    new Promise((resolve) => {
      const child = execFile(
        join(cluster.binDir, "kubectl"),
        ["--kubeconfig", cluster.kubeconfigPath, "--cache-dir", join(dirname(cluster.kubeconfigPath), "kubectl-cache"), ...args],
        { maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, stdout, stderr }),
      );
      child.stdin?.end(input ?? "");
    });

/** Throws with what kubectl said when it fails. */
export const mustKubectl = async (kubectl: Kubectl, args: readonly string[], input?: string): Promise<string> => {
  const result = await kubectl(args, input);
  if (result.code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${result.stderr}`);
  return result.stdout;
};
