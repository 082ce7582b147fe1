// The testbed's part of the host's network: one bridge, one cable per node, routes to pods and Services. A link is ours only if its
// alias says so; nothing else is ever touched.
import { runCommand, tryCommand } from "#testbed/run-command.ts";
import { freeLanes, type Place } from "#testbed/place.ts";

const ip = (...args: string[]): Promise<string> => runCommand("ip", args);

export interface Link {
  readonly name: string;
  readonly alias: string | undefined;
}

export const listLinks = async (): Promise<Link[]> => {
  const links = JSON.parse(await ip("-json", "link", "show")) as { ifname: string; ifalias?: string }[];
  return links.map((link) => ({ name: link.ifname, alias: link.ifalias }));
};

export interface Route {
  readonly destination: string;
  readonly device: string | undefined;
}

export const listRoutes = async (): Promise<Route[]> => {
  const routes = JSON.parse(await ip("-json", "route", "show", "table", "all")) as { dst: string; dev?: string }[];
  return routes.map((route) => ({ destination: route.dst, device: route.dev }));
};

/** Free lanes by routes and by links: the caller holds the machine's lock until the bridge exists. */
export const lanesToTry = async (): Promise<number[]> => {
  const [routes, links] = await Promise.all([listRoutes(), listLinks()]);
  const taken = new Set(links.map((link) => link.name));
  return freeLanes(routes.map((route) => route.destination)).filter((lane) => !taken.has(`kt${lane}`));
};

export const createBridge = async (place: Place): Promise<void> => {
  await ip("link", "add", place.bridge, "type", "bridge");
  await ip("link", "set", place.bridge, "alias", place.stateFolder);
  await ip("address", "add", `${place.hostIp}/24`, "dev", place.bridge);
  await ip("link", "set", place.bridge, "up");
  for (const node of place.nodes) await ip("route", "add", node.podCidr, "via", node.ip, "dev", place.bridge);
  // ClusterIPs from the host: the first node does the translation.
  const gateway = place.nodes[0];
  if (gateway !== undefined) await ip("route", "add", place.serviceCidr, "via", gateway.ip, "dev", place.bridge);
};

export const connectNode = async (place: Place, veth: string, namespacePid: number): Promise<void> => {
  await ip("link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", String(namespacePid));
  await ip("link", "set", veth, "alias", place.stateFolder);
  await ip("link", "set", veth, "master", place.bridge, "up");
};

export const linksOf = async (stateFolder: string): Promise<string[]> =>
  (await listLinks()).filter((link) => link.alias === stateFolder).map((link) => link.name);

/** A node's cable vanishes with the node, sometimes between our look and our delete: that is no failure. */
export const removeLinks = async (stateFolder: string): Promise<void> => {
  for (const name of await linksOf(stateFolder)) await tryCommand("ip", ["link", "delete", name]);
};
