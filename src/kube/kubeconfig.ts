// Finds out where the API server is and who we are there: from a kubeconfig file or from inside a pod. Every failure is one clear sentence; never logs a credential.
import { delimiter, dirname, join, resolve } from "node:path";

import { parse as parseYaml } from "yaml";

import { type ClusterConfig, type CredentialSource, type KubeconfigDeps, KubeconfigError } from "#kube/cluster-config.ts";
import { type ExecPlugin, execSource } from "#kube/exec-credential.ts";

export type KubeconfigSource =
  /** `more`: the further files of $KUBECONFIG; the first entry of a name counts. */
  { readonly path: string; readonly more?: readonly string[] } | { readonly text: string; readonly folder?: string };

interface ClusterEntry {
  readonly server?: string;
  readonly "certificate-authority"?: string;
  readonly "certificate-authority-data"?: string;
  readonly "insecure-skip-tls-verify"?: boolean;
  readonly "tls-server-name"?: string;
  readonly "proxy-url"?: string;
}
interface UserEntry {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly "client-certificate"?: string;
  readonly "client-certificate-data"?: string;
  readonly "client-key"?: string;
  readonly "client-key-data"?: string;
  readonly username?: string;
  readonly as?: string;
  readonly "as-groups"?: readonly string[];
  readonly exec?: ExecPlugin;
  readonly "auth-provider"?: unknown;
}
interface Named {
  readonly name?: string;
  /** Of the entry's file: relative paths start there. Ours, never the file's. */
  readonly folder?: string;
}
interface Kubeconfig {
  readonly "current-context"?: string;
  readonly clusters?: readonly (Named & { readonly cluster?: ClusterEntry })[] | null;
  readonly contexts?:
    | readonly (Named & { readonly context?: { readonly cluster?: string; readonly user?: string; readonly namespace?: string } })[]
    | null;
  readonly users?: readonly (Named & { readonly user?: UserEntry })[] | null;
}

/** Reads a kubeconfig; `context` names another one than the current. Throws KubeconfigError. */
export const loadKubeconfig = async (
  source: KubeconfigSource,
  context: string | undefined,
  deps: KubeconfigDeps,
): Promise<ClusterConfig> => {
  const where = "text" in source ? "the given kubeconfig" : [source.path, ...(source.more ?? [])].join(" and ");
  const config =
    "text" in source ? parse(source.text, where, source.folder ?? deps.home) : await readAll([source.path, ...(source.more ?? [])], deps);

  const contextName = context ?? config["current-context"];
  if (!contextName)
    throw new KubeconfigError(`no current context in ${where}; set one or pass --context${knownContexts(config.contexts)}`, {
      problem: "context",
    });
  const chosen = find(config.contexts, contextName, "context", where).context ?? {};
  if (!chosen.cluster) throw new KubeconfigError(`context "${contextName}" in ${where} names no cluster`);
  const { cluster = {}, folder: clusterFolder = "" } = find(config.clusters, chosen.cluster, "cluster", where);
  const { user = {}, folder: userFolder = "" } = chosen.user ? find(config.users, chosen.user, "user", where) : {};

  const server = cluster.server;
  if (!server || !/^https?:\/\//.test(server) || !URL.canParse(server))
    throw new KubeconfigError(`cluster "${chosen.cluster}" in ${where} has no server address (found "${server ?? ""}")`);
  if (cluster["proxy-url"])
    throw new KubeconfigError(
      `cluster "${chosen.cluster}" in ${where} sets proxy-url, which Kintsugi does not support; connect to the API server directly or through a tunnel`,
    );
  const ca = await dataOrFile(
    deps,
    clusterFolder,
    cluster["certificate-authority-data"],
    cluster["certificate-authority"],
    "certificate authority",
  );
  return {
    server,
    name: contextName,
    ...(chosen.user ? { user: chosen.user } : {}),
    namespace: chosen.namespace || "default",
    ...(ca === undefined ? {} : { caPem: ca }),
    ...(cluster["insecure-skip-tls-verify"] ? { insecureSkipTlsVerify: true as const } : {}),
    ...(cluster["tls-server-name"] ? { tlsServerName: cluster["tls-server-name"] } : {}),
    ...(user.as ? { impersonate: { user: user.as, groups: user["as-groups"] ?? [] } } : {}),
    credentials: await credentialsOf(user, chosen.user ?? "", where, userFolder, server, ca, deps),
  };
};

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Inside a pod. Throws KubeconfigError where we are not in one. */
export const inCluster = async (deps: Pick<KubeconfigDeps, "readFile" | "env" | "now">): Promise<ClusterConfig> => {
  const host = deps.env["KUBERNETES_SERVICE_HOST"];
  const port = deps.env["KUBERNETES_SERVICE_PORT"] ?? "443";
  if (!host) throw new KubeconfigError("this is not a pod (KUBERNETES_SERVICE_HOST is not set): give a kubeconfig");
  const caPem = await readOrExplain(deps, `${serviceAccountFolder}/ca.crt`, "the cluster's certificate authority");
  const namespace = await deps.readFile(`${serviceAccountFolder}/namespace`).then(
    (text) => text.trim(),
    () => "default",
  );
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    name: "in-cluster",
    namespace,
    caPem,
    credentials: tokenFileSource(deps, `${serviceAccountFolder}/token`),
  };
};

/** Where the process finds its cluster when nothing was said: a pod's own, else $KUBECONFIG, else ~/.kube/config. */
export const defaultSource = (deps: Pick<KubeconfigDeps, "env" | "home">): KubeconfigSource | "in-cluster" => {
  const [path, ...more] = (deps.env["KUBECONFIG"] ?? "").split(delimiter).filter((part) => part !== "");
  if (path !== undefined) return { path, ...(more.length === 0 ? {} : { more }) };
  return deps.env["KUBERNETES_SERVICE_HOST"] ? "in-cluster" : { path: join(deps.home, ".kube", "config") };
};

