// The package as a user gets it: packed, installed into an empty folder, run by the oldest Node that it names. Needs the npm registry.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeEvidence } from "#evidence/evidence-file.ts";
import { evidence, objects, podsOf } from "#test/evidence-sketch.ts";

const root = join(import.meta.dirname, "../..");
/** The npm package that is nothing but the program itself. */
const oldNode = { name: `node-${platform() === "win32" ? "win" : platform()}-${arch()}`, version: "22.18.0" };

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
let node: string;
let bin: string;

const run = async (command: string, ...args: readonly string[]): Promise<Ran> => {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== "number") throw error;
    return { code, stdout: stdout ?? "", stderr: stderr ?? "" };
  }
};
const npm = async (cwd: string, ...args: readonly string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
};
const kintsugi = (...args: readonly string[]): Promise<Ran> => run(node, bin, ...args);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kintsugi-package-"));
  const packed = JSON.parse(await npm(root, "pack", "--json", "--pack-destination", folder)) as readonly { filename: string }[];
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "package-user", private: true }));
  await npm(folder, "install", "--prefer-offline", "--ignore-scripts", `./${packed[0]?.filename}`, `${oldNode.name}@${oldNode.version}`);
  node = join(folder, "node_modules", oldNode.name, "bin/node");
  bin = join(folder, "node_modules/kintsugi/dist/main.js");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("it is run by the intended Node, and nothing in it has types left", async () => {
  expect((await run(node, "--version")).stdout.trim()).toBe(`v${oldNode.version}`);
  expect(JSON.parse(await readFile(join(folder, "node_modules/kintsugi/package.json"), "utf8"))).toMatchObject({
    bin: { kintsugi: "dist/main.js" },
  });
  await expect(readFile(join(folder, "node_modules/kintsugi/src/main.ts"))).rejects.toThrow("ENOENT");
});

test("kintsugi --help shows the commands", async () => {
  const ran = await kintsugi("--help");
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).toMatch(/diagnose/);
});

describe("kintsugi diagnose --from", () => {
  const [web] = objects(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example/web:9", envFrom: [{configMapRef: {name: settings}}]}]}
`);
  const waiting = { waiting: { reason: "CreateContainerConfigError", message: 'configmap "settings" not found' } };
  const broken = podsOf(web!, {
    status: {
      conditions: [{ type: "Ready", status: "False" }],
      containerStatuses: [{ name: "web", image: "w", ready: false, restartCount: 0, state: waiting }],
    },
  });

  test("finds what is wrong, says so in JSON and saves what it looked at", async () => {
    await writeFile(join(folder, "incident.json.gz"), encodeEvidence(evidence({ objects: [web!, ...broken] }), "incident.json.gz"));
    const ran = await kintsugi("diagnose", "--from", "incident.json.gz", "--save", "again.json.gz", "-o", "json");
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ findings: [{ code: "ReferenceMissing", object: { kind: "Deployment", name: "web" } }] });
    expect(gunzipSync(await readFile(join(folder, "again.json.gz"))).toString()).toContain("kintsugi.dev/evidence");
  });

  test("says so where nothing is", async () => {
    await writeFile(join(folder, "well.json"), encodeEvidence(evidence({ objects: [] }), "well.json"));
    expect(await kintsugi("diagnose", "--from", "well.json")).toMatchObject({ code: 0, stderr: "" });
  });

  test("refuses a file that is not there", async () => {
    expect(await kintsugi("diagnose", "--from", "nowhere.json")).toMatchObject({
      code: 2,
      stderr: "kintsugi: nowhere.json cannot be read: ENOENT\n",
    });
  });
});
