// What containers.yaml says is what the containers' own scripts print and how they end: each script is run here, with a stand-in for its server.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Behaviour, ContainerContext } from "#embedded/nodes/behaviour.ts";
import { behaveBy, pullBy } from "#scenarios/container-rules.ts";
import { loadContainerRules } from "#scenarios/containers.ts";
import { loadScenario, scenarioNames } from "#scenarios/scenario.ts";

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}
interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly configMap: { readonly name: string } }[];
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly valueFrom: { readonly configMapKeyRef: { readonly name: string; readonly key: string } };
  }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

const sandbox = mkdtempSync(join(tmpdir(), "kintsugi-containers-"));
afterAll(() => rmSync(sandbox, { recursive: true }));

/** The container as it would see itself: its environment and files out of the ConfigMaps beside it. */
const contextOf = (container: Container, spec: PodSpec, configMaps: ReadonlyMap<string, Manifest>): ContainerContext => ({
  namespace: "shop",
  pod: "a",
  node: "n1",
  container: container.name,
  image: container.image,
  command: container.command,
  args: container.args,
  env: Object.fromEntries(
    (container.env ?? []).map(({ name, valueFrom: { configMapKeyRef: ref } }) => [name, configMaps.get(ref.name)?.data?.[ref.key] ?? ""]),
  ),
  files: Object.fromEntries(
    (container.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
      const volume = spec.volumes?.find((each) => each.name === name);
      return Object.entries(configMaps.get(volume?.configMap.name ?? "")?.data ?? {}).map(([key, text]) => [`${mountPath}/${key}`, text]);
    }),
  ),
  memoryLimitBytes: undefined,
});

/** Runs the script for real, its absolute paths below a folder of ours, `httpd` a program that ends at once. */
const runScript = ({ command, args, env, files }: ContainerContext): { readonly log: string; readonly code: number } => {
  const root = mkdtempSync(join(sandbox, "root-"));
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  for (const [path, text] of Object.entries(files)) put(join(root, path), text);
  put(join(root, "bin/httpd"), "#!/bin/sh\nexit 0\n");
  chmodSync(join(root, "bin/httpd"), 0o755);
  const inRoot = args.map((text) => text.replaceAll(/(?<=[\s"])\/(tmp|etc|var)\//g, `${root}/$1/`));
  const [program = "", ...first] = command;
  const options = { env: { PATH: `${join(root, "bin")}:${process.env["PATH"]}`, ...env }, encoding: "utf8" } as const;
  try {
    return { log: execFileSync(program, [...first, ...inRoot], options).replaceAll(root, ""), code: 0 };
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string };
    return { log: stdout.replaceAll(root, ""), code: status };
  }
};

const logOf = ({ log = [] }: Behaviour): string => log.map((line) => `${typeof line === "string" ? line : line.text}\n`).join("");

describe.each(await scenarioNames())("%s", async (name) => {
  const { manifests } = await loadScenario(name);
  const behave = behaveBy(await loadContainerRules(name));
  // The fault's manifests come on top of the healthy ones.
  const configMaps = new Map<string, Manifest>();
  for (const [file, text] of Object.entries(manifests)) {
    const objects = parseAllDocuments(text).map((document) => document.toJSON() as Manifest);
    for (const object of objects) if (object.kind === "ConfigMap") configMaps.set(object.metadata.name, object);
    const seen = new Map(configMaps);
    for (const { metadata, spec } of objects.filter(({ kind }) => kind === "Deployment")) {
      test(`${metadata.name} of ${file}`, () => {
        for (const container of spec.template.spec.containers) {
          const context = contextOf(container, spec.template.spec, seen);
          const behaviour = behave(context);
          expect(behaviour, "a container that is not described").toBeDefined();
          expect({ log: logOf(behaviour!), code: behaviour?.exit?.code ?? 0 }).toEqual(runScript(context));
        }
      });
    }
  }
});

test("a workload that was healthy is not, once its configuration was edited", async () => {
  for (const name of ["config-edited", "repair-makes-it-worse"]) {
    const { manifests } = await loadScenario(name);
    const all = Object.values(manifests).map((text) => parseAllDocuments(text).map((document) => document.toJSON() as Manifest));
    const configMaps = new Map(all.flat().flatMap((object) => (object.kind === "ConfigMap" ? [[object.metadata.name, object]] : [])));
    const deployment = all[0]?.find(({ kind }) => kind === "Deployment");
    const spec = deployment!.spec.template.spec;
    const context = contextOf(spec.containers[0]!, spec, configMaps);
    const behaviour = behaveBy(await loadContainerRules(name))(context);
    expect({ log: logOf(behaviour!), code: behaviour?.exit?.code }).toEqual({ ...runScript(context), code: 1 });
  }
});

test("the image of the stuck rollout cannot be pulled, any other can", async () => {
  const pull = pullBy(await loadContainerRules("stuck-rollout"));
  const outcome = (image: string): unknown => pull({ image, namespace: "shop" });
  expect(outcome("testbed.local/busybox:1.37.1")).toEqual({ problem: "not-found" });
  expect(outcome("testbed.local/busybox:1")).toBeUndefined();
});
