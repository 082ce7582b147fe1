// A real Kubernetes of several nodes, with monitoring and a registry, as plain processes of this machine: up, down, open, status.
// Several run side by side by name. Must leave nothing behind: whatever goes wrong on the way up is taken away again.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { bringUp, claimPlace } from "#testbed/bring-up.ts";
import { buildImage, type ImageBuild } from "#testbed/build-image.ts";
import { withFileLock } from "#testbed/file-lock.ts";
import { addImageFromLayout } from "#testbed/image-store.ts";
import { ensureImages } from "#testbed/images.ts";
import type { AlertRule, Webhook } from "#testbed/monitoring-config.ts";
import { alertmanagerUrlOf, prometheusUrlOf, setAlertRules, setWebhook } from "#testbed/monitoring.ts";
import { nameProblem } from "#testbed/place.ts";
import { ensurePrerequisites } from "#testbed/prerequisites.ts";
import { processesOf } from "#testbed/processes.ts";
import { seconds, silent, type Progress } from "#testbed/progress.ts";
import { runCommand } from "#testbed/run-command.ts";
import {
  apiUrlOf,
  auditLogOf,
  kubeconfigOf,
  ownStoreOf,
  readState,
  stateFolderOf,
  type State,
  type TestbedChoice,
} from "#testbed/state.ts";
import { takeDown } from "#testbed/take-down.ts";

export interface Testbed {
  readonly name: string;
  readonly stateFolder: string;
  readonly url: string;
  /** Of a member of system:masters; it works on the host and in pods alike. */
  readonly kubeconfigPath: string;
  readonly binDir: string;
  readonly hostIp: string;
  readonly nodes: readonly { readonly name: string; readonly ip: string }[];
  readonly prometheusUrl: string;
  readonly alertmanagerUrl: string;
  readonly auditLogPath: string;
  readonly registry: {
    /** What image references begin with: `testbed.local/kintsugi:dev`. */
    readonly host: string;
    readonly url: string;
    /** Takes over an OCI layout folder; returns the digest. */
    push(layoutFolder: string, ref: string): Promise<string>;
  };
  /** Builds a Dockerfile on a local base (e.g. `nodeImage` of images.ts) and puts it into the registry; returns the digest. */
  buildImage(build: ImageBuild): Promise<string>;
  kubectl(...args: string[]): Promise<string>;
  setAlertRules(rules: readonly AlertRule[]): Promise<void>;
  setWebhook(webhook: Webhook | undefined): Promise<void>;
}

export interface UpOptions extends TestbedChoice {
  readonly nodeCount?: number;
  readonly progress?: Progress;
  /** Gives up between two steps; what was made is taken away. */
  readonly signal?: AbortSignal;
}

export interface TestbedStatus {
  readonly name: string;
  readonly state: "up" | "down" | "broken";
  readonly stateFolder: string;
  readonly missing: readonly string[];
  readonly url?: string;
  readonly kubeconfigPath?: string;
  readonly prometheusUrl?: string;
  readonly alertmanagerUrl?: string;
  readonly nodes?: readonly { readonly name: string; readonly ip: string }[];
}

const handleOf = ({ place, binFolder, imageStore }: State): Testbed => ({
  name: place.name,
  stateFolder: place.stateFolder,
  url: apiUrlOf(place),
  kubeconfigPath: kubeconfigOf(place, "admin"),
  binDir: binFolder,
  hostIp: place.hostIp,
  nodes: place.nodes.map(({ name, ip }) => ({ name, ip })),
  prometheusUrl: prometheusUrlOf(place),
  alertmanagerUrl: alertmanagerUrlOf(place),
  auditLogPath: auditLogOf(place),
  registry: {
    host: "testbed.local",
    url: `http://${place.hostIp}:${place.ports.registry}`,
    push: (layoutFolder, ref) => addImageFromLayout(ownStoreOf(place), ref, layoutFolder),
  },
  buildImage: (build) => buildImage(build, imageStore, ownStoreOf(place)),
  kubectl: (...args) => runCommand(join(binFolder, "kubectl"), [`--kubeconfig=${kubeconfigOf(place, "admin")}`, ...args]),
  setAlertRules: (rules) => setAlertRules(place, rules),
  setWebhook: (webhook) => setWebhook(place, webhook),
});

const missingProcesses = (state: State): string[] => {
  const alive = new Set(processesOf(state.place.stateFolder));
  return (state.processes ?? []).filter(({ pid }) => !alive.has(pid)).map(({ name }) => name);
};

const isUp = (state: State | undefined): state is State => state?.processes !== undefined && missingProcesses(state).length === 0;

/** Flow: prerequisites, images, claim addresses, start everything, wait. Guarantees: returns a Ready cluster, or throws and leaves nothing. */
export const up = async (options: UpOptions = {}): Promise<Testbed> => {
  const progress = options.progress ?? silent;
  const name = options.name ?? "default";
  const problem = nameProblem(name);
  if (problem !== undefined) throw new Error(problem);
  const nodeCount = options.nodeCount ?? 2;
  if (!(Number.isInteger(nodeCount) && nodeCount >= 1 && nodeCount <= 9)) throw new Error("a testbed has between 1 and 9 nodes.");
  const binFolder = await ensurePrerequisites("cluster", progress);
  const imageStore = await ensureImages(progress);
  const stateFolder = stateFolderOf(options);
  const waiting = (): void => progress(`  another process is busy with testbed ${name}: waiting for it …`);
  return withFileLock(`${stateFolder}.lock`, waiting, async () => {
    const before = await readState(stateFolder);
    if (isUp(before)) {
      progress(`Testbed ${name} is up already.`);
      return handleOf(before);
    }
    if (existsSync(stateFolder)) {
      progress(`  testbed ${name} was left half up: taking it down first`);
      await takeDown(stateFolder);
    }
    const startedAt = Date.now();
    progress(`Starting testbed ${name} …`);
    await mkdir(stateFolder, { recursive: true });
    try {
      const state = await claimPlace({ name, stateFolder, nodeCount }, { binFolder, imageStore });
      const finished = await bringUp(state, progress, options.signal);
      progress(`Testbed ${name} is up (${seconds(startedAt, Date.now())}).`);
      return handleOf(finished);
    } catch (error) {
      await takeDown(stateFolder);
      throw error;
    }
  });
};

/** Returns whether there was anything to take down. */
export const down = (choice: TestbedChoice = {}): Promise<boolean> => {
  const stateFolder = stateFolderOf(choice);
  return withFileLock(
    `${stateFolder}.lock`,
    () => {},
    () => takeDown(stateFolder),
  );
};

/** The testbed that is up under this name. */
export const open = async (choice: TestbedChoice = {}): Promise<Testbed> => {
  const state = await readState(stateFolderOf(choice));
  if (isUp(state)) return handleOf(state);
  throw new Error(`testbed ${choice.name ?? "default"} is not up: run \`npm run testbed -- up\`.`);
};

export const status = async (choice: TestbedChoice = {}): Promise<TestbedStatus> => {
  const stateFolder = stateFolderOf(choice);
  const name = choice.name ?? "default";
  const state = await readState(stateFolder);
  if (state === undefined) return { name, state: "down", stateFolder, missing: [] };
  const missing = missingProcesses(state);
  const { url, kubeconfigPath, prometheusUrl, alertmanagerUrl, nodes } = handleOf(state);
  const verdict = state.processes !== undefined && missing.length === 0 ? "up" : "broken";
  return { name, state: verdict, stateFolder, missing, url, kubeconfigPath, prometheusUrl, alertmanagerUrl, nodes };
};
