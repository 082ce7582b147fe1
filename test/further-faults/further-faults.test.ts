import { describe, expect, test } from "vitest";
import { leastConfidence } from "#diagnosis/rank.ts";
import { evidence } from "#test/evidence-sketch.ts";
import { namesAndRoutes } from "#test/further-faults/names-and-routes.ts";
import { podsAndNodes } from "#test/further-faults/pods-and-nodes.ts";
import type { FurtherFault } from "#test/further-faults/sketch.ts";
import { reportFrom } from "#test/report-from.ts";

const read = async () => ({ target: undefined, replicaSets: [], siblings: [], autoscalers: [] });

describe.each([
  ["names and routes", namesAndRoutes],
  ["pods and nodes", podsAndNodes],
])("a fault of %s is named by its first finding, with the object at fault and the words that decide", (_, faults) => {
  test.each(Object.entries(faults))("%s", async (__, fault: FurtherFault) => {
    const { findings } = await reportFrom(evidence(fault.evidence), read, { leastConfidence });
    const [first] = findings;
    expect(first?.code).not.toBe("Unexplained");
    expect(fault.objects).toContain(`${first?.object.kind} ${first?.object.name}`);
    const said = [first?.summary ?? "", ...(first?.chain ?? []), ...(first?.evidence ?? []).map(({ quote }) => quote)].join("\n");
    expect(said).toContain(fault.says);
    expect(
      findings
        .flatMap(({ plans }) => plans)
        .flatMap(({ steps }) => steps)
        .map(({ action }) => action)
        .filter((action) => fault.never?.includes(action)),
    ).toEqual([]);
  });
});

test("two faults in one namespace are two findings", async () => {
  const { findings } = await reportFrom(evidence(podsAndNodes["two faults in one namespace"]!.evidence), read, { leastConfidence });
  expect(findings.map(({ object }) => object.name).toSorted()).toEqual(["api", "web"]);
});
