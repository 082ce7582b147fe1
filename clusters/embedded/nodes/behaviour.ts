// What a container does, told instead of run: how long it needs, what it prints, how it ends, where it listens; and what an image's registry
// answers. Data and types only.

/** All that a container's program could look at when it starts. */
export interface ContainerContext {
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
  readonly container: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** As the process sees it, references resolved. */
  readonly env: Readonly<Record<string, string>>;
  /** Of mounted ConfigMaps, Secrets, tokens: contents by absolute path. */
  readonly files: Readonly<Record<string, string>>;
  readonly memoryLimitBytes: number | undefined;
  readonly containerPorts: readonly number[];
  /** How often it has been started before. */
  readonly restarts: number;
}

export interface Behaviour {
  /** From the start of the process until it listens and does what follows. */
  readonly startMs?: number;
  /** The runtime's words where its program cannot be started at all. */
  readonly startError?: string;
  /** A line each, in order. */
  readonly log?: readonly (string | LogLine)[];
  /** Without one it runs until it is stopped. */
  readonly exit?: { readonly code: number; readonly afterMs?: number };
  /** What it needs once it is started; above its limit the kernel kills it. */
  readonly memoryBytes?: number;
  /** Default: its containerPorts. */
  readonly listens?: readonly number[];
  /** Status by path, the longest prefix first; default: 200 for every path. */
  readonly httpStatus?: Readonly<Record<string, number>>;
  /** Of an exec probe, and of a preStop command, by its words joined with blanks; default: 0 and nothing. */
  readonly exec?: Readonly<Record<string, { readonly code: number; readonly output?: string }>>;
  /** What SIGTERM does: ends it after that time with that code (default: at once, 143), or nothing at all. */
  readonly onTerm?: { readonly code: number; readonly afterMs?: number } | "ignored";
  /** As /dev/termination-log holds it at the end. */
  readonly terminationMessage?: string;
  /** A program of this process instead: its promise is the end of the container, its number the exit code. */
  readonly run?: Program;
}

export interface LogLine {
  readonly afterMs: number;
  readonly text: string;
}

export type Program = (context: ProgramContext) => Promise<number>;

export interface ProgramContext extends ContainerContext {
  /** Of the pod's own ServiceAccount: what it may do is what the pod may do. */
  readonly token: string;
  /** Aborted when the container is killed. */
  readonly signal: AbortSignal;
  log(line: string): void;
  setTerminationMessage(text: string): void;
}

/** undefined: as an ordinary server, which starts at once and listens on its containerPorts. */
export type Behave = (context: ContainerContext) => Behaviour | undefined;

export interface PullContext {
  readonly image: string;
  readonly namespace: string;
}
export type PullProblem = "not-found" | "unauthorized" | "no-such-host" | "unreachable";
export interface PullOutcome {
  readonly problem?: PullProblem;
  readonly takesMs?: number;
  readonly sizeBytes?: number;
}
/** undefined: the image is there. */
export type Pull = (context: PullContext) => PullOutcome | undefined;
