// The cgroups under which a testbed's pods run, on cgroup v1 (one folder per controller) and v2. Must never touch a group that is
// not under the testbed's own.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Hierarchies {
  readonly version: 1 | 2;
  /** Where pods get their limits. */
  readonly roots: readonly string[];
  /** Every hierarchy: on a hybrid machine runc also makes groups in the one that limits nothing. */
  readonly all: readonly string[];
}

/** From the text of /proc/mounts. A hybrid machine counts as v1: its controllers are there. */
export const hierarchiesOf = (mounts: string): Hierarchies => {
  const ofType = (type: string): string[] =>
    mounts
      .split("\n")
      .map((line) => line.split(" "))
      .flatMap(([, target, found]) => (found === type && target?.startsWith("/sys/fs/cgroup") ? [target] : []));
  const v1 = ofType("cgroup");
  const v2 = ofType("cgroup2").slice(0, 1);
  return v1.length > 0 ? { version: 1, roots: v1, all: [...v1, ...v2] } : { version: 2, roots: v2, all: v2 };
};

const hierarchies = (): Hierarchies => hierarchiesOf(readFileSync("/proc/mounts", "utf8"));

const enableControllers = (folder: string): void => {
  for (const controller of readFileSync(join(folder, "cgroup.controllers"), "utf8").trim().split(" ")) {
    try {
      writeFileSync(join(folder, "cgroup.subtree_control"), `+${controller}`);
    } catch {
      // Some controllers (e.g. realtime ones) refuse; the kubelet names the one it misses.
    }
  }
};

const inheritCpuset = (parent: string, child: string): void => {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    if (existsSync(join(child, file))) writeFileSync(join(child, file), readFileSync(join(parent, file), "utf8"));
  }
};

export const createCgroups = (group: string, children: readonly string[]): void => {
  const { version, roots } = hierarchies();
  for (const root of roots) {
    const own = join(root, group);
    mkdirSync(own, { recursive: true });
    if (version === 2) for (const folder of [root, own]) enableControllers(folder);
    else inheritCpuset(root, own);
    for (const child of children) {
      mkdirSync(join(own, child), { recursive: true });
      if (version === 2) enableControllers(join(own, child));
      else inheritCpuset(own, join(own, child));
    }
  }
};

export const cgroupFolders = (group: string): string[] =>
  hierarchies()
    .all.map((root) => join(root, group))
    .filter((folder) => existsSync(folder));

const removeTree = (folder: string): void => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) removeTree(join(folder, entry.name));
  rmdirSync(folder);
};

/** The kernel keeps a group busy for a moment after its last process died, so this insists for a while. */
export const removeCgroups = async (group: string): Promise<void> => {
  const deadline = Date.now() + 10_000;
  for (const folder of cgroupFolders(group)) {
    while (existsSync(folder)) {
      try {
        removeTree(folder);
      } catch (error) {
        if (Date.now() > deadline) throw new Error(`cgroup ${folder} can't be removed`, { cause: error });
        await sleep(50);
      }
    }
  }
};
