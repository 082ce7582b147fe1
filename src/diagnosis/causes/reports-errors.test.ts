import { expect, test } from "vitest";
import { reportsErrors } from "#diagnosis/causes/reports-errors.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { answers, deployment, evidence, manualSteps } from "#test/evidence-sketch.ts";
import { says, withPod } from "#test/three-cases/three-cases.ts";

const web = deployment("web");
const logging = (...lines: readonly string[]): Partial<Evidence> => ({ objects: withPod(web), logs: [says("web", lines.join("\n"))] });
const line = (second: number, text: string): string => `2027-03-01T13:58:${10 + second}Z ${text}`;
const repeated = (text: string, count: number): readonly string[] => Array.from({ length: count }, (_, second) => line(second, text));

test.each<[string, Partial<Evidence>, readonly string[]]>([
  [
    "the same error three times",
    logging(...repeated("ERROR dial tcp 10.0.0.9:5432: connection refused", 3)),
    ["ReportsErrors Deployment web → person"],
  ],
  ["the same error twice", logging(...repeated("ERROR dial tcp 10.0.0.9:5432: connection refused", 2)), []],
  [
    "warnings that go on and have a meaning",
    logging(...repeated("WARN retrying: connection refused", 10)),
    ["ReportsErrors Deployment web → person"],
  ],
  ["nine of them", logging(...repeated("WARN retrying: connection refused", 9)), []],
  ["warnings without a known meaning", logging(...repeated("WARN header X-Old is deprecated", 30)), []],
  [
    "answers with 5xx",
    logging(...Array.from({ length: 5 }, () => '10.0.0.1 - - [01/Mar/2027:13:58:00 +0000] "GET /pay HTTP/1.1" 502 1')),
    ["ReportsErrors Deployment web → person"],
  ],
  [
    "answers with 4xx, which are the caller's errors",
    logging(...Array.from({ length: 5 }, () => '10.0.0.1 - - [01/Mar/2027:13:58:00 +0000] "GET /pay HTTP/1.1" 404 1')),
    [],
  ],
  ["counters that name errors", logging(...repeated("INFO requests=4 errors=0", 20)), []],
  ["errors that have stopped", logging(...Array.from({ length: 19 }, (_, second) => `2027-03-01T13:20:${10 + second}Z ERROR boom`)), []],
  [
    "a burst of errors within the last two hours",
    logging(...Array.from({ length: 20 }, (_, second) => `2027-03-01T13:20:${10 + second}Z ERROR boom`)),
    ["ReportsErrors Deployment web → person"],
  ],
  ["a burst before", logging(...Array.from({ length: 20 }, (_, second) => `2027-03-01T11:20:${10 + second}Z ERROR boom`)), []],
])("%s", (_name, parts, expected) => expect(answers(reportsErrors, parts)).toEqual(expected));

test("the summary quotes the message, counts it and says since when", () => {
  const [assessment] = reportsErrors.find(
    createView(evidence(logging(...repeated("ERROR dial tcp 10.0.0.9:5432: connection refused", 12)))),
  );
  expect(assessment).toMatchObject({
    found: { summary: 'Deployment shop/web reports errors: "dial tcp 10.0.0.9:5432: connection refused" (12 times, since 13:58:10 UTC).' },
  });
});

test("of a burst that is over, the summary says until when", () => {
  const [assessment] = reportsErrors.find(
    createView(evidence(logging(...Array.from({ length: 20 }, (_, second) => `2027-03-01T13:20:${10 + second}Z ERROR boom`)))),
  );
  expect(assessment).toMatchObject({
    found: { summary: 'Deployment shop/web reported errors: "boom" (20 times, since 13:20:10 UTC until 13:20:29 UTC).' },
  });
});

test("the manual step follows the meaning of the message; without one it names the log", () => {
  expect(manualSteps(reportsErrors, logging(...repeated("ERROR x509: certificate has expired", 3)))).toEqual([
    "check the expiry, the names and the issuer of the certificate",
  ]);
  expect(manualSteps(reportsErrors, logging(...repeated("ERROR flux capacitor misaligned", 3)))).toEqual([
    "follow the message: kubectl logs web-7d9c5b8f6-bx2z4 -c web -n shop",
  ]);
});
