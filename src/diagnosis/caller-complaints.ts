// Complaints about a Service in the logs of its callers: a line with its name or cluster address and the error of a connection to it. Pure; text is only searched.
import type { Quote } from "#api/fields.ts";
import type { Service } from "#api/kubernetes.ts";
import { callersOf } from "#diagnosis/called-addresses.ts";
import { logQuote } from "#diagnosis/quotes.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { PodLog } from "#evidence/evidence.ts";
import { escaped } from "#lib/escaped.ts";

export interface Complaint {
  readonly workload: Workload;
  readonly log: PodLog;
  /** The line itself. */
  readonly line: string;
}

/** The words of runtimes and proxies for a connection that did not open, was cut, or had no address. `failed to parse …` is none of them. */
const connectionError =
  /refused|timed? ?out|timeout|no such host|unknown ?host|ENOTFOUND|EAI_AGAIN|unreach|no route to host|unavailable|unable to ?connect|could not (?:connect|reach|resolve|translate|find host|open)|failed (?:to|while) (?:connect|dial|reach|resolv|look|open|call|fetch|request|send)|failed(?:$|[:;,.)]| with| after| because)|reset by peer|broken pipe|not resolve|not known/i;
const linesAtMost = 400;

/** Of workloads that name one of these, with any port. At most one for each workload. */
export const complaintsAbout = (
  view: View,
  targets: readonly string[],
  among: readonly Workload[] = view.workloads,
): readonly Complaint[] => complaintsMatching(view, targets.filter((target) => target !== "").map(naming), among);

const naming = (target: string): RegExp => new RegExp(`(?<![A-Za-z0-9.-])${escaped(target)}(?![A-Za-z0-9.-])`);

/** The host without a port: `shop`, not `shop:8080`. */
const namingHost = (host: string): RegExp => new RegExp(`(?<![A-Za-z0-9.-])${escaped(host)}(?![A-Za-z0-9.-]|:\\d)`);

const complaintsMatching = (view: View, patterns: readonly RegExp[], among: readonly Workload[]): readonly Complaint[] => {
  if (patterns.length === 0) return [];
  return among.flatMap((workload) => {
    for (const log of view.logsOf(workload)) {
      const line = log.text
        .split("\n")
        .slice(-linesAtMost)
        .find((each) => connectionError.test(each) && patterns.some((pattern) => pattern.test(each)));
      if (line !== undefined) return [{ workload, log, line: line.slice(0, 400) }];
    }
    return [];
  });
};

/** Of workloads that name its cluster address or its full name, and of those in its namespace that use the short one. At most one for each workload. */
export const complaintsAboutService = (view: View, { metadata, spec }: Service): readonly Complaint[] => {
  const { name, namespace = "" } = metadata;
  const ports = (spec.ports ?? []).map(({ port }) => port);
  const hosts = [`${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];
  const isDefault = ports.some((port) => port === 80 || port === 443);
  const addresses = spec.clusterIP === undefined || spec.clusterIP === "None" ? [] : ports.map((port) => `${spec.clusterIP}:${port}`);
  const everywhere = complaintsMatching(
    view,
    [
      ...[...addresses, ...hosts.flatMap((host) => ports.map((port) => `${host}:${port}`))].map(naming),
      ...(isDefault ? hosts.map(namingHost) : []),
    ],
    view.workloads,
  );
  const others = view.workloads.filter(
    (workload) => workload.reference.namespace === namespace && !everywhere.some((each) => each.workload === workload),
  );
  return [
    ...everywhere,
    ...complaintsAbout(
      view,
      ports.map((port) => `${name}:${port}`),
      others,
    ),
  ];
};

/** Whether a workload in the namespace of the Service complains: a log of another namespace proves nothing about this object. */
export const hasOwnComplaint = (complaints: readonly Complaint[], namespace: string | undefined): boolean =>
  complaints.some(({ workload }) => workload.reference.namespace === namespace);

/** Its callers, and all that complain about it: the objects whose trouble a broken Service accounts for. */
export const callersAndComplainers = (view: View, service: Service): readonly Workload[] => [
  ...new Set([...callersOf(view, service), ...complaintsAboutService(view, service).map(({ workload }) => workload)]),
];

export const complaintQuote = ({ log, line }: Complaint): Quote => logQuote(log, line);
