// The way up of a testbed: claim addresses, then start everything in the order in which one thing needs another, and wait.
// Records itself before it makes anything; what to do about a failure is the caller's.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { auditPolicy } from "#testbed/audit-log.ts";
import { createCgroups } from "#testbed/cgroups.ts";
import { apiServerFlags, controllerManagerFlags, etcdFlags, schedulerFlags } from "#testbed/control-plane-flags.ts";
import { testbedSourceFolder } from "#testbed/environment.ts";
import { withFileLock } from "#testbed/file-lock.ts";
import { freePorts } from "#testbed/free-ports.ts";
import { holdSettings, machineLock } from "#testbed/host-settings.ts";
import { createBridge, lanesToTry } from "#testbed/host-network.ts";
import { answersOk } from "#testbed/http-probe.ts";
import { prepareStore } from "#testbed/image-store.ts";
import { startMonitoring } from "#testbed/monitoring.ts";
import { letNodeJoin, startNode, type Start } from "#testbed/nodes.ts";
import { placeOf, portNames, type Place, type PlaceChoice } from "#testbed/place.ts";
import { createPki, writeKubeconfig, type Pki } from "#testbed/pki.ts";
import { logTail, startProcess, waitUntilReady } from "#testbed/processes.ts";
import type { Progress } from "#testbed/progress.ts";
import { runCommand } from "#testbed/run-command.ts";
import { apiUrlOf, auditLogOf, kubeconfigOf, logFolderOf, ownStoreOf, pkiFolderOf, writeState, type State } from "#testbed/state.ts";

/** The bridge is the claim on the lane: chosen and created under the machine's lock, recorded before it exists. */
export const claimPlace = async (
  choice: Pick<PlaceChoice, "name" | "stateFolder" | "nodeCount">,
  made: Pick<State, "binFolder" | "imageStore">,
): Promise<State> => {
  const ports = await freePorts(portNames.length);
  return withFileLock(
    machineLock,
    () => {},
    async () => {
      const [lane] = await lanesToTry();
      if (lane === undefined) throw new Error("no free address range for another testbed: take one down first.");
      const place = placeOf({ ...choice, lane, ports });
      const state = { place, ...made };
      await writeState(state);
      holdSettings(choice.stateFolder);
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
    await writeKubeconfig(kubeconfigOf(place, name), apiUrlOf(place), pki, name);
  }
  for (const node of place.nodes) {
    const etc = join(node.folder, "etc");
    await mkdir(etc, { recursive: true });
    await writeKubeconfig(join(etc, "kubelet.kubeconfig"), apiUrlOf(place), pki, node.name);
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
    etcdPort: ports.etcdClient,
    port: ports.api,
    pkiFolder: pki.folder,
    serviceCidr: place.serviceCidr,
    bindAddress: place.hostIp,
    advertiseAddress: place.hostIp,
    auditPolicyPath,
    auditLogPath: auditLogOf(place),
    extra: [],
  });
  const apiServer = await start("kube-apiserver", "kube-apiserver", flags);
  const [ca, cert, key] = (await Promise.all(
    [pki.certificate("ca"), pki.certificate("admin"), pki.key("admin")].map((path) => readFile(path, "utf8")),
  )) as [string, string, string];
  await waitUntilReady(apiServer, 60_000, () => answersOk(`${apiUrlOf(place)}/readyz`, { ca, cert, key }));
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

export const bringUp = async (state: State, progress: Progress, signal?: AbortSignal): Promise<State> => {
  const { place, binFolder } = state;
  const logFolder = logFolderOf(place.stateFolder);
  const processes: { name: string; pid: number }[] = [];
  const start: Start = async (name, command, args) => {
    signal?.throwIfAborted();
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
  const kubectl = (...args: string[]): Promise<string> =>
    runCommand(join(binFolder, "kubectl"), [`--kubeconfig=${kubeconfigOf(place, "admin")}`, ...args]);
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
  signal?.throwIfAborted();
  const finished = { ...state, processes };
  await writeState(finished);
  return finished;
};
