// One installation of Kintsugi in namespaces of its own, with alert, workload and Job pod scripted: runs a scenario and kills the process at a given write.
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_VERSION } from "#api/define-kind.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { isAtRest, RemediationRequest } from "#api/kinds/remediation-request.ts";
import { Deployments, type Job, Jobs, Namespaces, Pods } from "#api/kubernetes.ts";
import { accountOfAction, CONTROLLER_ACCOUNT, SIGNALS_ACCOUNT, SIGNALS_AUDIENCE } from "#api/labels.ts";
import type { Kube } from "#kube/client.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { isAlreadyExists } from "#kube/errors.ts";
import { ownedBy } from "#kube/ensure.ts";
import { admissionPolicies } from "#manifests/admission.ts";
import { namespaceManifest, rights } from "#manifests/install.ts";
import { toYaml } from "#manifests/manifest.ts";
import { type FaultProxy, type ProxiedRequest, startFaultProxy } from "#test/fault-proxy.ts";
import { type Kubectl, mustKubectl } from "#test/kubectl.ts";
import { type ProductProcess, startProduct } from "#test/product-process.ts";
import { createScriptedWorkload, type ScriptedWorkload } from "#test/crash/scripted-workload.ts";
import { endedJob, endedPod } from "#test/ended-job.ts";

/** Where the process dies: at its n-th write, before it is sent or after it was carried out. */
export interface CrashPoint {
  readonly write: number;
  readonly side: "before" | "after";
}

export interface RunResult {
  readonly phase: string;
  readonly outcome: string;
  readonly args: readonly string[] | undefined;
  /** Writes of the product, in order: method and path with generated names masked. */
  readonly writes: readonly string[];
  /** What was created or deleted, each once however often it was tried. */
  readonly created: readonly string[];
  readonly killed: boolean;
}

export interface Lane {
  run(point: CrashPoint | undefined): Promise<RunResult>;
  readonly shop: string;
  stop(): Promise<void>;
}

const image = "example.test/kintsugi:crash";
const deadlineMs = 90_000;

export const openLane = async (id: string, upstream: ClusterConfig, direct: Kube, jobController: Kube, kubectl: Kubectl): Promise<Lane> => {
  const own = `kintsugi-crash-${id}`;
  const shop = `crash-shop-${id}`;
  const folder = await mkdtemp(join(tmpdir(), "kintsugi-crash-"));
  await mustKubectl(
    kubectl,
    ["apply", "--server-side", "--force-conflicts", "-f", "-"],
    toYaml([namespaceManifest(own), ...rights(own), ...admissionPolicies({ namespace: own, image })]),
  );
  await direct.create(Namespaces, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: shop, labels: { "kintsugi.dev/managed": "true", environment: "staging" } },
  });
  await direct.create(RemediationPolicy, {
    apiVersion: API_VERSION,
    kind: "RemediationPolicy",
    metadata: { name: "crash", namespace: own },
    spec: { stabilisationSeconds: 0, budgets: { perNamespacePerHour: 1000, perHour: 1000 } },
  });
  const token = async (account: string, audiences?: readonly string[]): Promise<string> => {
    const path = `/api/v1/namespaces/${own}/serviceaccounts/${account}/token`;
    const answer = await jobController.request("POST", path, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences },
    });
    return (answer as { status: { token: string } }).status.token;
  };
  const tokens = {
    controllers: await token(CONTROLLER_ACCOUNT),
    act: await token(accountOfAction("rollback_deployment")),
    signals: await token(SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE]),
  };

  const run = async (point: CrashPoint | undefined): Promise<RunResult> => {
    const proxy = await startFaultProxy(upstream);
    const stopped = new AbortController();
    const name = `web-${randomBytes(3).toString("hex")}`;
    try {
      return await runOnce({ own, shop, folder, name, proxy, tokens, direct, jobController, point, signal: stopped.signal });
    } finally {
      stopped.abort();
      await proxy.stop();
    }
  };
  return { run, shop, stop: () => rm(folder, { recursive: true, force: true }) };
};

interface Run {
  readonly own: string;
  readonly shop: string;
  readonly folder: string;
  readonly name: string;
  readonly proxy: FaultProxy;
  readonly tokens: { readonly controllers: string; readonly act: string; readonly signals: string };
  readonly direct: Kube;
  readonly jobController: Kube;
  readonly point: CrashPoint | undefined;
  readonly signal: AbortSignal;
}

