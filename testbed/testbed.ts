// A real Kubernetes of several nodes, with monitoring and a registry, as plain processes of this machine: up, down, open, status.
// Several run side by side by name. Must leave nothing behind: whatever goes wrong on the way up is taken away again.
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { auditPolicy } from "#testbed/audit-log.ts";
import { buildImage, type ImageBuild } from "#testbed/build-image.ts";
import { createCgroups } from "#testbed/cgroups.ts";
import { apiServerFlags, controllerManagerFlags, etcdFlags, schedulerFlags } from "#testbed/control-plane-flags.ts";
import { testbedSourceFolder } from "#testbed/environment.ts";
import { withFileLock } from "#testbed/file-lock.ts";
import { freePorts } from "#testbed/free-ports.ts";
import { holdSettings, machineLock } from "#testbed/host-settings.ts";
import { createBridge, lanesToTry } from "#testbed/host-network.ts";
import { answersOk } from "#testbed/http-probe.ts";
import { addImageFromLayout, prepareStore } from "#testbed/image-store.ts";
import { ensureImages } from "#testbed/images.ts";
import type { AlertRule, Webhook } from "#testbed/monitoring-config.ts";
import { alertmanagerUrlOf, prometheusUrlOf, setAlertRules, setWebhook, startMonitoring } from "#testbed/monitoring.ts";
import { letNodeJoin, startNode, type Start } from "#testbed/nodes.ts";
import { createPki, writeKubeconfig, type Pki } from "#testbed/pki.ts";
import { nameProblem, placeOf, portNames, type Place } from "#testbed/place.ts";
import { ensurePrerequisites } from "#testbed/prerequisites.ts";
import { logTail, processesOf, startProcess, waitUntilReady } from "#testbed/processes.ts";
import { seconds, silent, type Progress } from "#testbed/progress.ts";
import { runCommand } from "#testbed/run-command.ts";
import { readState, stateFolderOf, writeState, type State, type TestbedChoice } from "#testbed/state.ts";
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

const logFolderOf = (stateFolder: string): string => join(stateFolder, "log");
const pkiFolderOf = (place: Place): string => join(place.stateFolder, "pki");
const kubeconfigOf = (place: Place, name: string): string => join(place.stateFolder, `${name}.kubeconfig`);
const auditLogOf = (place: Place): string => join(place.stateFolder, "audit.log");
const ownStoreOf = (place: Place): string => join(place.stateFolder, "images");
const urlOf = (place: Place): string => `https://${place.hostIp}:${place.ports.api}`;

const handleOf = ({ place, binFolder, imageStore }: State): Testbed => ({
  name: place.name,
  stateFolder: place.stateFolder,
  url: urlOf(place),
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

/** The bridge is the claim on the lane: chosen and created under the machine's lock, recorded before it exists. */
const claimPlace = async (options: UpOptions, stateFolder: string, binFolder: string, imageStore: string): Promise<State> => {
  const ports = await freePorts(portNames.length);
  return withFileLock(
    machineLock,
    () => {},
    async () => {
      const [lane] = await lanesToTry();
      if (lane === undefined) throw new Error("no free address range for another testbed: take one down first.");
      const place = placeOf({ name: options.name ?? "default", stateFolder, lane, nodeCount: options.nodeCount ?? 2, ports });
      const state = { place, binFolder, imageStore };
      await writeState(state);
      holdSettings(stateFolder);
      await createBridge(place);
      return state;
    },
  );
};

const createClusterPki = async (place: Place): Promise<Pki> => {
  const names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
  const subjectAltNames = [
    ...["127.0.0.1", place.hostIp, place.apiServiceIp].map((ip) => `IP:${ip}`),
    ...names.map((name) => `DNS:${name}`),
  ];
  const pki = await createPki(pkiFolderOf(place), subjectAltNames, [
    { name: "admin", user: "testbed-admin", groups: ["system:masters"] },
    { name: "apiserver-kubelet", user: "kube-apiserver-kubelet-client", groups: ["system:masters"] },
    { name: "controller-manager", user: "system:kube-controller-manager", groups: [] },
    { name: "scheduler", user: "system:kube-scheduler", groups: [] },
    { name: "kube-proxy", user: "system:kube-proxy", groups: [] },
    ...place.nodes.map(({ name }) => ({ name, user: `system:node:${name}`, groups: ["system:nodes"] })),
  ]);
  for (const name of ["admin", "controller-manager", "scheduler", "kube-proxy"]) {
    await writeKubeconfig(kubeconfigOf(place, name), urlOf(place), pki, name);
  }
  for (const node of place.nodes) {
    const etc = join(node.folder, "etc");
    await mkdir(etc, { recursive: true });
    await writeKubeconfig(join(etc, "kubelet.kubeconfig"), urlOf(place), pki, node.name);
    await copyFile(kubeconfigOf(place, "kube-proxy"), join(etc, "kube-proxy.kubeconfig"));
  }
  return pki;
};

const startApi = async (place: Place, pki: Pki, start: Start): Promise<void> => {
  const { ports, stateFolder } = place;
  const etcdPlace = { dataFolder: join(stateFolder, "etcd"), clientPort: ports.etcdClient, peerPort: ports.etcdPeer };
  const etcd = await start("etcd", "etcd", etcdFlags(etcdPlace));
  await waitUntilReady(etcd, 20_000, () => answersOk(`http://127.0.0.1:${ports.etcdClient}/health`));
  const auditPolicyPath = join(stateFolder, "audit-policy.json");
  await writeFile(auditPolicyPath, JSON.stringify(auditPolicy));
  await writeFile(auditLogOf(place), "");
  const flags = apiServerFlags({
    ...{ etcdPort: ports.etcdClient, port: ports.api, pkiFolder: pki.folder, serviceCidr: place.serviceCidr },
    ...{ bindAddress: place.hostIp, advertiseAddress: place.hostIp, auditPolicyPath, auditLogPath: auditLogOf(place), extra: [] },
  });
  const apiServer = await start("kube-apiserver", "kube-apiserver", flags);
  const [ca, cert, key] = (await Promise.all(
    [pki.certificate("ca"), pki.certificate("admin"), pki.key("admin")].map((path) => readFile(path, "utf8")),
  )) as [string, string, string];
  await waitUntilReady(apiServer, 60_000, () => answersOk(`${urlOf(place)}/readyz`, { ca, cert, key }));
};

const startControllers = async (place: Place, start: Start): Promise<void> => {
  const kubeconfigPath = kubeconfigOf(place, "controller-manager");
  const controllerManagerPlace = { kubeconfigPath, pkiFolder: pkiFolderOf(place), port: place.ports.controllerManager };
  const flags = controllerManagerFlags({ ...controllerManagerPlace, controllers: ["*"], extra: [] });
  await start("kube-controller-manager", "kube-controller-manager", flags);
  await start("kube-scheduler", "kube-scheduler", schedulerFlags(kubeconfigOf(place, "scheduler"), place.ports.scheduler));
};

const bindings = (): string => {
  const binding = (name: string, role: string, subject: Record<string, string>): unknown => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", ...subject }],
  });
  return JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: [
      binding("testbed-node-proxier", "system:node-proxier", { kind: "User", name: "system:kube-proxy" }),
      // The Node authorizer learns of a pod a moment after a fast kubelet does; a refused read would cost that pod 10–15 s.
      binding("testbed-nodes", "system:node", { kind: "Group", name: "system:nodes" }),
    ],
  });
};

