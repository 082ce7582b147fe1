// Recorded cases on disk: <system>/<category>/<n>/, in a folder or a .tar.xz of one. Reads what was recorded and the right answer, never what was asked.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import type { Recording } from "#bench/diagnosis/recorded/recorded-evidence.ts";

export interface CaseFolder {
  readonly system: string;
  /** `system/category/n` */
  readonly name: string;
  readonly path: string;
}

export interface Answer {
  readonly rootCause: string;
  /** `app/<name>`, `node/<name>` or `namespace/<name>`. */
  readonly object: string;
}

export interface Loaded {
  readonly recording?: Recording;
  readonly answer?: Answer;
  /** Why one of them is missing. */
  readonly problem?: string;
}

const largest = 256 * 1024 * 1024;

/** Runs `use` on a folder of cases; what had to be unpacked is gone afterwards. */
export const withCases = async <T>(source: string, use: (folders: readonly CaseFolder[]) => Promise<T>): Promise<T> => {
  if (!existsSync(source)) throw new Error(`there is nothing at ${source}`);
  if (statSync(source).isDirectory()) return use(foldersIn(source));
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-bench-"));
  try {
    const tar = spawnSync("tar", ["--extract", "--auto-compress", "--file", source, "--directory", folder], { encoding: "utf8" });
    if (tar.status !== 0) throw new Error(`tar could not unpack ${source}: ${tar.stderr || String(tar.error)}`);
    return await use(foldersIn(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Every folder with an answer in it; its system is named by the third folder from the end. */
const foldersIn = (root: string): readonly CaseFolder[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .flatMap((entry) => {
      if (!entry.isFile() || entry.name !== "metadata.json") return [];
      const segments = relative(root, entry.parentPath).split(sep).slice(-3);
      const system = segments[0] ?? "";
      return segments.length < 3 ? [] : [{ system, name: segments.join("/"), path: entry.parentPath }];
    })
    .toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));

/** Never throws: what cannot be read is said. */
export const loadCase = (path: string): Loaded => {
  const metadata = attempt(() => json(join(path, "metadata.json")));
  if ("problem" in metadata) return metadata;
  const answer = answerIn(metadata.value);
  if (answer === undefined) return { problem: "metadata.json names no root cause and object" };
  const recording = attempt(() => recordingIn(path));
  return "problem" in recording ? { answer, ...recording } : { answer, recording: recording.value };
};

const recordingIn = (path: string): Recording => {
  const cache = json(join(path, "tool_cache.json"));
  if (typeof cache !== "object" || cache === null) throw new Error("tool_cache.json is no object");
  const csv = join(path, "raw_data/metrics.csv");
  const alerts = join(path, "raw_data/alert.json");
  return {
    cache: cache as Recording["cache"],
    ...(existsSync(csv) ? { metricsCsv: text(csv) } : {}),
    ...(existsSync(alerts) ? { alerts: tolerantJson(alerts) } : {}),
  };
};

const attempt = <T>(read: () => T): { readonly value: T } | { readonly problem: string } => {
  try {
    return { value: read() };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
};

const answerIn = (metadata: unknown): Answer | undefined => {
  const { root_cause: rootCause, fault_object: object } = ((metadata as { result?: unknown } | null)?.result ?? {}) as Record<
    string,
    unknown
  >;
  return typeof rootCause === "string" && typeof object === "string" ? { rootCause, object } : undefined;
};

const text = (path: string): string => {
  if (statSync(path).size > largest) throw new Error(`${path} is larger than ${largest} bytes`);
  return readFileSync(path, "utf8");
};

const json = (path: string): unknown => {
  const content = text(path);
  try {
    return JSON.parse(content);
  } catch {
    throw new Error(`${path} is not valid JSON: truncated?`);
  }
};

const tolerantJson = (path: string): unknown => {
  try {
    return json(path);
  } catch {
    return undefined;
  }
};
