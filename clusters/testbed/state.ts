// The testbed's own record of itself, in its state folder: what it occupies and whether it came up. Written before anything is
// made, so that a later run can remove all of it.
import { readFile, rename, writeFile } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { cacheFolder } from "#testbed/environment.ts";
import type { Place } from "#testbed/place.ts";

export interface State {
  readonly place: Place;
  readonly binFolder: string;
  readonly imageStore: string;
  /** The programs that must be alive; written last, so its presence says that `up` came to its end. */
  readonly processes?: readonly { readonly name: string; readonly pid: number }[];
}

export interface TestbedChoice {
  readonly name?: string;
  readonly stateFolder?: string;
}

export const stateFolderOf = ({ name = "default", stateFolder }: TestbedChoice): string => {
  if (stateFolder === undefined) return join(cacheFolder(), "state", name);
  return isAbsolute(stateFolder) ? stateFolder : resolve(stateFolder);
};

const recordPath = (stateFolder: string): string => join(stateFolder, "testbed.json");

export const readState = async (stateFolder: string): Promise<State | undefined> => {
  const text = await readFile(recordPath(stateFolder), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as State);
};

export const writeState = async (state: State): Promise<void> => {
  const path = recordPath(state.place.stateFolder);
  await writeFile(`${path}.new`, JSON.stringify(state, null, 2));
  await rename(`${path}.new`, path);
};

export const logFolderOf = (stateFolder: string): string => join(stateFolder, "log");
export const pkiFolderOf = (place: Place): string => join(place.stateFolder, "pki");
export const kubeconfigOf = (place: Place, name: string): string => join(place.stateFolder, `${name}.kubeconfig`);
export const auditLogOf = (place: Place): string => join(place.stateFolder, "audit.log");
export const ownStoreOf = (place: Place): string => join(place.stateFolder, "images");
export const apiUrlOf = (place: Place): string => `https://${place.hostIp}:${place.ports.api}`;
