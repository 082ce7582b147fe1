// Three cases of a running program that reports errors.
import type { Evidence } from "#evidence/evidence.ts";
import { deployment } from "#test/evidence-sketch.ts";
import { type CasesByCode, says, withPod } from "#test/three-cases/three-cases.ts";

const web = deployment("web");
const reporting = (level: string, minute: number): Partial<Evidence> => ({
  objects: withPod(web),
  logs: [
    says(
      "web",
      Array.from(
        { length: 12 },
        (_, second) => `2027-03-01T13:${minute}:${10 + second}Z ${level} order ${second} failed: upstream carrier.example answered 503`,
      ).join("\n"),
    ),
  ],
});

export const cases: CasesByCode = {
  ReportsErrors: { holds: reporting("ERROR", 58), neighbour: "DependencyDown", contradicted: reporting("ERROR", 30) },
};
