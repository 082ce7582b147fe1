// A program that ends by itself, and no change is known that would explain it: its own words are the evidence, and a person has to read them.
// The last resort among the causes of a crash; it never claims to know why.
import { referenceText } from "#api/object.ts";
import { assess, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { complaintOf, failureQuote, failureText, logQuotes, onePerContainer, withComplaint } from "#diagnosis/explain.ts";
import { failuresOf, steadyPods } from "#diagnosis/failures.ts";
import { failingWorkloads } from "#diagnosis/failing-workloads.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { releaseFor } from "#diagnosis/release.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "ProgramFails";

export const programFails: Cause = {
  code,
  title: "A program that ends with an error",
  reads: "Containers that exit with a code, the end of their log, and whether an earlier revision is known.",
  means: "The program itself fails with what it was given; no change of its template is known that brought this in.",
  remedy: "Read the log of the application.",
  generality: 1,
  find: (view) => failingWorkloads(view).map((workload) => find(view, workload)),
};

/** The program's own message comes first. */
const summaryOf = (text: string, complaint: string | undefined): string =>
  complaint === undefined
    ? `${text}, and no change is known that explains it.`
    : `${withComplaint(text, complaint)}. No change of its template explains it.`;

const find = (view: View, workload: Workload): Assessment => {
  const failures = failuresOf(view, workload).filter(({ mode, reason }) => mode === "crashes" && reason !== "OOMKilled");
  const [failure] = failures;
  const release = failure === undefined ? undefined : releaseFor(view, workload, failure.container.name);
  const isJob = workload.object.kind === "Job" || workload.object.kind === "CronJob";
  const complaint = complaintOf(view, workload, failures);
  return assess(
    code,
    {
      required: [{ claim: "a container that exits with an error", holds: failure !== undefined && failure.ended?.exitCode !== 0 }],
      against: [
        { claim: "it belongs to a Job, whose failure is another cause", holds: isJob },
        // Ended from outside: a probe, a node, somebody. What sent the signal is the cause.
        { claim: "it was ended from outside", holds: failure?.ended?.exitCode === 137 || failure?.ended?.exitCode === 143 },
        {
          // It ended while what it needs was not there yet, and has got over it: again and again is another matter.
          claim: "it has come up since, and is ready",
          holds: failures.length > 0 && failures.every(({ pod, container }) => pod.isReady && container.restarts <= 3),
        },
        { claim: "an earlier revision differs", holds: release?.previous !== undefined },
      ],
      supporting: [
        { claim: "its log says why", holds: failure !== undefined && logQuotes(view, workload, failures, 1).length > 0, weight: 1 },
        { claim: "no pod of it runs well", holds: steadyPods(view, workload, 60_000).length === 0, weight: 1 },
        // Nobody has looked for the reason behind the program's words: half of the support stays away.
        { claim: "what it needs from elsewhere was checked", holds: false, weight: 2 },
      ],
    },
    () => ({
      object: workload.reference,
      summary: summaryOf(
        `Container ${failure?.container.name} of ${referenceText(workload.reference)} ${failure === undefined ? "fails" : failureText(failure)}`,
        complaint,
      ),
      chain: onePerContainer(failures)
        .slice(0, 3)
        .map((each) => `container ${each.container.name} ${failureText(each)}`),
      quotes: [
        ...onePerContainer(failures)
          .slice(0, 3)
          .map((each) => failureQuote(workload, each)),
        ...logQuotes(view, workload, failures, 2),
      ],
      explains: [workload.reference],
      facts: person(complaint === undefined ? "check the log of the application" : "check what the log line says, above"),
    }),
  );
};
