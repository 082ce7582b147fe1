// The import table of ARCHITECTURE.md as data, and the check that the code keeps to it. Reads files only.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const controller = ["lib", "api", "kube", "cluster", "runtime", "controllers"];

/** For each folder, the folders it may import besides itself. The most specific row counts. */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  api: ["lib"],
  logs: ["lib"],
  kube: ["lib", "api"],
  cluster: ["lib", "api", "kube"],
  evidence: ["lib", "api", "logs", "kube", "cluster"],
  diagnosis: ["lib", "api", "logs", "evidence", "cluster"],
  actions: ["lib", "api"],
  investigation: ["lib", "api", "kube", "cluster", "evidence", "diagnosis", "actions", "policy"],
  policy: ["lib", "api"],
  runtime: ["lib", "api", "kube", "cluster", "policy", "investigation"],
  controllers: ["lib", "api", "kube", "runtime"],
  "controllers/remediation-request": [...controller, "policy"],
  "controllers/remediation-processing": [...controller, "policy"],
  "controllers/ai-analysis": [...controller, "policy", "evidence", "diagnosis", "investigation", "actions"],
  "controllers/ai-approval-request": [...controller, "actions"],
  "controllers/workflow-execution": [...controller, "policy", "evidence", "actions"],
  "controllers/kubernetes-execution": [...controller, "policy", "actions"],
  "controllers/remediation-policy": [...controller, "policy"],
  "controllers/retention": [...controller, "policy"],
  act: ["lib", "api", "kube", "cluster", "actions", "policy"],
  services: ["lib", "api", "kube"],
  // Every service; none imports another.
  "services/*": ["lib", "api", "kube", "cluster", "policy", "runtime", "services"],
  roles: ["lib", "kube", "runtime", "controllers/*", "services/*"],
  embedded: ["lib", "api", "kube"],
  story: ["lib", "api"],
  manifests: ["lib", "api", "kube", "cluster", "policy", "actions", "act", "roles", "runtime", "controllers/*", "services/*"],
  // What serves and what a person types are apart: neither imports the other, and main.ts joins them.
  server: ["lib", "api", "kube", "cluster", "investigation", "policy", "manifests", "roles", "runtime", "services"],
  cli: [
    "lib",
    "api",
    "kube",
    "cluster",
    "evidence",
    "diagnosis",
    "investigation",
    "actions",
    "policy",
    "manifests",
    "roles",
    "runtime",
    "story",
  ],
};

/** Puts the parts together and may import everything. */
const compositionRoot = new Set(["src/main.ts", "src/diagnosis-worker.ts"]);

const importPattern = /(?:from|import)\s*\(?\s*"(#[^"]+|\.[^"]+)"/g;

/** One sentence for each import that the table does not allow; empty when there is none. */
export const forbiddenImports = (root: string): string[] => {
  const findings: string[] = [];
  for (const path of globSync(["src/**/*.ts", "clusters/embedded/**/*.ts"], { cwd: root }).toSorted()) {
    const folder = rowOf(path.slice(path.indexOf("/") + 1));
    if (folder === undefined) {
      if (!compositionRoot.has(path)) findings.push(`${path}: is in no folder of the import table`);
      continue;
    }
    // Tests may import the testbed and the harness; the code that they test may not.
    const isTest = /\.(?:test|cases)\.ts$/.test(path);
    for (const [, target = ""] of readFileSync(join(root, path), "utf8").matchAll(importPattern)) {
      if (target.startsWith(".")) {
        findings.push(`${path}: imports ${target} by a relative path: use the folder's alias`);
        continue;
      }
      if (isTest) continue;
      if (target.endsWith(".cases.ts")) findings.push(`${path}: imports ${target}, which is for tests`);
      const to = rowOf(target.slice(1));
      if (to === undefined) findings.push(`${path}: imports ${target}, which is in no folder of the import table`);
      else if (to !== folder && !allows(importsOf(folder), to)) findings.push(`${path}: ${folder} may not import ${to} (${target})`);
    }
  }
  return findings;
};

const rowOf = (path: string): string | undefined => {
  const segments = path.split("/");
  const one = segments[0] ?? "";
  const two = segments.slice(0, 2).join("/");
  if (segments.length > 2 && (two in importTable || `${one}/*` in importTable)) return two;
  return one in importTable ? one : undefined;
};

const importsOf = (folder: string): readonly string[] => importTable[folder] ?? importTable[`${folder.split("/", 1)[0] ?? ""}/*`] ?? [];

const allows = (allowed: readonly string[], to: string): boolean =>
  allowed.some((entry) => entry === to || (entry.endsWith("/*") && to.startsWith(entry.slice(0, -1))));
