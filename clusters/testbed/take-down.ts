// Takes away everything a testbed may have made, from any state it may be in: half up, crashed, orphaned. Safe to repeat.
import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { removeCgroups } from "#testbed/cgroups.ts";
import { withFileLock } from "#testbed/file-lock.ts";
import { machineLock, releaseSettings } from "#testbed/host-settings.ts";
import { removeLinks } from "#testbed/host-network.ts";
import { killProcessesOf } from "#testbed/processes.ts";
import { leftovers } from "#testbed/leftovers.ts";
import { readState } from "#testbed/state.ts";

/** Deleting through a live mount would delete files that are not ours. */
const refuseIfMounted = (stateFolder: string): void => {
  const targets = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "");
  const below = targets.find((target) => target === stateFolder || target.startsWith(`${stateFolder}/`));
  if (below !== undefined) throw new Error(`${below} is still mounted, so ${stateFolder} is left alone: unmount it and run down again.`);
};

/** Returns whether there was anything. Throws with a list when something could not be removed. */
export const takeDown = async (stateFolder: string): Promise<boolean> => {
  const state = await readState(stateFolder);
  const existed = existsSync(stateFolder);
  await killProcessesOf(stateFolder);
  await removeLinks(stateFolder);
  if (state !== undefined) await removeCgroups(state.place.cgroup);
  if (!existed) return false;
  refuseIfMounted(stateFolder);
  await withFileLock(
    machineLock,
    () => {},
    async () => releaseSettings(stateFolder),
  );
  await rm(stateFolder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  const left = state === undefined ? [] : await leftovers(state.place);
  if (left.length > 0) throw new Error(`the testbed is down, but this is left: ${left.join(", ")}`);
  return true;
};
