// What this machine looks like from outside a testbed: taken before and after, two snapshots must be equal. For tests; only looks.
// Other testbeds may come and go meanwhile: what is theirs is left out.
import { readFileSync } from "node:fs";
import { hierarchiesOf } from "#testbed/cgroups.ts";
import { readSettings } from "#testbed/host-settings.ts";
import { listLinks, listRoutes } from "#testbed/host-network.ts";
import { tryCommand } from "#testbed/run-command.ts";

export interface HostSnapshot {
  readonly mounts: string;
  readonly links: readonly string[];
  readonly routes: readonly string[];
  readonly firewall: string;
  readonly cgroups: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
}

export const takeHostSnapshot = async (ownStateFolders: readonly string[]): Promise<HostSnapshot> => {
  const mounts = readFileSync("/proc/mounts", "utf8");
  const links = await listLinks();
  const foreign = new Set(links.filter(({ alias }) => alias !== undefined && !ownStateFolders.includes(alias)).map((link) => link.name));
  const isForeignGroup = (path: string): boolean => foreign.has(/kintsugi-testbed-(\d+)/.exec(path)?.[1]?.replace(/^/, "kt") ?? "");
  const groups = await Promise.all(
    hierarchiesOf(mounts).all.map((root) => tryCommand("find", [root, "-type", "d", "-path", "*kintsugi-testbed*"])),
  );
  return {
    mounts,
    links: links.map((link) => link.name).filter((name) => !foreign.has(name)),
    routes: (await listRoutes()).filter(({ device }) => !foreign.has(device ?? "")).map((route) => route.destination),
    firewall: (await tryCommand("nft", ["list", "ruleset"])).stdout,
    cgroups: groups.flatMap(({ stdout }) => stdout.split("\n").filter((path) => path !== "" && !isForeignGroup(path))),
    settings: readSettings(),
  };
};
