// Where the testbed keeps things on this machine, and the variables its tools get. The one place here that reads process.env;
// must never touch the disk.
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of this file: manifests and pinned Go modules lie beside it. */
export const testbedSourceFolder = dirname(fileURLToPath(import.meta.url));

/** Every process of a testbed carries this variable, so that it can be found again by its state folder alone. */
export const markerVariable = "KINTSUGI_TESTBED";

export const cacheFolder = (env: NodeJS.ProcessEnv = process.env): string => {
  const xdgCache = env["XDG_CACHE_HOME"];
  return join(xdgCache !== undefined && xdgCache !== "" ? xdgCache : join(homedir(), ".cache"), "kintsugi", "testbed");
};

/** Debian keeps the network tools and containerd's helpers in sbin, which a user's PATH may lack; Go is often in /usr/local/go. */
export const toolEnvironment = (binFolder?: string, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv => {
  const folders = [binFolder, env["PATH"], "/usr/local/go/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return { ...env, PATH: folders.filter((folder) => folder !== undefined && folder !== "").join(":") };
};
