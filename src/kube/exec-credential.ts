// Credentials from a plugin, as EKS, GKE and AKS hand them out (client.authentication.k8s.io). Runs the program directly, never through a shell; never on a terminal.
import { resolve } from "node:path";

import { type CredentialSource, type Credentials, KubeconfigError, type KubeconfigDeps } from "#kube/cluster-config.ts";

export interface ExecPlugin {
  readonly apiVersion?: string;
  readonly command?: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name?: string; readonly value?: string }[] | null;
  readonly installHint?: string;
  readonly interactiveMode?: string;
  readonly provideClusterInfo?: boolean;
}

interface Where {
  readonly server: string;
  readonly caPem: string | undefined;
  /** Relative commands start here: the kubeconfig's folder. */
  readonly folder: string;
}

const versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
const pluginTimeoutMs = 30_000;
/** Renewed a little before it runs out. */
const earlyMs = 30_000;

export const execSource = (plugin: ExecPlugin, where: Where, deps: KubeconfigDeps): CredentialSource => {
  const command = plugin.command;
  if (!command) throw new KubeconfigError("an exec plugin in the kubeconfig names no command");
  const apiVersion = plugin.apiVersion ?? "";
  if (!versions.includes(apiVersion))
    throw new KubeconfigError(`the exec plugin "${command}" speaks "${apiVersion}"; Kintsugi speaks ${versions.join(" and ")}`);
  if (plugin.interactiveMode === "Always")
    throw new KubeconfigError(
      `the exec plugin "${command}" needs a person at a terminal (interactiveMode: Always): log in with it first and use a token, or another user`,
    );

  let known: { readonly credentials: Credentials; readonly expiresAt: number } | undefined;
  let asking: Promise<Credentials> | undefined;
  const ask = async (): Promise<Credentials> => {
    const answer = await run(plugin, command, apiVersion, where, deps);
    known = answer;
    return answer.credentials;
  };
  return {
    current: async () => {
      if (known !== undefined && deps.now() < known.expiresAt - earlyMs) return known.credentials;
      // Many calls that begin together ask once.
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
    invalidate: () => {
      known = undefined;
    },
  };
};

const run = async (plugin: ExecPlugin, command: string, apiVersion: string, where: Where, deps: KubeconfigDeps) => {
  const cluster = {
    server: where.server,
    ...(where.caPem === undefined ? {} : { "certificate-authority-data": Buffer.from(where.caPem).toString("base64") }),
  };
  const info = { apiVersion, kind: "ExecCredential", spec: { interactive: false, ...(plugin.provideClusterInfo ? { cluster } : {}) } };
  const env: Record<string, string> = { KUBERNETES_EXEC_INFO: JSON.stringify(info) };
  for (const { name, value } of plugin.env ?? []) if (name) env[name] = value ?? "";
  const file = /[/\\]/.test(command) ? resolve(where.folder, command) : command;
  const hint = plugin.installHint ? ` (${plugin.installHint.trim()})` : "";
  let answer: Awaited<ReturnType<KubeconfigDeps["runCommand"]>>;
  try {
    answer = await deps.runCommand({ file, args: plugin.args ?? [], env, timeoutMs: pluginTimeoutMs });
  } catch (error) {
    const missing = (error as { code?: unknown }).code === "ENOENT";
    throw new KubeconfigError(
      `the exec plugin "${command}" ${missing ? "is not installed" : `could not be run: ${(error as Error).message}`}${hint}`,
    );
  }
  if (answer.exitCode !== 0)
    throw new KubeconfigError(`the exec plugin "${command}" failed with exit code ${answer.exitCode}: ${firstLine(answer.stderr)}${hint}`);
  return read(command, apiVersion, answer.stdout);
};

interface ExecCredential {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly status?: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
    readonly expirationTimestamp?: string;
  };
}

const read = (command: string, apiVersion: string, stdout: string): { credentials: Credentials; expiresAt: number } => {
  let answer: ExecCredential;
  try {
    answer = JSON.parse(stdout) as ExecCredential;
  } catch {
    // The output may hold a credential: it is never part of a message.
    throw new KubeconfigError(`the exec plugin "${command}" printed something that is not JSON`);
  }
  if (answer?.kind !== "ExecCredential" || answer.apiVersion !== apiVersion)
    throw new KubeconfigError(`the exec plugin "${command}" did not print an ExecCredential of ${apiVersion}`);
  const { token, clientCertificateData: certPem, clientKeyData: keyPem, expirationTimestamp } = answer.status ?? {};
  if (!token && !(certPem && keyPem))
    throw new KubeconfigError(`the exec plugin "${command}" gave neither a token nor a client certificate with its key`);
  const expiresAt = expirationTimestamp === undefined ? Number.POSITIVE_INFINITY : Date.parse(expirationTimestamp);
  const credentials = { ...(token ? { token } : {}), ...(certPem && keyPem ? { certPem, keyPem } : {}) };
  return { credentials, expiresAt: Number.isNaN(expiresAt) ? Number.POSITIVE_INFINITY : expiresAt };
};

const firstLine = (text: string): string => text.trim().split("\n")[0]?.slice(0, 300) ?? "";
