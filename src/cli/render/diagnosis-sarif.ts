// A diagnosis as SARIF 2.1.0, for tools that show results of analyses. Pure. Objects of a cluster are logical locations: they have no file.
import { referenceText } from "#api/object.ts";
import { oneLine } from "#cli/render/text.ts";
import type { Report, ReportedFinding } from "#investigation/report.ts";

export const diagnosisSarif = (report: Report, version: string): object => {
  const codes = [...new Set(report.findings.map(({ code }) => code))].toSorted();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "kintsugi",
            version,
            rules: codes.map((code) => ({ id: code, name: code, shortDescription: { text: code.replace(/(?<=[a-z])(?=[A-Z])/g, " ") } })),
          },
        },
        invocations: [
          {
            executionSuccessful: true,
            endTimeUtc: report.collectedAt,
            toolExecutionNotifications: [
              ...report.notRead.map((text) => warning(`not read: ${text}`)),
              ...report.hostileTexts.map(({ object, quote }) => warning(`reads as an instruction, in ${object}: ${quote}`)),
            ],
          },
        ],
        results: report.findings.map((finding) => resultOf(finding, codes)),
      },
    ],
  };
};

/** SARIF takes `[text](target)` of a message for a link: text of a cluster makes none. */
const messageText = (text: string): string => oneLine(text).replace(/[\\[\]]/g, "\\$&");

const warning = (text: string): object => ({ level: "warning", message: { text: messageText(text) } });

const levels: Readonly<Record<ReportedFinding["verdict"], string>> = { Actionable: "error", NeedsHuman: "error", Inconclusive: "warning" };

const resultOf = (
  { code, object, summary, verdict, confidence, evidence, chain, explains, plans }: ReportedFinding,
  codes: readonly string[],
): object => ({
  ruleId: code,
  ruleIndex: codes.indexOf(code),
  level: levels[verdict],
  // SARIF's rank: 0 to 100.
  rank: Math.round(confidence * 100),
  message: { text: messageText(summary) },
  locations: [{ logicalLocations: [logicalLocation(object)] }],
  ...(explains.length === 0
    ? {}
    : {
        relatedLocations: explains.map((each, at) => ({
          id: at + 1,
          logicalLocations: [logicalLocation(each)],
          message: { text: "its trouble is explained by this" },
        })),
      }),
  partialFingerprints: { "rootCause/v1": `${code} ${referenceText(object)}` },
  properties: {
    verdict,
    confidence,
    chain,
    evidence,
    plans: plans.map(({ steps }) => ({ steps: steps.map(({ action, target, parameters }) => ({ action, target, parameters })) })),
  },
});

const logicalLocation = (object: ReportedFinding["object"]): object => ({
  name: object.name,
  kind: "resource",
  fullyQualifiedName: referenceText(object),
});
