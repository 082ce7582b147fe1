// Lays out what the Dockerfile copies: the bundled code and the packages it needs at run time, taken from this clone's
// node_modules as package-lock.json says. Must never ask the network.
import { createHash } from "node:crypto";
import { cp, glob, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256 } from "#lib/canonical-json.ts";
import { build } from "../scripts/build.ts";

export interface LockFile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean; readonly devOptional?: boolean }>>;
}

/** Folders of the packages that run time needs; each brings its nested packages. */
export const productionPackages = (lock: LockFile): string[] =>
  Object.entries(lock.packages).flatMap(([folder, entry]) =>
    folder.startsWith("node_modules/") && !folder.includes("/node_modules/") && entry.dev !== true && entry.devOptional !== true
      ? [folder]
      : [],
  );

/** Fills `folder`; returns a short hash of the code and the versions of the packages. */
export const layOutImageContext = async (root: string, folder: string, bundle: typeof build = build): Promise<string> => {
  const lockText = await readFile(join(root, "package-lock.json"), "utf8");
  const packages = productionPackages(JSON.parse(lockText) as LockFile);
  await mkdir(folder, { recursive: true });
  for (const path of packages) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await cp(join(root, path), join(folder, path), { recursive: true });
  }
  for (const file of ["package.json", "LICENSE"]) await cp(join(root, file), join(folder, file));
  await bundle(root, join(folder, "dist"));
  return hashOf([lockText, await readFile(join(root, "Dockerfile"), "utf8")], folder);
};

/** Of the copy, not of the source, which may change meanwhile. */
const hashOf = async (texts: readonly string[], folder: string): Promise<string> => {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${sha256(text)}\n`);
  const files = ["package.json"];
  for await (const path of glob("dist/**/*.js", { cwd: folder })) files.push(path);
  for (const path of files.toSorted()) hash.update(`${path}\n${sha256(await readFile(join(folder, path), "utf8"))}\n`);
  return hash.digest("hex").slice(0, 12);
};
