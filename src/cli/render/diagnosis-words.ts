// The sentences that every form of a diagnosis shares: what was looked at, how sure a finding is. Pure.
import { counted, listed, oneLine, truncated } from "#cli/render/text.ts";
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

const verdictWords: Readonly<Record<ReportedFinding["verdict"], string>> = {
  Actionable: "a repair is planned",
  NeedsHuman: "a person has to act",
  Inconclusive: "no cause could be proven",
};

export const verdictText = ({ verdict, confidence }: ReportedFinding): string =>
  `${verdictWords[verdict]}, confidence ${confidence.toFixed(2)}`;

export const unlikelyText = ({ unlikely }: Report): string =>
  unlikely === 0 ? "" : `${counted(unlikely, "finding")} less certain ${unlikely === 1 ? "is" : "are"} left out: --all shows them.`;

export const firingTitle = "Firing, as Prometheus says";
const maxFiring = 20;
const maxLabels = 8;

export const firingTexts = ({ firing }: Report): readonly string[] => [
  ...firing.slice(0, maxFiring).map(({ name, since, labels }) => {
    const told = Object.entries(labels).map(([label, value]) => `${label}=${truncated(oneLine(value), 60)}`);
    const rest = told.length > maxLabels ? ", …" : "";
    return `${name}${since === undefined ? "" : `, since ${since}`}${told.length === 0 ? "" : ` (${told.slice(0, maxLabels).join(", ")}${rest})`}`;
  }),
  ...(firing.length > maxFiring ? [`${firing.length - maxFiring} more`] : []),
];

export const hostileTitle = "Reads as an instruction; nobody followed it";
