// Lays out what the Dockerfile copies: the code without tests and the packages it needs at run time, taken from this clone's
// node_modules as package-lock.json says. Must never ask the network.
import { createHash } from "node:crypto";
import { cp, glob, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256 } from "#lib/canonical-json.ts";

export interface LockFile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean; readonly devOptional?: boolean }>>;
}

/** Folders of the packages that run time needs; each brings what lies nested in it. */
export const productionPackages = (lock: LockFile): string[] =>
  Object.entries(lock.packages).flatMap(([folder, entry]) =>
    folder.startsWith("node_modules/") && !folder.includes("/node_modules/") && entry.dev !== true && entry.devOptional !== true
      ? [folder]
      : [],
  );

const isTest = (path: string): boolean => /\.(?:test|cases)\.ts$/.test(path);

/** Fills `folder`; returns a short hash of everything that went in by our own doing: the code and the versions of the packages. */
export const layOutImageContext = async (root: string, folder: string): Promise<string> => {
  const lockText = await readFile(join(root, "package-lock.json"), "utf8");
  const packages = productionPackages(JSON.parse(lockText) as LockFile);
  await mkdir(folder, { recursive: true });
  for (const path of packages) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await cp(join(root, path), join(folder, path), { recursive: true });
  }
  for (const file of ["package.json", "LICENSE"]) await cp(join(root, file), join(folder, file));
  await cp(join(root, "src"), join(folder, "src"), { recursive: true, filter: (path) => !isTest(path) });
  return hashOf([lockText, await readFile(join(root, "Dockerfile"), "utf8")], folder);
};

/** Of what was laid out, not of where it came from: somebody may be editing that. */
const hashOf = async (texts: readonly string[], folder: string): Promise<string> => {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${sha256(text)}\n`);
  const files = ["package.json"];
  for await (const path of glob("src/**/*.ts", { cwd: folder })) files.push(path);
  for (const path of files.toSorted()) hash.update(`${path}\n${sha256(await readFile(join(folder, path), "utf8"))}\n`);
  return hash.digest("hex").slice(0, 12);
};