/** Leases, Events, the change journal, keys and the status of a policy are not part of the record: their number is free. */
const counts = (request: ProxiedRequest): boolean =>
  request.isWrite && !/\/(events|leases|configmaps|secrets|remediationpolicies)(\/|\?|$)/.test(request.path);

const runOnce = async (world: Run): Promise<RunResult> => {
  const { own, shop, name, proxy, point, direct } = world;
  let seen = 0;
  let killed = false;
  let main: ProductProcess | undefined;
  const acts = new Set<ProductProcess>();
  proxy.onRequest((request) => {
    if (!counts(request)) return undefined;
    seen += 1;
    if (point === undefined || killed || seen !== point.write) return undefined;
    killed = true;
    const isAct = request.authorization === `Bearer ${world.tokens.act}`;
    const meanwhile = (): void => {
      if (isAct) for (const act of acts) act.kill();
      else main?.kill();
    };
    return { kind: "reset", when: point.side, meanwhile };
  });

  const workload = await createScriptedWorkload(direct, shop, name);
  const kubeconfig = await writeKubeconfig(world, "controllers");
  const restart = (): ProductProcess =>
    startProduct([
      "run",
      "all",
      "--kintsugi-namespace",
      own,
      "--kubeconfig",
      kubeconfig,
      "--image",
      image,
      "--no-leader-election",
      "--port",
      "0",
      "--metrics-port",
      "0",
      "--log-level",
      "info",
    ]);
  const end = new AbortController();
  const supervise = async (): Promise<void> => {
    while (!end.signal.aborted) {
      main = restart();
      await main.exited;
      if (!end.signal.aborted && !killed) throw new Error(`the process died by itself:\n${main.output()}`);
    }
  };
  const supervised = supervise();
  const playing = play(world, workload, acts, end.signal);
  try {
    const finished = Promise.all([deliverAlert(world, workload, () => main), waitForEnd(direct, own, name)]).then(([, request]) => request);
    const request = await Promise.race([
      finished,
      supervised.then(() => finished),
      playing.then(() => finished),
      timeout(() => `${main?.output() ?? ""}\n${[...acts].map((act) => act.output()).join("\n")}`),
    ]);
    const live = await direct.get(Deployments, { namespace: shop, name });
    const writes = proxy.requests.filter(counts).map((item) => `${item.method} ${mask(item.path, name)} ${item.upstreamStatus ?? "-"}`);
    const created = proxy.requests
      .filter((item) => counts(item) && (item.method === "POST" || item.method === "DELETE") && (item.upstreamStatus ?? 500) < 300)
      .map((item) => `${item.method} ${mask(item.path, name)} ${nameIn(item.body)}`);
    return {
      phase: request.status?.phase ?? "",
      outcome: request.status?.outcome ?? "",
      args: live?.spec.template.spec.containers[0]?.args,
      writes,
      created,
      killed,
    };
  } finally {
    end.abort();
    // One that ends by itself leaves its compiled modules to those after it.
    main?.kill(point === undefined ? "SIGTERM" : "SIGKILL");
    for (const act of acts) act.kill();
    await supervised.catch(() => {});
    await playing.catch(() => {});
  }
};

const timeout = (output: () => string): Promise<never> =>
  new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`not at its end after ${deadlineMs} ms:\n${output().slice(-6000)}`)), deadlineMs).unref();
  });

