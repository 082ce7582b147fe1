// etcd and kube-apiserver alone, on free ports of 127.0.0.1: a real Kubernetes API in about three seconds, without root, for
// integration tests. It dies with the process that started it and leaves no file behind once stopped.
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditPolicy } from "#testbed/audit-log.ts";
import { apiServerFlags, controllerManagerFlags, etcdFlags, schedulerFlags } from "#testbed/control-plane-flags.ts";
import { freePorts } from "#testbed/free-ports.ts";
import { answersOk, type ProbeCredentials } from "#testbed/http-probe.ts";
import { createPki, writeKubeconfig } from "#testbed/pki.ts";
import { ensurePrerequisites } from "#testbed/prerequisites.ts";
import { ensureBinaries } from "#testbed/binaries.ts";
import { startProcess, waitUntilReady, type RunningProcess } from "#testbed/processes.ts";
import { silent, type Progress } from "#testbed/progress.ts";

export interface ControlPlaneOptions {
  readonly progress?: Progress;
  /** Controllers of kube-controller-manager to run as well, e.g. `["namespace", "garbagecollector"]` or `["*"]`; none by default. */
  readonly controllers?: readonly string[];
  readonly scheduler?: "none" | "default";
  /** More flags for kube-apiserver, e.g. `--watch-cache=false`. */
  readonly apiServerFlags?: readonly string[];
}

export interface ControlPlane {
  readonly url: string;
  readonly etcdUrl: string;
  readonly caPem: string;
  readonly adminCertPem: string;
  readonly adminKeyPem: string;
  /** The kubeconfig of a member of system:masters, with everything embedded. */
  readonly kubeconfigPath: string;
  readonly auditLogPath: string;
  readonly stateFolder: string;
  readonly binDir: string;
  /** A kubeconfig for any user and groups, by client certificate; returns its path. */
  createUserKubeconfig(user: string, groups: readonly string[]): Promise<string>;
  /** SIGKILL, as a crash would; etcd keeps the data. */
  stopApiServer(): Promise<void>;
  /** On the same port, with the same data; resolves when it is ready again. */
  startApiServer(): Promise<void>;
  stop(): Promise<void>;
}

const serviceCidr = "10.96.0.0/16";
const subjectAltNames = ["IP:127.0.0.1", "IP:10.96.0.1", "DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default.svc"];
const identities = [
  { name: "admin", user: "testbed-admin", groups: ["system:masters"] },
  { name: "apiserver-kubelet", user: "kube-apiserver-kubelet-client", groups: ["system:masters"] },
  { name: "controller-manager", user: "system:kube-controller-manager", groups: [] },
  { name: "scheduler", user: "system:kube-scheduler", groups: [] },
];

const folderPrefix = "kintsugi-control-plane-";

/** A killed run takes its processes with it, but not its folder: the next run removes it. */
const removeAbandoned = async (): Promise<void> => {
  for (const entry of await readdir(tmpdir())) {
    const owner = entry.startsWith(folderPrefix) ? Number(entry.slice(folderPrefix.length).split("-")[0]) : Number.NaN;
    if (Number.isNaN(owner) || existsSync(`/proc/${owner}`)) continue;
    await rm(join(tmpdir(), entry), { recursive: true, force: true });
  }
};

const isApiReady = async (url: string, credentials: ProbeCredentials): Promise<boolean> => {
  // The system namespaces are made a moment after /readyz turns green, and a cluster's identity is the uid of kube-system.
  for (const path of ["/readyz", "/api/v1/namespaces/kube-system", "/api/v1/namespaces/default"]) {
    if (!(await answersOk(`${url}${path}`, credentials))) return false;
  }
  return true;
};

