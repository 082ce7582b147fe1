// A diagnosis as an engineer pastes it into the incident channel: cause, chain, quotes, what to do, what was ruled out. Pure.
import { referenceText } from "#api/object.ts";
import {
  conclusionText,
  firingTexts,
  firingTitle,
  hostileTitle,
  lookedText,
  noPodsText,
  notCheckedTitle,
  unlikelyText,
  verdictText,
} from "#cli/render/diagnosis-words.ts";
import { ageText, dateAndTime } from "#cli/render/duration.ts";
import { type Page, paragraph, point, quote, section } from "#cli/render/page.ts";
import { diffsText, riskText, stepText } from "#cli/render/plan-text.ts";
import { listed, oneLine } from "#cli/render/text.ts";
import type { Report, ReportedFinding } from "#investigation/report.ts";
import { fromTimestamp } from "#lib/clock.ts";

const maxExplained = 8;

/** A cluster, and how long it took; or a file of evidence. */
export type Source = { readonly ms: number } | { readonly file: string; readonly now: number };

export const diagnosisText = (page: Page, report: Report, from: Source): string => {
  const lines = [
    page.paint.bold(conclusionText(report)),
    ...paragraph(page, 0, `Checked ${lookedText(report)}${sourceText(report, from)}`, page.paint.dim),
    ...paragraph(page, 0, noPodsText(report) ?? ""),
    ...report.findings.flatMap((finding, at) => ["", ...findingText(page, finding, at + 1)]),
    ...section(
      page,
      "Ruled out",
      report.findings.length === 0 ? [] : report.ruledOut.flatMap(({ code, reason }) => point(page, 1, "-", `${code}: ${reason}`)),
    ),
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

const sourceText = ({ collectedAt }: Report, source: Source): string => {
  if ("ms" in source) return ` in ${(source.ms / 1000).toFixed(1)} s.`;
  const at = fromTimestamp(collectedAt) ?? 0;
  return ` in ${source.file}, collected at ${dateAndTime(at)} UTC (${ageText(source.now - at)} ago).`;
};

const findingText = (page: Page, finding: ReportedFinding, number: number): readonly string[] => {
  const { code, object, summary, chain, evidence, explains } = finding;
  const { bold, red, yellow } = page.paint;
  const style = finding.verdict === "Inconclusive" ? yellow : red;
  return [
    `${bold(`${number}. ${oneLine(code)}`)}  ${style(oneLine(referenceText(object)))}`,
    ...paragraph(page, 1, verdictText(finding), page.paint.dim),
    ...paragraph(page, 1, summary),
    ...labelled(
      page,
      "Why",
      chain.flatMap((link, at) => point(page, 2, at === 0 ? "•" : "→", link)),
    ),
    ...labelled(
      page,
      "Seen",
      evidence.flatMap(({ source, object: of, quote: words }) => [...paragraph(page, 2, `${source}, ${of}`), ...quote(page, 2, words)]),
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

const todo = (page: Page, { plans, refused, person }: ReportedFinding): readonly string[] => [
  ...plans.flatMap((plan) => [
    ...plan.steps.flatMap((step) => point(page, 2, "•", `${stepText(step)}: ${riskText(plan)}`)),
    ...paragraph(page, 3, plan.rationale),
    ...diffsText(page, 3, plan.diffs),
  ]),
  ...(person === undefined ? [] : point(page, 2, "•", `a person decides: ${person}`)),
  ...refused.flatMap(({ action, reason }) => point(page, 2, "•", `${action}, refused: ${reason}`)),
];
