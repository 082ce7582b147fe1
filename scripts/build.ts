// `npm run build`, and by itself before `npm pack`: the code that the package starts, bundled as JavaScript in dist/. Node refuses types inside node_modules.
import { chmodSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

/** What the package starts: the command, and the thread in which it diagnoses. */
const entries = { main: "src/main.ts", "diagnosis-worker": "src/diagnosis-worker.ts" };

/** Returns the names of the files that were written to `folder`. */
export const build = async (root: string, folder = join(root, "dist")): Promise<readonly string[]> => {
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  const packages = new Set(Object.keys(dependencies));
  rmSync(folder, { recursive: true, force: true });
  const bundle = await rolldown({
    cwd: root,
    input: entries,
    platform: "node",
    // npm packages stay as they are: what is installed is what an audit sees.
    external: (id) => id.startsWith("node:") || packages.has(packageOf(id)),
    onLog: (level, log) => {
      if (level === "warn") throw new Error(log.message);
    },
  });
  const { output } = await bundle.write({ dir: folder, format: "esm", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" });
  await bundle.close();
  chmodSync(join(folder, "main.js"), 0o755);
  return output.map(({ fileName }) => fileName);
};

/** `yaml` of `yaml/util`, `@scope/name` of `@scope/name/part`. */
const packageOf = (id: string): string => id.split("/", id.startsWith("@") ? 2 : 1).join("/");

if (import.meta.main) console.error(`dist: ${(await build(join(import.meta.dirname, ".."))).length} files`);