export const startControlPlane = async (options: ControlPlaneOptions = {}): Promise<ControlPlane> => {
  const progress = options.progress ?? silent;
  const controllers = options.controllers ?? [];
  const binDir = await ensurePrerequisites("control-plane", progress);
  if (controllers.length > 0) await ensureBinaries(["kube-controller-manager"], progress);
  if (options.scheduler === "default") await ensureBinaries(["kube-scheduler"], progress);

  await removeAbandoned();
  const stateFolder = await mkdtemp(join(tmpdir(), `${folderPrefix}${process.pid}-`));
  const running: RunningProcess[] = [];
  const start = async (name: string, args: readonly string[]): Promise<RunningProcess> => {
    const process = await startProcess({
      name,
      command: join(binDir, name),
      args,
      binFolder: binDir,
      marker: stateFolder,
      logFolder: join(stateFolder, "log"),
      lifetime: "parent",
    });
    running.push(process);
    return process;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((process) => process.kill()));
    await rm(stateFolder, { recursive: true, force: true, maxRetries: 5 });
  };

  try {
    const [clientPort, peerPort, port, controllerManagerPort, schedulerPort] = (await freePorts(5)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const url = `https://127.0.0.1:${port}`;
    const pkiFolder = join(stateFolder, "pki");
    const auditPolicyPath = join(stateFolder, "audit-policy.json");
    const auditLogPath = join(stateFolder, "audit.log");
    const kubeconfig = (name: string): string => join(stateFolder, `${name}.kubeconfig`);

    const etcd = await start("etcd", etcdFlags({ dataFolder: join(stateFolder, "etcd"), clientPort, peerPort }));
    const pki = await createPki(pkiFolder, subjectAltNames, identities);
    await writeFile(auditPolicyPath, JSON.stringify(auditPolicy));
    await writeFile(auditLogPath, "");
    for (const name of ["admin", "controller-manager", "scheduler"]) await writeKubeconfig(kubeconfig(name), url, pki, name);
    const [caPem, adminCertPem, adminKeyPem] = (await Promise.all(
      [pki.certificate("ca"), pki.certificate("admin"), pki.key("admin")].map((path) => readFile(path, "utf8")),
    )) as [string, string, string];
    await waitUntilReady(etcd, 20_000, () => answersOk(`http://127.0.0.1:${clientPort}/health`));

    const flags = apiServerFlags({
      etcdPort: clientPort,
      port,
      pkiFolder,
      auditPolicyPath,
      auditLogPath,
      serviceCidr,
      bindAddress: "127.0.0.1",
      advertiseAddress: "127.0.0.1",
      extra: [
        // Loopback is no valid endpoint address.
        "--endpoint-reconciler-type=none",
        // Without kube-controller-manager there is no `default` ServiceAccount, which this plugin demands of every pod.
        ...(controllers.length === 0 ? ["--disable-admission-plugins=ServiceAccount"] : []),
        ...(options.apiServerFlags ?? []),
      ],
    });
    let apiServer: RunningProcess | undefined;
    const startApiServer = async (): Promise<void> => {
      if (apiServer !== undefined && !apiServer.hasExited()) return;
      apiServer = await start("kube-apiserver", flags);
      await waitUntilReady(apiServer, 60_000, () => isApiReady(url, { ca: caPem, cert: adminCertPem, key: adminKeyPem }));
    };
    await startApiServer();

    if (controllers.length > 0) {
      const place = { kubeconfigPath: kubeconfig("controller-manager"), pkiFolder, port: controllerManagerPort, controllers, extra: [] };
      await start("kube-controller-manager", controllerManagerFlags(place));
    }
    if (options.scheduler === "default") await start("kube-scheduler", schedulerFlags(kubeconfig("scheduler"), schedulerPort));

    let users = 0;
    return {
      url,
      etcdUrl: `http://127.0.0.1:${clientPort}`,
      caPem,
      adminCertPem,
      adminKeyPem,
      kubeconfigPath: kubeconfig("admin"),
      auditLogPath,
      stateFolder,
      binDir,
      createUserKubeconfig: async (user, groups) => {
        users += 1;
        const name = `user-${users}`;
        await pki.addClient({
          name,
          user,
          groups,
        });
        await writeKubeconfig(kubeconfig(name), url, pki, name);
        return kubeconfig(name);
      },
      stopApiServer: async () => apiServer?.kill(),
      startApiServer,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
