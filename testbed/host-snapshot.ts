// What this machine looks like from outside a testbed: taken before and after, two snapshots must be equal. For tests; only looks.
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
  readonly networkNamespaces: string;
  readonly cgroups: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
}

export const takeHostSnapshot = async (): Promise<HostSnapshot> => {
  const mounts = readFileSync("/proc/mounts", "utf8");
  const said = async (command: string, ...args: string[]): Promise<string> => (await tryCommand(command, args)).stdout;
  const groups = await Promise.all(hierarchiesOf(mounts).all.map((root) => said("find", root, "-type", "d", "-path", "*kintsugi*")));
  return {
    mounts,
    links: (await listLinks()).map((link) => link.name),
    routes: await listRoutes(),
    firewall: await said("nft", "list", "ruleset"),
    networkNamespaces: await said("lsns", "--type", "net", "--noheadings", "--output", "NS"),
    cgroups: groups.flatMap((found) => found.split("\n").filter((line) => line !== "")),
    settings: readSettings(),
  };
};
