import { expect, test } from "vitest";
import { ranked, type Ranking } from "#diagnosis/rank.ts";
import type { Finding, FindingCode } from "#diagnosis/finding.ts";
import { createSuppression } from "#diagnosis/suppression.ts";

const object = (name: string): Finding["object"] => ({ apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name });
const finding = (code: string, name: string, score: number, more: Partial<Finding> = {}): Finding => ({
  code: code as FindingCode,
  object: object(name),
  score,
  summary: code,
  chain: [],
  quotes: [],
  advice: { remedies: [], otherwise: "" },
  ...more,
});
const symptom = (name: string): Ranking["symptoms"][number] => ({ kind: "PodNotReady", object: object(name), text: "" });
const order = (findings: readonly Finding[], ranking: Partial<Ranking> = {}): string[] =>
  ranked(findings, { symptoms: [], changesOf: () => [], suppression: createSuppression([]), ...ranking }).map(
    ({ code, confidence }) => `${code} ${confidence}`,
  );

test("of two that are as certain, the one that explains more comes first", () => {
  const symptoms = ["web", "api", "db"].map(symptom);
  const wide = finding("Wide", "db", 0.9, { explains: [object("web"), object("api")] });
  expect(order([finding("Narrow", "web", 0.9), wide], { symptoms })).toEqual(["Wide 0.9", "Narrow 0.9"]);
});

test("one without a symptom is less certain", () => {
  expect(order([finding("Odd", "idle", 0.95), finding("Felt", "web", 0.8)], { symptoms: [symptom("web")] })).toEqual([
    "Felt 0.8",
    "Odd 0.76",
  ]);
});

test("a complaint in a log is trouble enough", () => {
  const quotes: Finding["quotes"] = [{ source: "log", object: "Pod shop/web-1", quote: "connection refused" }];
  expect(order([finding("Missed", "web", 0.9, { quotes })])).toEqual(["Missed 0.9"]);
});

test("a change of the field at fault halves the doubt; one of another field says nothing", () => {
  const changes = [{ object: object("web"), at: "", by: "", field: "spec.selector.app", kind: "changed" as const }];
  const ranking = { symptoms: [symptom("web")], changesOf: () => changes };
  expect(order([finding("Touched", "web", 0.8, { field: "spec.selector" })], ranking)).toEqual(["Touched 0.9"]);
  expect(order([finding("Nearby", "web", 0.8, { field: "spec.ports" })], ranking)).toEqual(["Nearby 0.8"]);
});

test("nothing is ever certain", () => {
  expect(order([finding("Sure", "web", 1)], { symptoms: [symptom("web")] })).toEqual(["Sure 0.99"]);
});

test("the same fault of the same object is found once, for all that suffer from it", () => {
  const both = ranked(
    [finding("Cordoned", "node", 0.8, { explains: [object("web")] }), finding("Cordoned", "node", 0.9, { explains: [object("api")] })],
    { symptoms: ["web", "api"].map(symptom), changesOf: () => [], suppression: createSuppression([]) },
  );
  expect(both).toMatchObject([{ score: 0.9, explains: [{ name: "web" }, { name: "api" }] }]);
  expect(both[0]?.symptoms).toHaveLength(2);
});

test("a general cause gives way to a particular one about the same object, and not to one about another", () => {
  const suppression = createSuppression([{ code: "General", suppressedBy: ["Particular"] }, { code: "Particular" }]);
  expect(order([finding("General", "web", 0.99), finding("Particular", "web", 0.7)], { suppression })).toEqual(["Particular 0.56"]);
  expect(order([finding("General", "web", 0.9), finding("Particular", "api", 0.5)], { suppression })).toEqual([
    "General 0.72",
    "Particular 0.4",
  ]);
});

test("a finding too uncertain to be shown suppresses nothing", () => {
  const suppression = createSuppression([{ code: "General", suppressedBy: ["Particular"] }, { code: "Particular" }]);
  expect(order([finding("General", "web", 0.9), finding("Particular", "web", 0.6)], { suppression })).toEqual([
    "General 0.72",
    "Particular 0.48",
  ]);
});