const readAll = async (paths: readonly string[], deps: KubeconfigDeps): Promise<Kubeconfig> => {
  const files: Kubeconfig[] = [];
  let missing: unknown;
  for (const path of paths) {
    try {
      files.push(parse(await readOrExplain(deps, path, kubeconfigFile), path, dirname(path)));
    } catch (error) {
      // Of several files some may be missing, as with kubectl; a file that is there has to be right.
      if (paths.length === 1 || !isMissing(error)) throw error;
      missing ??= error;
    }
  }
  if (files.length === 0) throw missing;
  const current = files.map((file) => file["current-context"]).find((name) => name);
  return {
    ...(current === undefined ? {} : { "current-context": current }),
    clusters: files.flatMap((file) => file.clusters ?? []),
    contexts: files.flatMap((file) => file.contexts ?? []),
    users: files.flatMap((file) => file.users ?? []),
  };
};

const parse = (text: string, where: string, folder: string): Kubeconfig => {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new KubeconfigError(`${where} is not YAML: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : ""}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new KubeconfigError(`${where} is not a kubeconfig`);
  const config = value as Kubeconfig;
  const placed = <T extends Named>(entries: readonly T[] | null | undefined): T[] => (entries ?? []).map((entry) => ({ ...entry, folder }));
  return { ...config, clusters: placed(config.clusters), contexts: config.contexts ?? [], users: placed(config.users) };
};

const namesOf = (entries: readonly Named[] | null | undefined): string =>
  entries?.length ? `known: ${entries.map((entry) => entry.name).join(", ")}` : "none exists";

const knownContexts = (contexts: Kubeconfig["contexts"]): string => (contexts?.length ? ` (${namesOf(contexts)})` : "");

const find = <T extends Named>(entries: readonly T[] | null | undefined, name: string, what: string, where: string): T => {
  const entry = entries?.find((candidate) => candidate.name === name);
  if (entry === undefined)
    throw new KubeconfigError(`${where} has no ${what} "${name}" (${namesOf(entries)})`, what === "context" ? { problem: "context" } : {});
  return entry;
};

const kubeconfigFile = "the kubeconfig";

const readOrExplain = async (deps: Pick<KubeconfigDeps, "readFile">, path: string, what: string): Promise<string> => {
  try {
    return await deps.readFile(path);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const why = code === "ENOENT" ? "no such file" : code === "EACCES" ? "permission denied" : (error as Error).message;
    const problem = code === "ENOENT" && what === kubeconfigFile ? "missing" : "content";
    throw new KubeconfigError(`cannot read ${what} at ${path}: ${why}`, { cause: error, problem });
  }
};

const isMissing = (error: unknown): boolean => error instanceof KubeconfigError && error.problem === "missing";

const dataOrFile = async (
  deps: KubeconfigDeps,
  folder: string,
  data: string | undefined,
  path: string | undefined,
  what: string,
): Promise<string | undefined> => {
  if (data) return Buffer.from(data, "base64").toString("utf8");
  return path ? readOrExplain(deps, resolve(folder, path), `the ${what}`) : undefined;
};

const credentialsOf = async (
  user: UserEntry,
  name: string,
  where: string,
  folder: string,
  server: string,
  caPem: string | undefined,
  deps: KubeconfigDeps,
): Promise<CredentialSource> => {
  if (user["auth-provider"] !== undefined)
    throw new KubeconfigError(`user "${name}" in ${where} uses auth-provider, which Kubernetes removed in 1.26: use an exec plugin`);
  if (user.username)
    throw new KubeconfigError(
      `user "${name}" in ${where} uses a password, which Kubernetes removed in 1.19: use a token, a client certificate or an exec plugin`,
    );
  const certPem = await dataOrFile(deps, folder, user["client-certificate-data"], user["client-certificate"], "client certificate");
  const keyPem = await dataOrFile(deps, folder, user["client-key-data"], user["client-key"], "client key");
  if ((certPem === undefined) !== (keyPem === undefined))
    throw new KubeconfigError(
      `user "${name}" in ${where} has a client ${certPem === undefined ? "key without a certificate" : "certificate without a key"}`,
    );
  const certificate = certPem === undefined || keyPem === undefined ? {} : { certPem, keyPem };
  const withCertificate = (source: CredentialSource): CredentialSource => ({
    ...source,
    current: async () => ({ ...certificate, ...(await source.current()) }),
  });

  if (user.exec !== undefined) return withCertificate(execSource(user.exec, { server, caPem, folder }, deps));
  // A file wins over a token, as in kubectl: it is the one that is renewed.
  if (user.tokenFile) return withCertificate(tokenFileSource(deps, resolve(folder, user.tokenFile)));
  return withCertificate({ current: async () => (user.token ? { token: user.token } : {}), invalidate: () => {} });
};

/** Tokens of a pod are renewed in place: read again after a minute, and whenever the server refused the last one. */
const tokenFileMs = 60_000;

const tokenFileSource = (deps: Pick<KubeconfigDeps, "readFile" | "now">, path: string): CredentialSource => {
  let read: { readonly token: string; readonly at: number } | undefined;
  return {
    current: async () => {
      if (read === undefined || deps.now() - read.at > tokenFileMs) {
        const token = (await readOrExplain(deps, path, "the token")).trim();
        if (token === "") throw new KubeconfigError(`the token at ${path} is empty`);
        read = { token, at: deps.now() };
      }
      return { token: read.token };
    },
    invalidate: () => {
      read = undefined;
    },
  };
};
