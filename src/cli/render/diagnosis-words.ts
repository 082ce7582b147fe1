// The sentences that every form of a diagnosis shares: what was looked at, how sure a finding is. Pure.
import { fromTimestamp } from "#lib/clock.ts";
import { describeCommand } from "#api/kubectl.ts";
import { proposalText } from "#story/action-words.ts";
import { verdictWords } from "#story/words.ts";
import { riskText } from "#cli/render/plan-text.ts";
import { counted, listed, truncated } from "#lib/words.ts";
import { oneLine } from "#lib/plain-text.ts";
import { referenceText } from "#api/object.ts";
import type { Report, ReportedFinding } from "#investigation/report.ts";

export const scopeText = ({ scope, asked }: Pick<Report, "scope" | "asked">): string => {
  if (scope.target !== undefined) {
    const target = referenceText(scope.target);
    return asked === undefined || referenceText(asked) === target ? target : `${referenceText(asked)}, which belongs to ${target}`;
  }
  if (scope.namespaces === "all") return "the whole cluster";
  return `${scope.namespaces.length === 1 ? "namespace" : "namespaces"} ${listed(scope.namespaces)}`;
};

export const conclusionText = (report: Report): string =>
  report.findings.length === 0
    ? `No problems found in ${scopeText(report)}.`
    : `${counted(report.findings.length, "finding")} in ${scopeText(report)}`;

export const inProgressTitle = "In progress";

/** `Deployment shop/web: 1 of 2 pods not ready (for 40 s)` */
export const inProgressTexts = ({ inProgress, collectedAt }: Report): readonly string[] =>
  inProgress.map(({ object, text, sinceMs }) => {
    const now = fromTimestamp(collectedAt);
    const age = sinceMs === undefined || now === undefined ? "" : ` (for ${Math.max(0, Math.round((now - sinceMs) / 1000))} s)`;
    return `${referenceText(object)}: ${text}${age}`;
  });

const mostKinds = 6;

/** `2 Deployments, 1 Pod, 14 other objects, 3 events, 1 log` */
export const lookedText = ({ looked }: Report): string => {
  const others = looked.objects.slice(mostKinds).reduce((sum, { count }) => sum + count, 0);
  return [
    ...looked.objects.slice(0, mostKinds).map(({ kind, count }) => `${count} ${count === 1 ? kind : pluralOf(kind)}`),
    ...(others === 0 ? [] : [counted(others, "other object")]),
    counted(looked.events, "event"),
    counted(looked.logs, "log"),
  ].join(", ");
};

const pluralOf = (kind: string): string =>
  /[^aeiou]y$/.test(kind) ? `${kind.slice(0, -1)}ies` : /(?:s|ss|x|ch)$/.test(kind) ? `${kind}es` : `${kind}s`;

/** Without pods, no problem found says little. */
export const noPodsText = ({ looked, scope }: Report): string | undefined => {
  if (looked.pods > 0) return undefined;
  if (scope.target !== undefined) return workloadKinds.has(scope.target.kind) ? "It has no pods." : undefined;
  return scope.namespaces === "all" ? "The cluster has no pods." : `There are no pods in ${scopeText({ scope, asked: undefined })}.`;
};

const workloadKinds: ReadonlySet<string> = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"]);

export const notCheckedTitle = "Not checked";

export const verdictText = ({ verdict, confidence, request }: ReportedFinding): string =>
  `${request === undefined ? verdictWords[verdict] : requestText(request)}, confidence ${confidence.toFixed(2)}`;

type ActiveRequest = NonNullable<ReportedFinding["request"]>;

export const requestText = ({ name, phase }: ActiveRequest): string =>
  phase === "AwaitingApproval" ? `Repair ${name} is waiting for approval` : `Repair ${name} is in progress (${phase})`;

/** To approve a repair, or to follow it. */
export const requestCommand = ({ name, phase }: ActiveRequest): string =>
  phase === "AwaitingApproval" ? `kintsugi approve ${name}` : `kintsugi describe ${name}`;

export type Severity = "critical" | "warning" | "info";

/** By the pods that are ready. A finding whose pods are all ready says little; one unready pod, such as of a new release, is a warning. */
export const severityOf = ({ pods, verdict }: ReportedFinding): Severity => {
  if (pods === undefined || pods.wanted === 0 || verdict === "Inconclusive") return "warning";
  if (pods.ready === 0) return "critical";
  return pods.ready < pods.wanted || pods.unready > 0 ? "warning" : "info";
};

/** `0/2` */
export const readyText = ({ pods }: ReportedFinding): string => (pods === undefined ? "-" : `${pods.ready}/${pods.wanted}`);

/** What Kintsugi can do, or why the fix is manual. */
export const actionText = ({ verdict, plans: [plan], person, request }: ReportedFinding): string => {
  if (request !== undefined) return requestText(request);
  if (plan !== undefined) return `Kintsugi can fix this: ${proposalText(plan.steps)} (${riskText(plan)})`;
  const why = person === undefined ? "" : `: ${person}`;
  return verdict === "Inconclusive" ? `No cause could be proven${why}` : `Manual fix needed${why}`;
};

/** The command to begin with. */
export const nextCommand = ({ commands: [command], object, request }: ReportedFinding): string =>
  request === undefined ? (command ?? describeCommand(object)) : requestCommand(request);

export const unlikelyText = ({ unlikely }: Report): string =>
  unlikely === 0 ? "" : `${counted(unlikely, "low-confidence finding")} not shown; --all includes ${unlikely === 1 ? "it" : "them"}.`;

export const firingTitle = "Firing alerts (Prometheus)";
const maxFiring = 20;
const maxLabels = 8;

export const firingTexts = ({ firing }: Report): readonly string[] => [
  ...firing.slice(0, maxFiring).map(({ name, since, labels }) => {
    const texts = Object.entries(labels).map(([label, value]) => `${label}=${truncated(oneLine(value), 60)}`);
    const rest = texts.length > maxLabels ? ", …" : "";
    return `${name}${since === undefined ? "" : `, since ${since}`}${texts.length === 0 ? "" : ` (${texts.slice(0, maxLabels).join(", ")}${rest})`}`;
  }),
  ...(firing.length > maxFiring ? [`${firing.length - maxFiring} more`] : []),
];

export const hostileTitle = "Looks like a prompt injection; reported, not followed";