const bringUp = async (state: State, options: UpOptions, progress: Progress): Promise<State> => {
  const { place, binFolder } = state;
  const logFolder = logFolderOf(place.stateFolder);
  const processes: { name: string; pid: number }[] = [];
  const start: Start = async (name, command, args) => {
    options.signal?.throwIfAborted();
    const process = await startProcess({ name, command, args, logFolder, binFolder, marker: place.stateFolder, lifetime: "detached" });
    processes.push({ name, pid: process.pid });
    return process;
  };
  createCgroups(
    place.cgroup,
    place.nodes.map((node) => node.name),
  );
  await prepareStore(ownStoreOf(place));
  await mkdir(logFolder, { recursive: true });
  const registryArgs = [place.hostIp, String(place.ports.registry), ownStoreOf(place), state.imageStore];
  const [pki, registry] = await Promise.all([
    createClusterPki(place),
    start("registry", process.execPath, [join(testbedSourceFolder, "registry-main.ts"), ...registryArgs]),
    ...place.nodes.map((node) => startNode(place, node, logFolder, start)),
  ]);
  await startApi(place, pki, start);
  progress("  API server ready");
  await startControllers(place, start);
  const { kubectl } = handleOf(state);
  const bindingsPath = join(place.stateFolder, "bindings.json");
  await writeFile(bindingsPath, bindings());
  await kubectl("create", "--filename", bindingsPath);
  await Promise.all(place.nodes.map(letNodeJoin));
  await Promise.all([
    startMonitoring(place, kubeconfigOf(place, "admin"), start).then(() => progress("  monitoring ready")),
    waitUntilReady(registry, 10_000, () => answersOk(`http://${place.hostIp}:${place.ports.registry}/v2/`)),
    ...place.nodes.map(async ({ name }) => {
      try {
        await kubectl("wait", "--for=create", `node/${name}`, "--timeout=60s");
        await kubectl("wait", "--for=condition=Ready", `node/${name}`, "--timeout=60s");
      } catch (error) {
        const tail = logTail(join(logFolder, `${name}-kubelet.log`));
        throw new Error(`node ${name} did not become Ready; its kubelet's log ends with:\n${tail}`, { cause: error });
      }
      progress(`  node ${name} Ready`);
    }),
    // kube-controller-manager makes it: until then no pod is admitted.
    kubectl("wait", "--for=create", "serviceaccount/default", "--namespace=default", "--timeout=60s"),
  ]);
  options.signal?.throwIfAborted();
  const finished = { ...state, processes };
  await writeState(finished);
  return finished;
};

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
      const state = await claimPlace(options, stateFolder, binFolder, imageStore);
      const finished = await bringUp(state, options, progress);
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