/** As Alertmanager does: again and again until it is taken. */
const deliverAlert = async (world: Run, workload: ScriptedWorkload, main: () => ProductProcess | undefined): Promise<void> => {
  const body = JSON.stringify({
    version: "4",
    groupKey: "crash",
    status: "firing",
    receiver: "kintsugi",
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: "http://alertmanager.test",
    alerts: [
      {
        status: "firing",
        labels: { alertname: "KubePodCrashLooping", severity: "warning", namespace: world.shop, pod: workload.podName, container: "web" },
        annotations: { summary: "Pod is crash looping." },
        startsAt: "2026-01-01T00:00:10Z",
        endsAt: "0001-01-01T00:00:00Z",
        generatorURL: "http://prometheus.test",
        fingerprint: sixteenHex(workload.name),
      },
    ],
  });
  while (!world.signal.aborted) {
    try {
      const [, port] =
        (await main()?.waitFor(/"port":(\d+)[^\n]*gateway|gateway[^\n]*"port":(\d+)/))?.filter((part) => part !== undefined) ?? [];
      const headers = { authorization: `Bearer ${world.tokens.signals}`, "content-type": "application/json" };
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/signals/prometheus`, { method: "POST", headers, body });
      if (answer.ok) return;
    } catch {
      // The process was killed while it took the alert: its successor will be asked.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const sixteenHex = (text: string): string => Buffer.from(text.padEnd(8)).toString("hex").slice(-16);

const waitForEnd = async (kube: Kube, own: string, target: string): Promise<NonNullable<(typeof RemediationRequest)["objectType"]>> => {
  const aborted = new AbortController();
  try {
    for await (const seen of kube.listWatch(RemediationRequest, { namespace: own }, aborted.signal)) {
      const objects = seen.kind === "synced" ? seen.items : [seen.object];
      const ended = objects.find(
        (request) => request.spec.target.name === target && request.status?.phase !== undefined && isAtRest(request.status.phase),
      );
      if (ended !== undefined) return ended;
    }
    throw new Error("the watch ended");
  } finally {
    aborted.abort();
  }
};

/** Plays the Deployment's and the Job's controllers until the signal is aborted. */
const play = async (world: Run, workload: ScriptedWorkload, acts: Set<ProductProcess>, signal: AbortSignal): Promise<void> => {
  const deployments = (async () => {
    for await (const seen of world.direct.listWatch(
      Deployments,
      { namespace: world.shop, fieldSelector: `metadata.name=${world.name}` },
      signal,
    ))
      if (seen.kind !== "deleted") await workload.follow();
  })();
  const started = new Set<string>();
  const jobs = (async () => {
    for await (const seen of world.direct.listWatch(Jobs, { namespace: world.own }, signal)) {
      for (const job of seen.kind === "synced" ? seen.items : [seen.object]) {
        if (started.has(job.metadata.uid) || job.status?.succeeded !== undefined || job.status?.failed !== undefined) continue;
        started.add(job.metadata.uid);
        void runJob(world, job, acts);
      }
    }
  })();
  await Promise.all([deployments, jobs]);
};

/** The Job's pod: a process of ours with the action's token, and the status that the kubelet and the Job controller would write. */
const runJob = async (world: Run, job: Job, acts: Set<ProductProcess>): Promise<void> => {
  const { own, direct, jobController } = world;
  const pod = {
    ...job.spec.template,
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${job.metadata.name.slice(0, 50)}-pod`,
      namespace: own,
      labels: { ...job.spec.template.metadata?.labels, "job-name": job.metadata.name, "batch.kubernetes.io/job-name": job.metadata.name },
      ownerReferences: [ownedBy(job)],
    },
  };
  const created = await jobController.create(Pods, pod).catch((error: unknown) => {
    if (isAlreadyExists(error)) return undefined;
    throw error;
  });
  if (created === undefined) return;
  const report = join(world.folder, `${job.metadata.name}.termination`);
  const args = job.spec.template.spec.containers[0]?.args ?? [];
  const act = startProduct([...args, "--kubeconfig", await writeKubeconfig(world, "act"), "--termination-log", report]);
  acts.add(act);
  const code = (await act.exited) ?? 137;
  acts.delete(act);
  const message = await readFile(report, "utf8").catch(() => "");
  const key = { namespace: own, name: pod.metadata.name };
  await direct.mergePatch(Pods, key, { status: endedPod(job, code, message, endedAt) }, { subresource: "status" });
  await direct.mergePatch(
    Jobs,
    { namespace: own, name: job.metadata.name },
    { status: endedJob(code, endedAt) },
    { subresource: "status" },
  );
};

/** No run depends on when it was. */
const endedAt = "2026-01-01T00:01:02Z";

const writeKubeconfig = async (world: Run, who: "controllers" | "act"): Promise<string> => {
  const path = join(world.folder, `${world.name}-${who}.kubeconfig`);
  await writeFile(path, world.proxy.kubeconfig(world.tokens[who]), { mode: 0o600 });
  return path;
};

/** Names that differ from run to run, and the attempt, which a killed action raises. */
const mask = (path: string, name: string): string =>
  path
    .replaceAll(/\?.*$/g, "")
    .replaceAll(name, "<name>")
    .replaceAll(/kintsugi-crash-[a-z0-9]+/g, "<own>")
    .replaceAll(/crash-shop-[a-z0-9]+/g, "<shop>")
    .replaceAll(/\b(rr|wfe)-[0-9a-f]{12}-\d+/g, "$1-<hash>");

const nameIn = (body: string): string => {
  const name = /"name":"([^"]+)"/.exec(body)?.[1] ?? "";
  return name.replaceAll(/\b(rr|wfe)-[0-9a-f]{12}-\d+/g, "$1-<hash>");
};
