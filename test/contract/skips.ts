// Cases that one of the two API servers does not pass, each with the reason. A skipped case that passes fails the run.
export interface Skip {
  readonly on: "real" | "embedded";
  /** `<topic>: <case>`. */
  readonly name: string;
  readonly reason: string;
}

const notYet = (name: string, reason: string): Skip => ({ on: "embedded", name: `Built-in kinds: ${name}`, reason });

export const skips: readonly Skip[] = [
  notYet(
    "a Service gets an address of the cluster, and its ports a protocol and a target",
    "nothing is reached by a Service's address yet",
  ),
  notYet("a headless Service gets no address", "nothing is reached by a Service's address yet"),
  notYet("a StatefulSet keeps its service name", "no action writes a StatefulSet yet"),
  notYet("the type of a Secret stays", "Kintsugi writes no Secrets"),
  notYet("a value of a Secret that is no base64 is a bad request", "Kintsugi writes no Secrets"),
  notYet("a value of a wrong type is a bad request", "the built-in kinds have no schemas there; those of Kintsugi's kinds are checked"),
  notYet("a CronJob comes with its defaults, and its schedule is read", "no scenario has a CronJob yet"),
  notYet("a pod of an account that is not there is Forbidden", "accounts of pods come with the workloads"),
  notYet("a pod that is on no node has no logs, one that is not there is NotFound", "logs come with the workloads"),
];
