import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
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
    "src/lib/x.ts": "",
    "src/lib/x.test.ts": code,
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

test("packages for development stay out, nested ones come with their parent", () => {
  expect(productionPackages({ packages })).toEqual(["node_modules/a", "node_modules/@c/d"]);
});

test("the image gets the code without tests and the packages it runs with", async () => {
  await layOutImageContext(await clone("one", "1"), join(folder, "context"));
  const files = await readdir(join(folder, "context"), { recursive: true, withFileTypes: true });
  const paths = files.flatMap((file) => (file.isFile() ? [join(file.parentPath, file.name).slice(join(folder, "context/").length)] : []));
  expect(paths.toSorted()).toEqual([
    "LICENSE",
    "node_modules/@c/d/index.js",
    "node_modules/a/node_modules/b/index.js",
    "package.json",
    "src/lib/x.ts",
    "src/main.ts",
  ]);
});

test("the same content has the same hash, other content another", async () => {
  const first = await layOutImageContext(await clone("one", "1"), join(folder, "c1"));
  expect(first).toMatch(/^[0-9a-f]{12}$/);
  expect(await layOutImageContext(await clone("two", "1"), join(folder, "c2"))).toBe(first);
  expect(await layOutImageContext(await clone("three", "3"), join(folder, "c3"))).not.toBe(first);
});
