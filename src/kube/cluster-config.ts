// Where the API server is and who we are there, as a value. Credentials are asked for before each call, because they are renewed.

export interface Credentials {
  readonly token?: string;
  readonly certPem?: string;
  readonly keyPem?: string;
}

export interface CredentialSource {
  current(): Promise<Credentials>;
  /** The server did not accept them: the next `current` reads them anew. */
  invalidate(): void;
}

export interface ClusterConfig {
  /** `https://host:port`, perhaps with a path. */
  readonly server: string;
  readonly caPem?: string;
  readonly insecureSkipTlsVerify?: true;
  readonly tlsServerName?: string;
  readonly namespace: string;
  /** For people: the context's name, or `in-cluster`. */
  readonly name: string;
  /** The name of the kubeconfig's user entry. */
  readonly user?: string;
  readonly impersonate?: { readonly user: string; readonly groups: readonly string[] };
  readonly credentials: CredentialSource;
}

/** `missing`: no kubeconfig at that path. `context`: no context is chosen, or none of that name exists. */
export type KubeconfigProblem = "missing" | "context" | "content";

export class KubeconfigError extends Error {
  readonly code = "rejected";
  readonly problem: KubeconfigProblem;
  constructor(message: string, options: ErrorOptions & { readonly problem?: KubeconfigProblem } = {}) {
    super(message, options);
    this.name = "KubeconfigError";
    this.problem = options.problem ?? "content";
  }
}

/** How the kubeconfig reaches the machine: passed in by the composition root. */
export interface KubeconfigDeps {
  readFile(path: string): Promise<string>;
  /** Runs a credential plugin; no shell. */
  runCommand(command: CommandToRun): Promise<{ readonly stdout: string; readonly stderr: string; readonly exitCode: number }>;
  readonly env: Readonly<Record<string, string | undefined>>;
  now(): number;
  /** Home and working folder, for the default path and relative ones. */
  readonly home: string;
}
export interface CommandToRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}
