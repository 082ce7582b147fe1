// A diagnosis as an engineer pastes it into the incident channel: cause, chain, quotes, what to do, what was ruled out. Pure.
import { referenceText } from "#api/object.ts";
import {
  conclusionText,
  firingTexts,
  firingTitle,
  hostileTitle,
  inProgressTexts,
  inProgressTitle,
  lookedText,
  noPodsText,
  notCheckedTitle,
  actionText,
  nextCommand,
  readyText,
  type Severity,
  severityOf,
  unlikelyText,
} from "#cli/render/diagnosis-words.ts";
import { headLines } from "#cli/render/head.ts";
import { distinctQuotes } from "#story/distinct-quotes.ts";
import { ruledOutTexts } from "#cli/render/ruled-out.ts";
import { renderTable } from "#cli/render/table.ts";
import { causeWithLine } from "#story/cause-line.ts";
import { ageText, dateAndTime } from "#lib/duration.ts";
import { type Page, paragraph, point, quote, section } from "#cli/render/page.ts";
import { diffsText, riskText, stepText } from "#cli/render/plan-text.ts";
import { listed } from "#lib/words.ts";
import type { Report, ReportedFinding } from "#investigation/report.ts";
import { fromTimestamp } from "#lib/clock.ts";

const maxExplained = 8;

/** A cluster, and how long it took; or a file of evidence. */
export type Source = { readonly ms: number } | { readonly file: string; readonly now: number };

/** Above it, a table comes first and the details on request. */
const fewFindings = 3;

/** `all`: of every finding; a number: of that one; `few`: of all where they are few. */
export type Details = "few" | "all" | number;

export interface TextOptions {
  readonly from: Source;
  readonly details: Details;
  /** What a person types for more: the command line without `--details`. */
  readonly command: string;
}

export const diagnosisText = (page: Page, report: Report, { from, details, command }: TextOptions): string => {
  const { findings } = report;
  const shown = (at: number): boolean => (details === "few" ? findings.length <= fewFindings : details === "all" || details === at + 1);
  const isTable = findings.length > fewFindings && typeof details !== "number";
  const lines = [
    page.paint.bold(conclusionText(report)),
    ...paragraph(page, 0, `Checked ${lookedText(report)}${sourceText(report, from)}`, page.paint.dim),
    ...paragraph(page, 0, noPodsText(report) ?? ""),
    ...(isTable ? ["", ...summaryTable(page, findings)] : []),
    ...(isTable && details === "few" ? ["", `Details: ${command} --details 1   (all: --details)`] : []),
    ...findings.flatMap((finding, at) => (shown(at) ? ["", ...findingText(page, finding, at + 1)] : [])),
    ...section(
      page,
      inProgressTitle,
      inProgressTexts(report).flatMap((text) => point(page, 1, "-", text)),
    ),
    ...section(page, "Ruled out", findings.length === 0 ? [] : ruledOutTexts(report.ruledOut).flatMap((text) => point(page, 1, "-", text))),
    ...section(
      page,
      firingTitle,
      firingTexts(report).flatMap((alert) => point(page, 1, "-", alert)),
    ),
    ...section(
      page,
      notCheckedTitle,
      report.notRead.flatMap((gap) => point(page, 1, "-", gap)),
    ),
    ...section(
      page,
      hostileTitle,
      report.hostileTexts.flatMap(({ source, object, quote: words }) => [
        ...paragraph(page, 1, `${source}, ${object}`),
        ...quote(page, 1, words),
      ]),
    ),
    ...(report.unlikely === 0 ? [] : ["", ...paragraph(page, 0, unlikelyText(report))]),
    "",
    "Nothing was changed.",
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
};

const summaryTable = (page: Page, findings: readonly ReportedFinding[]): readonly string[] =>
  renderTable(
    ["#", "SEVERITY", "READY", "CAUSE", "OBJECT"],
    findings.map((finding, at) => [String(at + 1), severityOf(finding), readyText(finding), finding.code, referenceText(finding.object)]),
    { columns: page.width, kept: 4 },
  )
    .trimEnd()
    .split("\n");

const sourceText = ({ collectedAt }: Report, source: Source): string => {
  if ("ms" in source) return ` in ${(source.ms / 1000).toFixed(1)} s.`;
  const at = fromTimestamp(collectedAt) ?? 0;
  return ` in ${source.file}, collected at ${dateAndTime(at)} UTC (${ageText(source.now - at)} ago).`;
};

const severityNames: Readonly<Record<Severity, string>> = { critical: "Critical", warning: "Warning", info: "Info" };

const findingText = (page: Page, finding: ReportedFinding, number: number): readonly string[] => {
  const { code, object, summary, chain, evidence, explains, pods, confidence } = finding;
  const severity = severityOf(finding);
  return [
    ...headLines(page, {
      state: severityNames[severity],
      style: severity === "critical" ? page.paint.red : page.paint.yellow,
      subject: [
        `${number}. ${referenceText(object)}`,
        ...(pods === undefined ? [] : [`${readyText(finding)} ready`]),
        `${code} (confidence ${confidence.toFixed(2)})`,
      ],
      cause: causeWithLine(summary, evidence),
      action: actionText(finding),
      next: nextCommand(finding),
    }),
    ...labelled(
      page,
      "Why",
      chain.flatMap((link, at) => point(page, 2, at === 0 ? "•" : "→", link)),
    ),
    ...labelled(
      page,
      "Seen",
      distinctQuotes(evidence).flatMap(({ source, object: of, quote: words }) => [
        ...paragraph(page, 2, `${source}, ${of}`),
        ...quote(page, 2, words),
      ]),
    ),
    ...labelled(page, "Explains", explains.length === 0 ? [] : paragraph(page, 2, explainedText(explains.map(referenceText)))),
    ...labelled(page, "What to do", todo(page, finding)),
  ];
};

const labelled = (page: Page, title: string, body: readonly string[]): readonly string[] =>
  body.length === 0 ? [] : [`  ${page.paint.bold(title)}`, ...body];

const explainedText = (objects: readonly string[]): string =>
  objects.length <= maxExplained
    ? listed(objects)
    : `${objects.slice(0, maxExplained).join(", ")} and ${objects.length - maxExplained} more`;

const todo = (page: Page, { plans, commands, refused, person }: ReportedFinding): readonly string[] => [
  ...plans.flatMap((plan) => [
    ...plan.steps.flatMap((step) => point(page, 2, "•", `${stepText(step)}: ${riskText(plan)}`)),
    ...paragraph(page, 3, plan.rationale),
    ...diffsText(page, 3, plan.diffs),
  ]),
  ...(commands.length === 0
    ? []
    : [...paragraph(page, 2, "The same by hand:"), ...commands.map((each) => `      ${page.paint.cyan(each)}`)]),
  ...(person === undefined ? [] : point(page, 2, "•", `manual fix needed: ${person}`)),
  ...refused.flatMap(({ action, reason }) => point(page, 2, "•", `${action}, refused: ${reason}`)),
];
