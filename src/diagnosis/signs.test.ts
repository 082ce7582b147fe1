// The index from signs to causes loses nothing: what a cause finds without it, it finds with it.
import { describe, expect, test } from "vitest";
import { causes } from "#diagnosis/registry.ts";
import { shownBy, signsOf } from "#diagnosis/signs.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { containerStatus, deployment, evidence, failing, podsOf, warning } from "#test/evidence-sketch.ts";
import { casesByCode } from "#test/three-cases/registry.ts";

const foundIn = (parts: Partial<Evidence>, among: typeof causes): readonly string[] => {
  const view = createView(evidence(parts));
  return among.flatMap(({ code, find }) => (find(view).some((each) => "found" in each) ? [code] : []));
};

describe.each(Object.entries(casesByCode))("%s", (_, { holds, contradicted }) => {
  test.each([
    ["holds", holds],
    ["contradicted", contradicted],
  ])("the index loses no finding where it is %s", (_name, parts) => {
    expect(foundIn(parts, shownBy(causes, evidence(parts)))).toEqual(foundIn(parts, causes));
  });
});

test("kinds, phases, conditions, events and containers are signs", () => {
  const web = deployment("web");
  const objects = [web, ...podsOf(web, failing(containerStatus("web", { waiting: { reason: "ErrImagePull" } }, { restartCount: 1 })))];
  const signs = signsOf(evidence({ objects, events: [warning(web, "FailedCreate", "no")] }));
  expect([...signs].toSorted()).toEqual(
    [
      "Deployment",
      "Pod",
      "Pod PodScheduled=True",
      "Pod Ready=False",
      "Pod Running",
      "ReplicaSet",
      "conditions",
      "ended",
      "event FailedCreate",
      "waiting",
      "waiting ErrImagePull",
    ].toSorted(),
  );
});

test("a quiet cluster runs few causes", () => {
  const web = deployment("web");
  const quiet = evidence({ objects: [web, ...podsOf(web, {})] });
  expect(shownBy(causes, quiet).length).toBeLessThan(causes.length);
});
