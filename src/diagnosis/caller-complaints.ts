// What the logs of callers say of a Service: its name or its cluster address beside an error of a connection. Pure; text is only searched.
import type { Service } from "#api/kubernetes.ts";
import type { PodLog } from "#evidence/evidence.ts";
import { callersOf } from "#diagnosis/called-addresses.ts";
import type { View, Workload } from "#diagnosis/view.ts";

export interface Complaint {
  readonly workload: Workload;
  readonly log: PodLog;
  /** The line itself. */
  readonly line: string;
}

const trouble =
  /refused|timed? ?out|timeout|no such host|unreachable|unavailable|unable to ?connect|could not|failed|reset by peer|not resolve|not known/i;
const linesAtMost = 400;

/** At most one for each workload. */
export const complaintsAbout = (
  view: View,
  targets: readonly string[],
  among: readonly Workload[] = view.workloads,
): readonly Complaint[] => {
  const patterns = targets
    .filter((target) => target !== "")
    .map((target) => new RegExp(`(?<![A-Za-z0-9.-])${escaped(target)}(?![A-Za-z0-9.-])`));
  if (patterns.length === 0) return [];
  return among.flatMap((workload) => {
    for (const log of view.logsOf(workload)) {
      const line = log.text
        .split("\n")
        .slice(-linesAtMost)
        .find((each) => trouble.test(each) && patterns.some((pattern) => pattern.test(each)));
      if (line !== undefined) return [{ workload, log, line: line.slice(0, 400) }];
    }
    return [];
  });
};

/** Of those who are told to call it, and of whoever names its cluster address and port. */
export const complaintsAboutService = (view: View, { metadata, spec }: Service): readonly Complaint[] => {
  const ports = (spec.ports ?? []).map(({ port }) => port);
  const addresses = spec.clusterIP === undefined || spec.clusterIP === "None" ? [] : ports.map((port) => `${spec.clusterIP}:${port}`);
  const names = ports.map((port) => `${metadata.name}:${port}`);
  return complaintsAbout(view, [...addresses, ...names]);
};

/** Who calls it, with what they complain of: the objects whose trouble a broken Service accounts for. */
export const callersAndComplainers = (view: View, service: Service): readonly Workload[] => [
  ...new Set([...callersOf(view, service), ...complaintsAboutService(view, service).map(({ workload }) => workload)]),
];

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
