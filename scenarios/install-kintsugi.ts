// Puts Kintsugi on a testbed as a person would: image, manifests, a policy, and Alertmanager's webhook with a token of its own.
// Must never use anything that an ordinary cluster does not have.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_VERSION } from "#api/define-kind.ts";
import { DEFAULT_NAMESPACE, SIGNALS_ACCOUNT, SIGNALS_AUDIENCE } from "#api/labels.ts";
import { Deployments } from "#api/kubernetes.ts";
import { prometheusSignalsPath } from "#api/rest/gateway.ts";
import type { Kube } from "#kube/client.ts";
import { type Clock, delay } from "#lib/clock.ts";
import { install } from "#manifests/install.ts";
import type { Manifest } from "#manifests/manifest.ts";
import type { UserActions } from "#scenarios/user-actions.ts";
import { layOutImageContext } from "#scenarios/image-context.ts";
import { watchUntil } from "#scenarios/watch-until.ts";
import { isHealthy } from "#scenarios/workload.ts";
import { probe } from "#testbed/http-probe.ts";
import { nodeImage } from "#testbed/images.ts";
import type { Testbed } from "#testbed/testbed.ts";
import { type Kubectl, mustKubectl } from "#test/kubectl.ts";

export interface InstallDeps {
  readonly testbed: Testbed;
  readonly kube: Kube;
  readonly kubectl: Kubectl;
  readonly userActions: UserActions;
  readonly clock: Clock;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface Installation {
  readonly namespace: string;
  readonly image: string;
  /** Of the Gateway, from outside the cluster. */
  readonly url: string;
}

const root = join(import.meta.dirname, "..");
const nodePort = 30_880;
const readyTimeoutMs = 120_000;
/** Members may approve; the people of the scenarios are in it. */
export const approversGroup = "on-call";

/** Short windows, so that a scenario takes a minute; and no budget that a dozen of scenarios in one hour would exhaust. */
export const scenarioPolicy = (namespace: string): Manifest => ({
  apiVersion: API_VERSION,
  kind: "RemediationPolicy",
  metadata: { name: "scenarios", namespace },
  spec: {
    approvers: [`group:${approversGroup}`],
    stabilisationSeconds: 5,
    verificationSeconds: 45,
    budgets: { perNamespacePerHour: 100, perHour: 1000 },
  },
});

/** What an administrator does once: says who may approve. */
export const approversBinding = (namespace: string): Manifest => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { name: "on-call-approves", namespace },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "kintsugi-approver" },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: approversGroup }],
});

const seconds = (clock: Clock, startedAt: number): string => `${((clock.now() - startedAt) / 1000).toFixed(1)} s`;

export const buildKintsugiImage = async ({ testbed, clock, progress }: InstallDeps): Promise<string> => {
  const startedAt = clock.now();
  const context = await mkdtemp(join(tmpdir(), "kintsugi-context-"));
  try {
    const image = `${testbed.registry.host}/kintsugi:${await layOutImageContext(root, context)}`;
    await testbed.buildImage({ dockerfile: join(root, "Dockerfile"), context, base: nodeImage, ref: image });
    progress(`  image ${image} built (${seconds(clock, startedAt)})`);
    return image;
  } finally {
    await rm(context, { recursive: true, force: true });
  }
};

/** Flow: image → manifests → policy → wait until ready → Alertmanager's webhook. May be repeated. */
export const installKintsugi = async (deps: InstallDeps): Promise<Installation> => {
  const { testbed, kube, kubectl, userActions, clock, progress, signal } = deps;
  const namespace = DEFAULT_NAMESPACE;
  const image = await buildKintsugiImage(deps);
  const startedAt = clock.now();
  await userActions.apply(install({ namespace, image, nodePort }));
  await mustKubectl(kubectl, ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
  await userActions.apply([scenarioPolicy(namespace), approversBinding(namespace)]);
  const waiting = { kube, clock, timeoutMs: readyTimeoutMs, what: "Kintsugi's Deployment", ...(signal === undefined ? {} : { signal }) };
  await watchUntil(waiting, Deployments, { namespace }, (deployments) => (deployments.some(isHealthy) ? true : undefined));
  const ip = testbed.nodes[0]?.ip ?? testbed.hostIp;
  const url = `http://${ip}:${nodePort}`;
  await untilReachable(clock, `${url}${prometheusSignalsPath}`);
  await testbed.setWebhook({ url: `${url}${prometheusSignalsPath}`, bearerToken: await signalsToken(kube, namespace) });
  progress(`  Kintsugi is ready at ${url} (${seconds(clock, startedAt)})`);
  return { namespace, image, url };
};

/** No event says when kube-proxy has written its rules on every node: the one wait that has to poll. */
const untilReachable = async (clock: Clock, url: string): Promise<void> => {
  const until = clock.now() + 20_000;
  // A GET there is answered 405.
  while ((await probe(url)) !== 405) {
    if (clock.now() > until) throw new Error(`Kintsugi is available, but ${url} does not answer`);
    await delay(clock, 200);
  }
};

/** A token of the account that may only send alerts. */
export const signalsToken = (kube: Kube, namespace: string): Promise<string> =>
  accountToken(kube, namespace, SIGNALS_ACCOUNT, { expirationSeconds: 86_400, audiences: [SIGNALS_AUDIENCE] });

export interface TokenSpec {
  readonly expirationSeconds: number;
  /** Default: the API server. */
  readonly audiences?: readonly string[];
}

export const accountToken = async (kube: Kube, namespace: string, account: string, spec: TokenSpec): Promise<string> => {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
  const answer = (await kube.request("POST", path, body)) as { status?: { token?: string } };
  const token = answer.status?.token;
  if (token === undefined || token === "") throw new Error(`the API server gave no token for ${account}`);
  return token;
};
