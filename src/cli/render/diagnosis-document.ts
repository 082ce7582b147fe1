// A diagnosis as one document for programs: `diagnose -o json`. The form is a contract: fields are added, never taken away or renamed. Pure.
import type { ReportedFinding, Report } from "#investigation/report.ts";

export const diagnosisDocument = ({
  collectedAt,
  scope,
  findings,
  ruledOut,
  notRead,
  unlikely,
  firing,
  hostileTexts,
  looked,
}: Report): object => ({
  collectedAt,
  scope,
  findings: findings.map(findingDocument),
  notRead,
  ruledOut,
  unlikely,
  firing,
  hostileTexts,
  looked,
});

const findingDocument = ({
  code,
  object,
  summary,
  verdict,
  confidence,
  chain,
  evidence,
  explains,
  plans,
  refused,
  person,
}: ReportedFinding): object => ({
  code,
  object,
  summary,
  verdict,
  confidence,
  chain,
  evidence,
  explains,
  plans: plans.map(({ steps, diffs, expected, rationale, risk, reversible, changesHash }) => ({
    steps: steps.map(({ action, target, parameters }) => ({ action, target, parameters })),
    rationale,
    expected,
    risk,
    reversible,
    changesHash,
    diffs,
  })),
  refused,
  ...(person === undefined ? {} : { person }),
});
