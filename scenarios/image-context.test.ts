import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { layOutImageContext, productionPackages } from "#scenarios/image-context.ts";

const folder = await mkdtemp(join(tmpdir(), "context-"));
afterAll(() => rm(folder, { recursive: true }));

const packages = {
  "": {},
  "node_modules/a": {},
  "node_modules/a/node_modules/b": {},
  "node_modules/@c/d": {},
  "node_modules/e": { dev: true },
};

const clone = async (name: string, code: string): Promise<string> => {
  const files = {
    "package-lock.json": JSON.stringify({ packages }),
    "package.json": "{}",
    LICENSE: "",
    Dockerfile: "FROM scratch",
    "src/main.ts": code,
    "node_modules/a/node_modules/b/index.js": "",
    "node_modules/@c/d/index.js": "",
    "node_modules/e/index.js": "",
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name, path)), { recursive: true });
    await writeFile(join(folder, name, path), text);
  }
  return join(folder, name);
};

/** Instead of the bundler: copies one file. */
const bundle = async (root: string, into = ""): Promise<readonly string[]> => {
  await mkdir(into, { recursive: true });
  await copyFile(join(root, "src/main.ts"), join(into, "main.js"));
  return ["main.js"];
};

test("packages for development stay out, nested ones come with their parent", () => {
  expect(productionPackages({ packages })).toEqual(["node_modules/a", "node_modules/@c/d"]);
});

test("the image contains the bundled code and the packages that it needs", async () => {
  await layOutImageContext(await clone("one", "1"), join(folder, "context"), bundle);
  const files = await readdir(join(folder, "context"), { recursive: true, withFileTypes: true });
  const paths = files.flatMap((file) => (file.isFile() ? [join(file.parentPath, file.name).slice(join(folder, "context/").length)] : []));
  expect(paths.toSorted()).toEqual([
    "LICENSE",
    "dist/main.js",
    "node_modules/@c/d/index.js",
    "node_modules/a/node_modules/b/index.js",
    "package.json",
  ]);
});

test("the same content has the same hash, other content another", async () => {
  const first = await layOutImageContext(await clone("one", "1"), join(folder, "c1"), bundle);
  expect(first).toMatch(/^[0-9a-f]{12}$/);
  expect(await layOutImageContext(await clone("two", "1"), join(folder, "c2"), bundle)).toBe(first);
  expect(await layOutImageContext(await clone("three", "3"), join(folder, "c3"), bundle)).not.toBe(first);
});
