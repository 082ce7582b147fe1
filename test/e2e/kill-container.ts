// SIGKILL to a container of a testbed's pod, as an out-of-memory kill or a crash would be: no grace, no last word.
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { type Kubectl, mustKubectl } from "#test/kubectl.ts";

/** The id that containerd gave the first container of the first such pod that runs. */
const containerId = async (kubectl: Kubectl, namespace: string, selector: string): Promise<string> => {
  const path = "jsonpath={.items[0].status.containerStatuses[0].containerID}";
  const id = await mustKubectl(kubectl, ["get", "pods", "--namespace", namespace, "--selector", selector, "--output", path]);
  return id.replace(/^containerd:\/\//, "").trim();
};

/** Guarantees: at least one process of that container was killed, else it throws. */
export const killContainer = async (kubectl: Kubectl, namespace: string, selector: string): Promise<void> => {
  const id = await containerId(kubectl, namespace, selector);
  if (!/^[0-9a-f]{64}$/.test(id)) throw new Error(`no container of ${selector} runs in ${namespace} (found "${id}")`);
  // The nodes' processes are the host's too: their cgroup names the container they belong to.
  const victims = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && cgroupOf(pid).includes(id));
  if (victims.length === 0) throw new Error(`no process belongs to container ${id}`);
  for (const pid of victims) process.kill(Number(pid), "SIGKILL");
};

const cgroupOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    // It ended while we looked.
    return "";
  }
};
