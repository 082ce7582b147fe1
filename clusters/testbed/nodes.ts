// Starts the nodes: one process tree each, in its own mount, network and PID namespaces, connected to the bridge by one cable.
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { testbedSourceFolder } from "#testbed/environment.ts";
import { connectNode } from "#testbed/host-network.ts";
import { nodeFiles, podRoutes } from "#testbed/node-config.ts";
import type { NodePlace, Place } from "#testbed/place.ts";
import { waitUntilReady, type RunningProcess } from "#testbed/processes.ts";

/** Starts a named program of the testbed; how it lives and where it logs is the caller's. */
export type Start = (name: string, command: string, args: readonly string[]) => Promise<RunningProcess>;

export const writeNodeFiles = async (place: Place, node: NodePlace): Promise<void> => {
  for (const file of nodeFiles(place, node)) {
    const path = join(node.folder, "etc", file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.text);
  }
};

const childOf = (pid: number): number | undefined => {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return child === undefined || child === "" ? undefined : Number(child);
  } catch {
    return undefined;
  }
};

/** Needs no API server: containerd is up long before, and the kubelet waits for `letNodeJoin`. */
export const startNode = async (place: Place, node: NodePlace, logFolder: string, start: Start): Promise<void> => {
  await writeNodeFiles(place, node);
  const init = join(testbedSourceFolder, "node-init.sh");
  const namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"];
  const unshare = await start(node.name, "unshare", [
    ...namespaces,
    "sh",
    init,
    node.folder,
    node.name,
    node.ip,
    place.hostIp,
    logFolder,
    ...podRoutes(place, node),
  ]);
  // The child is forked after the namespaces were made: its pid names the node's network.
  await waitUntilReady(unshare, 10_000, async () => childOf(unshare.pid) !== undefined);
  const namespacePid = childOf(unshare.pid);
  if (namespacePid === undefined) throw new Error(`node ${node.name} died while starting`);
  await connectNode(place, node.veth, namespacePid);
};

export const letNodeJoin = (node: NodePlace): Promise<void> => writeFile(join(node.folder, "api-ready"), "");
