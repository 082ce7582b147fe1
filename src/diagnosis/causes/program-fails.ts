// A program that ends by itself, without a known change that would explain it: its own message is the evidence, and a person has to read it.
// The last resort among the causes of a crash; it claims no cause behind the message.
import { failingWorkloads } from "#diagnosis/containers.ts";
import { complaintOf, failureQuote, failureText, logQuotes, onePerContainer, withComplaint } from "#diagnosis/explain.ts";
import { failuresOf, steadyPods } from "#diagnosis/failures.ts";
import { releaseFor } from "#diagnosis/release.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";

/** SIGKILL and SIGTERM: a probe, a node or a person ended it. */
const signals: ReadonlySet<number> = new Set([137, 143]);
/** A program may end while a dependency is not up yet, and then recover. */
const recoveries = 3;
const quotedAtMost = 3;

export const programFails = cause({
  code: "ProgramFails",
  title: "A program that ends with an error",
  reads: "Containers that exit with an error, the end of their log, and whether an earlier revision is known.",
  means: "The program itself fails; no change of its template explains it.",
  generality: 1,
  needs: ["objects.Pod"],
  signs: ["ended"],
  of: (view: View) =>
    failingWorkloads(view).flatMap((workload) => {
      const failures = failuresOf(view, workload).filter(({ mode, reason }) => mode === "crashes" && reason !== "OOMKilled");
      const [failure] = failures;
      if (failure === undefined || failure.ended?.exitCode === 0) return [];
      const complaint = complaintOf(view, workload, failures);
      return [
        {
          ...{ workload, failures, failure, container: failure.container.name },
          text: withComplaint(failureText(failure), complaint),
          deaths: onePerContainer(failures)
            .slice(0, quotedAtMost)
            .map((each) => `container ${each.container.name} ${failureText(each)}`),
          step: complaint === undefined ? "check the log of the application" : "check the log line above",
        },
      ];
    }),
  unless: [
    { is: "it belongs to a Job, whose failure is another cause", holds: ({ workload: { object } }) => /^(?:Cron)?Job$/.test(object.kind) },
    { is: "it was ended from outside", holds: ({ failure }) => signals.has(failure.ended?.exitCode ?? 0) },
    {
      is: "it has started since, and is ready",
      holds: ({ failures }) => failures.every(({ pod, container }) => pod.isReady && container.restarts <= recoveries),
    },
    {
      is: "an earlier revision differs",
      holds: ({ workload, container }, view) => releaseFor(view, workload, container)?.previous !== undefined,
    },
  ],
  supports: [
    { is: "its log shows the reason", holds: ({ workload, failures }, view) => logQuotes(view, workload, failures, 1).length > 0 },
    { is: "no pod of it runs well", holds: ({ workload }, view) => steadyPods(view, workload).length === 0 },
  ],
  says: "Container {container} of {workload} {text}. No change of its template explains it.",
  chain: "{deaths}",
  quotes: ({ workload, failures }, view) => [
    ...onePerContainer(failures)
      .slice(0, quotedAtMost)
      .map((each) => failureQuote(workload, each)),
    ...logQuotes(view, workload, failures, 2),
  ],
  remedy: "Read the log of the application.",
  otherwise: "{step}",
});
