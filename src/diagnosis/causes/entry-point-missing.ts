// A container whose command is not in the image, or cannot be executed: the runtime reports it before anything runs.
import { failingWorkloads } from "#diagnosis/containers.ts";
import { failureQuote } from "#diagnosis/explain.ts";
import { type Failure, failuresOf } from "#diagnosis/failures.ts";
import { releaseFor } from "#diagnosis/release.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";

/** The words of runc and containerd. */
const problems: readonly (readonly [pattern: RegExp, problem: string])[] = [
  [/exec: "([^"]+)": (?:executable file not found in \$PATH|stat [^:]+: no such file or directory)/, "is not in the image"],
  [/exec: "([^"]+)": permission denied/, "is not executable"],
  [/exec (\S+): no such file or directory/, "is not in the image"],
  [/exec (\S+): exec format error|exec format error/, "was built for another architecture"],
];
/** A runtime that cannot execute a command reports it at once. */
const instantMs = 2000;

const problemOf = (view: View, workload: Workload, { container, ended, pod }: Failure): string | undefined => {
  const logs = view.logsOf(workload).filter((log) => log.pod === pod.name && (log.container ?? container.name) === container.name);
  for (const text of [ended?.message, container.state.message, container.last?.message, ...logs.map((log) => log.text.slice(-2048))])
    for (const [pattern, problem] of problems) {
      const match = text === undefined ? null : pattern.exec(text);
      if (match !== null) return `${match[1] ?? `the program of image ${container.image}`} ${problem}`;
    }
  return undefined;
};

export const entryPointMissing = cause({
  code: "EntryPointMissing",
  title: "A command that the image does not have",
  reads: "The errors of the container runtime when it starts a process, and logs that end in an exec format error.",
  means: "The command is not in the image, is not executable, or was built for another architecture.",
  suppressedBy: ["MountHidesProgram"],
  needs: ["objects.Pod"],
  signs: ["ended", "waiting RunContainerError", "waiting CreateContainerError"],
  of: (view: View) =>
    failingWorkloads(view).flatMap((workload) => {
      const all = failuresOf(view, workload).flatMap((failure) => {
        const problem = failure.mode === "cannotPull" ? undefined : problemOf(view, workload, failure);
        return problem === undefined ? [] : [{ workload, failure, problem, container: failure.container.name }];
      });
      return all.slice(0, 1);
    }),
  // The release is the cause.
  unless: [
    {
      is: ({ container }) => `an earlier revision has another container ${container}`,
      holds: ({ workload, container }, view) => releaseFor(view, workload, container)?.previous !== undefined,
    },
  ],
  supports: [{ is: "the container never ran", holds: ({ failure: { ranMs } }) => ranMs === undefined || ranMs < instantMs }],
  says: "Container {container} of {workload} cannot start: {problem}.",
  chain: "{problem} → container {container} never runs",
  quotes: ({ workload, failure }) => [failureQuote(workload, failure)],
  remedy: "`rollback_deployment` to a revision with another command or image. Otherwise, correct the command or the image.",
  otherwise: "correct the command or the image",
});
