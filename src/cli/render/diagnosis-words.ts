// The sentences that every form of a diagnosis shares: what was looked at, how sure a finding is. Pure.
import { counted, listed, oneLine, truncated } from "#cli/render/text.ts";
import { referenceText } from "#api/object.ts";
import type { Report, ReportedFinding } from "#investigation/report.ts";

export const scopeText = ({ scope }: Pick<Report, "scope">): string => {
  if (scope.target !== undefined) return referenceText(scope.target);
  if (scope.namespaces === "all") return "the whole cluster";
  return `${scope.namespaces.length === 1 ? "namespace" : "namespaces"} ${listed(scope.namespaces)}`;
};

export const conclusionText = (report: Report): string =>
  report.findings.length === 0
    ? `Nothing is wrong in ${scopeText(report)}, as far as could be read.`
    : `${counted(report.findings.length, "finding")} in ${scopeText(report)}`;

export const lookedText = ({ looked }: Report): string =>
  `${counted(looked.objects, "object")} (${counted(looked.pods, "pod")}), ${counted(looked.events, "event")}, ${counted(looked.logs, "log")}`;

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
