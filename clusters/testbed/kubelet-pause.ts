// A node whose kubelet says nothing, as when it hangs: its process is stopped where it is, its containers run on. Must never touch a process
// whose command line does not name that node's own configuration.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const kubeletOf = (stateFolder: string, node: string): number => {
  const config = `--config=${join(stateFolder, "nodes", node, "etc/kubelet.yaml")}`;
  const found = readdirSync("/proc").find((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [program = "", ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return program.endsWith("kubelet") && args.includes(config);
    } catch {
      // It ended while we looked.
      return false;
    }
  });
  if (found === undefined) throw new Error(`no kubelet of node ${node} runs`);
  return Number(found);
};

export const pauseKubelet = (stateFolder: string, node: string): boolean => process.kill(kubeletOf(stateFolder, node), "SIGSTOP");

export const resumeKubelet = (stateFolder: string, node: string): boolean => process.kill(kubeletOf(stateFolder, node), "SIGCONT");
