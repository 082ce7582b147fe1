// `npm run build`, and by itself before `npm pack`: the code that the entries reach, as JavaScript in dist/. Node refuses types inside node_modules.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, posix } from "node:path";

interface Manifest {
  readonly imports: Readonly<Record<string, string>>;
}

const specifier = /((?:from|import)\s*\(?\s*)"((?:#|\.)[^"]+)"/g;

/** `src/lib/clock.ts` for `#lib/clock.ts`; a relative path as seen from the file that says so. */
const fileOf = (manifest: Manifest, from: string, text: string): string => {
  if (text.startsWith(".")) return posix.join(posix.dirname(from), text);
  const alias = Object.keys(manifest.imports).find((each) => text.startsWith(each.replace("*", "")));
  if (alias === undefined) throw new Error(`${from} imports ${text}, which package.json does not name`);
  return posix.normalize((manifest.imports[alias] ?? "").replace("*", text.slice(alias.length - 1)));
};

const builtPath = (path: string): string => path.replace(/^src\//, "dist/").replace(/\.ts$/, ".js");

/** `./lib/clock.js`: as the built file sees the other one. */
const builtSpecifier = (from: string, to: string): string => {
  const path = posix.relative(posix.dirname(builtPath(from)), builtPath(to));
  return path.startsWith(".") ? path : `./${path}`;
};

/** The JavaScript of one file, and the files that it needs. */
export const built = (manifest: Manifest, path: string, source: string): { readonly code: string; readonly needs: readonly string[] } => {
  const needs = new Set<string>();
  // First the types: what was imported for them alone is gone then.
  const code = stripTypeScriptTypes(source).replace(specifier, (_, keyword: string, text: string) => {
    const needed = fileOf(manifest, path, text);
    needs.add(needed);
    return `${keyword}"${builtSpecifier(path, needed)}"`;
  });
  return { code, needs: [...needs] };
};

/** What the package starts: the command, and the thread in which it diagnoses. */
const entries = ["src/main.ts", "src/diagnosis-worker.ts"];

/** Returns how many files were written. */
export const build = (root: string): number => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  rmSync(join(root, "dist"), { recursive: true, force: true });
  const seen = new Set<string>(entries);
  // A set that grows while it is walked: every file once.
  for (const path of seen) {
    const { code, needs } = built(manifest, path, readFileSync(join(root, path), "utf8"));
    const target = join(root, builtPath(path));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code, path === "src/main.ts" ? { mode: 0o755 } : {});
    for (const needed of needs) if (needed.endsWith(".ts")) seen.add(needed);
  }
  return seen.size;
};

if (import.meta.main) console.error(`dist: ${build(join(import.meta.dirname, ".."))} files`);
