// What a testbed has left on this machine: used by `down` to prove itself and by tests. Must only look.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { cgroupFolders } from "#testbed/cgroups.ts";
import { linksOf, listRoutes } from "#testbed/host-network.ts";
import { rangesOverlap, type Place } from "#testbed/place.ts";
import { processesOf } from "#testbed/processes.ts";

/** Mounts below the folder in any mount namespace of the machine, named with a process that sees them. */
const mountsBelow = (folder: string): string[] =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/mounts`, "utf8")
          .split("\n")
          .flatMap((line) =>
            line.split(" ")[1]?.startsWith(folder) === true ? [`mount ${line.split(" ")[1]} seen by process ${pid}`] : [],
          );
      } catch {
        return [];
      }
    });

/** One sentence part per thing; empty means nothing is left. */
export const leftovers = async (place: Place): Promise<string[]> => {
  const [links, routes] = await Promise.all([linksOf(place.stateFolder), listRoutes()]);
  const own = [place.nodeCidr, place.podCidr, place.serviceCidr];
  const ours = routes
    .map((route) => route.destination)
    .filter((route) => /^\d/.test(route) && route !== "0.0.0.0/0" && own.some((range) => rangesOverlap(range, route)));
  return [
    ...processesOf(place.stateFolder).map((pid) => `process ${pid}`),
    ...mountsBelow(place.stateFolder),
    ...links.map((link) => `link ${link}`),
    ...ours.map((route) => `route ${route}`),
    ...cgroupFolders(place.cgroup).map((folder) => `cgroup ${folder}`),
    ...(existsSync(place.stateFolder) ? [`folder ${place.stateFolder}`] : []),
  ];
};
