// What the command line needs of the outside world, passed in by the composition root. Reads no environment, time or file by itself.
import type { ClosableDiagnoser } from "#investigation/diagnoser.ts";
import type { Kube } from "#kube/client.ts";
import type { ClusterConfig, KubeconfigDeps } from "#kube/cluster-config.ts";
import type { Clock, Random } from "#lib/clock.ts";
import type { RunOptions } from "#runtime/run-options.ts";

export interface Output {
  write(text: string): unknown;
}

export interface CliDeps {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether stdout is a terminal: colors, cut tables and questions are for people only. */
  readonly isTerminal: boolean;
  /** The terminal's width. */
  readonly columns?: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly readFile: KubeconfigDeps["readFile"];
  /** Files of the user. `read` takes `-` as stdin, and throws above `maxBytes`. */
  readonly files?: {
    read(path: string, maxBytes: number): Promise<Buffer>;
    write(path: string, content: Uint8Array): Promise<void>;
  };
  /** Whether stderr is a terminal: progress is for people only. */
  readonly showsProgress?: boolean;
  readonly runCommand: KubeconfigDeps["runCommand"];
  readonly clock: Clock;
  readonly random: Random;
  readonly version: string;
  /** Ends a watch in order: Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
  /** Asks a person and returns the line they typed; absent without a terminal. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  /** How the API server is reached. Default: `connect` of the Kubernetes runtime. */
  readonly connect?: ((config: ClusterConfig) => Kube & { close(): void }) | undefined;
  readonly runRole: (role: string, options: RunRoleOptions) => Promise<number>;
  /** Where evidence is diagnosed, in a thread with a limit of CPU time. Default: this thread. */
  readonly openDiagnoser?: (() => Promise<ClosableDiagnoser>) | undefined;
  /** Takes the arguments after `demo`; absent in an installation without the demo. */
  readonly runDemo?: ((args: readonly string[]) => Promise<number>) | undefined;
  /** Starts a throw-away cluster; absent as above. */
  readonly runPlayground?: (() => Promise<number>) | undefined;
  /** What runs inside an action's Job. */
  readonly runAct?: ((options: ActOptions) => Promise<number>) | undefined;
}

export interface RunRoleOptions extends Omit<RunOptions, "image"> {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly image?: string | undefined;
}

export interface ActOptions {
  readonly execution: string;
  readonly hash: string;
  readonly namespace: string;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Where the kubelet reads the last message of the container. */
  readonly terminationLog: string;
}
