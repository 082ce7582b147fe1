// A diagnosis as Markdown, for a ticket or a pull request. Pure; text of the cluster can neither end its own quote nor become markup.
import { referenceText } from "#api/object.ts";
import {
  conclusionText,
  firingTexts,
  firingTitle,
  hostileTitle,
  lookedText,
  noPodsText,
  notCheckedTitle,
  requestCommand,
  unlikelyText,
  verdictText,
} from "#cli/render/diagnosis-words.ts";
import { distinctQuotes } from "#story/distinct-quotes.ts";
import { causeWithLine } from "#story/cause-line.ts";
import { riskText, stepText } from "#cli/render/plan-text.ts";
import { ruledOutTexts } from "#cli/render/ruled-out.ts";
import { oneLine, plainText } from "#lib/plain-text.ts";
import type { Report, ReportedFinding } from "#investigation/report.ts";
import { trimmedEnd } from "#lib/trimmed-end.ts";

export const diagnosisMarkdown = (report: Report): string => {
  const lines = [
    `# ${escaped(conclusionText(report))}`,
    "",
    `Checked ${escaped(lookedText(report))}, ${report.collectedAt}. ${noPodsText(report) ?? ""} Nothing was changed.`.replace(/ {2}/, " "),
    ...report.findings.flatMap(findingLines),
    ...listSection("Ruled out", report.findings.length === 0 ? [] : ruledOutTexts(report.ruledOut)),
    ...listSection(firingTitle, firingTexts(report)),
    ...listSection(notCheckedTitle, report.notRead),
    ...(report.hostileTexts.length === 0 ? [] : ["", `## ${hostileTitle}`, ...report.hostileTexts.flatMap(quoteLines)]),
    ...(report.unlikely === 0 ? [] : ["", escaped(unlikelyText(report))]),
  ];
  return `${lines.join("\n")}\n`;
};

const findingLines = (finding: ReportedFinding, at: number): readonly string[] => {
  const { code, object, summary, chain, evidence, explains, plans, commands, refused, person, request } = finding;
  return [
    "",
    `## ${at + 1}. ${escaped(code)}: ${escaped(referenceText(object))}`,
    "",
    `**${escaped(causeWithLine(summary, evidence))}** (${escaped(verdictText(finding))})`,
    ...(chain.length === 0 ? [] : ["", ...chain.map((link, index) => `${index + 1}. ${escaped(link)}`)]),
    ...distinctQuotes(evidence).flatMap(quoteLines),
    ...(explains.length === 0 ? [] : ["", `Explains: ${explains.map((each) => escaped(referenceText(each))).join(", ")}`]),
    ...plans.flatMap((plan) => [
      "",
      `**What to do:** ${plan.steps.map((step) => escaped(stepText(step))).join(", then ")}: ${riskText(plan)}. ${escaped(plan.rationale)}`,
      ...plan.diffs.flatMap(({ object: of, diff }) => ["", `${escaped(referenceText(of))}:`, "", ...fenced(diff, "diff")]),
    ]),
    ...(request === undefined ? [] : ["", `**What to do:** ${escaped(requestCommand(request))}`]),
    ...(commands.length === 0 ? [] : ["", "The same by hand:", "", ...fenced(commands.join("\n"), "sh")]),
    ...(person === undefined ? [] : ["", `**Manual fix needed:** ${escaped(person)}`]),
    ...refused.flatMap(({ action, reason }) => ["", `Refused: ${escaped(action)}: ${escaped(reason)}`]),
  ];
};

const quoteLines = ({ source, object, quote }: ReportedFinding["evidence"][number]): readonly string[] => [
  "",
  `${source}, ${escaped(object)}:`,
  "",
  ...fenced(quote, "text"),
];

const listSection = (title: string, items: readonly string[]): readonly string[] =>
  items.length === 0 ? [] : ["", `## ${title}`, "", ...items.map((item) => `- ${escaped(item)}`)];

/** Longer than any run of backticks in the text. */
const fenced = (text: string, language: string): readonly string[] => {
  const plain = trimmedEnd(plainText(text), "\n");
  const longest = Math.max(2, ...[...plain.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return [`${fence}${language}`, plain, fence];
};

const escaped = (text: string): string => oneLine(text).replace(/[\\`*_[\]<>#|!]/g, "\\$&");
