// What a container does, as data instead of a program: how long it starts, what it prints, how it ends; and what a registry answers. Types only.

/** All that a container's program could look at when it starts. */
export interface ContainerContext {
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
  readonly container: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** As the process sees it, references resolved. */
  readonly env: Readonly<Record<string, string>>;
  /** Of mounted ConfigMaps and Secrets: contents by absolute path. */
  readonly files: Readonly<Record<string, string>>;
  readonly memoryLimitBytes: number | undefined;
}

export interface Behaviour {
  /** From the start of the process until it is ready, or needs its memory, or exits. */
  readonly startMs?: number;
  /** A line each, in order. */
  readonly log?: readonly (string | LogLine)[];
  /** Default: it runs until it is stopped. */
  readonly exit?: { readonly code: number; readonly afterMs?: number };
  /** What it needs once it is started; above its limit the kernel kills it. */
  readonly memoryBytes?: number;
  /** What SIGTERM does: ends it with that code (default: 143), or nothing at all. */
  readonly onTerm?: { readonly code: number } | "ignored";
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

/** undefined: as an ordinary server, which is ready at once. */
export type Behave = (context: ContainerContext) => Behaviour | undefined;

export interface PullContext {
  readonly image: string;
  readonly namespace: string;
}
export interface PullOutcome {
  readonly problem?: "not-found";
  readonly takesMs?: number;
}
/** undefined: the image is in its registry. */
export type Pull = (context: PullContext) => PullOutcome | undefined;
