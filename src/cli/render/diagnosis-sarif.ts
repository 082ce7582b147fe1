// A diagnosis as SARIF 2.1.0, for tools that show results of analyses. Pure. GitHub code scanning takes only results with a physical
// location, so that each object also has the path of a file that does not exist: kubernetes/<namespace>/<kind>/<name>.
import { referenceText } from "#api/object.ts";
import { causes } from "#diagnosis/registry.ts";
import { oneLine } from "#lib/plain-text.ts";
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
            informationUri: repository,
            rules: codes.map(ruleOf),
          },
        },
        invocations: [
          {
            executionSuccessful: true,
            endTimeUtc: report.collectedAt,
            toolExecutionNotifications: [
              ...report.notRead.map((text) => warning(`not checked: ${text}`)),
              ...report.hostileTexts.map(({ object, quote }) => warning(`looks like a prompt injection, in ${object}: ${quote}`)),
            ],
          },
        ],
        results: report.findings.map((finding) => resultOf(finding, codes)),
      },
    ],
  };
};

const repository = "https://github.com/kintsugi-dev/kintsugi";

const ruleOf = (code: string): object => {
  const cause = causes.find((each) => each.code === code);
  const title = cause?.title ?? code.replace(/(?<=[a-z])(?=[A-Z])/g, " ");
  const parts =
    cause === undefined
      ? [["Means", "The evidence does not show the cause."]]
      : [
          ["Reads", cause.reads],
          ["Means", cause.means],
          ["Remedy", cause.remedy],
        ];
  return {
    id: code,
    name: code,
    shortDescription: { text: title },
    fullDescription: { text: cause?.means ?? title },
    help: {
      text: parts.map(([label, text]) => `${label}: ${text}`).join("\n"),
      markdown: parts.map(([label, text]) => `**${label}:** ${text}`).join("\n\n"),
    },
    helpUri: `${repository}/blob/main/docs/reference/causes.md#${code.toLowerCase()}`,
    properties: { tags: ["kubernetes"] },
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
  locations: [locationOf(object)],
  ...(explains.length === 0
    ? {}
    : {
        relatedLocations: explains.map((each, at) => ({
          id: at + 1,
          ...locationOf(each),
          message: { text: "affected by this cause" },
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

const locationOf = (object: ReportedFinding["object"]): object => ({
  physicalLocation: { artifactLocation: { uri: uriOf(object) }, region: { startLine: 1 } },
  logicalLocations: [logicalLocation(object)],
});

const uriOf = ({ namespace, kind, name }: ReportedFinding["object"]): string =>
  ["kubernetes", ...(namespace === undefined ? [] : [namespace]), kind, name].map(encodeURIComponent).join("/");

const logicalLocation = (object: ReportedFinding["object"]): object => ({
  name: object.name,
  kind: "resource",
  fullyQualifiedName: referenceText(object),
});
