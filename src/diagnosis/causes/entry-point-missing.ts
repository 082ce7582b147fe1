// The container's command names a program that the image does not have, or that cannot be executed: the runtime says so before anything runs.
import { referenceText } from "#api/object.ts";
import { assess, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { failureQuote } from "#diagnosis/explain.ts";
import { failuresOf, type Failure } from "#diagnosis/failures.ts";
import { failingWorkloads } from "#diagnosis/failing-workloads.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { releaseFor } from "#diagnosis/release.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "EntryPointMissing";

export const entryPointMissing: Cause = {
  code,
  title: "A command that the image does not have",
  reads: "What the container runtime says when it cannot start the process; logs that end in an exec format error.",
  means: "The command is not in the image, may not be executed, or was built for another architecture.",
  remedy: "`rollback_deployment` to a revision with another command or image. Otherwise, correct the command or the image.",
  find: (view) => failingWorkloads(view).map((workload) => find(view, workload)),
};

/** As runc and containerd word it. */
const complaints: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/exec: "([^"]+)": (?:executable file not found in \$PATH|stat [^:]+: no such file or directory)/, "is not in the image"],
  [/exec: "([^"]+)": permission denied/, "may not be executed"],
  [/exec (\S+): no such file or directory/, "is not in the image"],
  [/exec (\S+): exec format error|exec format error/, "was built for another architecture"],
];

const find = (view: View, workload: Workload): Assessment => {
  const evidence = view.inside(workload);
  const failures = failuresOf(evidence).filter(({ mode }) => mode !== "cannotPull");
  const said = failures
    .map((failure) => ({ failure, complaint: complaintOf(view, workload, failure) }))
    .find(({ complaint }) => complaint !== undefined);
  const release = said === undefined ? undefined : releaseFor(evidence, said.failure.container.name);
  return assess(
    code,
    {
      required: [{ claim: "the runtime could not execute a container's command", holds: said !== undefined }],
      against: [{ claim: "an earlier revision differs in it: the release is at fault", holds: release?.previous !== undefined }],
      supporting: [{ claim: "it never ran", holds: said?.failure.ranMs === undefined || said.failure.ranMs < 2000, weight: 1 }],
    },
    () => ({
      object: workload.reference,
      summary: `Container ${said?.failure.container.name} of ${referenceText(workload.reference)} cannot start: ${said?.complaint}.`,
      chain: [`${said?.complaint}`, `container ${said?.failure.container.name} never runs`],
      quotes: said === undefined ? [] : [failureQuote(evidence, said.failure)],
      explains: [workload.reference],
      facts: person("correct the command or the image"),
    }),
  );
};

const complaintOf = (view: View, workload: Workload, { container, ended, pod }: Failure): string | undefined => {
  const logs = view.logsOf(workload).filter((log) => log.pod === pod.name && (log.container ?? container.name) === container.name);
  for (const text of [ended?.message, container.state.message, container.last?.message, ...logs.map((log) => log.text.slice(-2048))])
    for (const [pattern, what] of complaints) {
      const match = text === undefined ? null : pattern.exec(text);
      if (match !== null) return `${match[1] ?? `the program of image ${container.image}`} ${what}`;
    }
  return undefined;
};
