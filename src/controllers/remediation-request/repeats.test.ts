import { describe, expect, test } from "vitest";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { repeatsOf, repeatText } from "#controllers/remediation-request/repeats.ts";
import type { OutsideChange } from "#controllers/remediation-request/outside-changes.ts";
import { aPlan, aStep, at, aWorkflow, stamp, target } from "#test/orchestration-samples.ts";

const repairedBy = (
  request: string,
  seconds: number,
  more: Partial<WorkflowExecution["spec"]> = {},
  phase: "Completed" | "RolledBack" = "Completed",
) => aWorkflow({ phase, completedAt: stamp(seconds) }, { request, ...more });
const scaled = { steps: [aStep("s1", { action: "scale_deployment", parameters: { replicas: "3" } })] };
const plan = aPlan();
const day = 24 * 3600;

describe("a repair of one object is made again", () => {
  test.each<[string, WorkflowExecution[], number]>([
    ["the second time", [repairedBy("rr-a", 0)], 100],
    ["where another repair was made twice", [repairedBy("rr-a", 0, scaled), repairedBy("rr-b", 50, scaled)], 100],
    ["where it was undone itself", [repairedBy("rr-a", 0), repairedBy("rr-b", 50, {}, "RolledBack")], 100],
    ["a day later", [repairedBy("rr-a", 0), repairedBy("rr-b", 50)], day + 51],
  ])("%s", (_when, done, seconds) => {
    expect(repeatsOf(plan, done, at(seconds))).toBeUndefined();
  });
});

describe("a repair that was made twice in a day and is needed again", () => {
  const edit: OutsideChange = { atMs: at(60), by: "argocd", object: target, text: "argocd changed spec.template of Deployment shop/web" };

  test("names its requests and the client that reverts it", () => {
    const repeats = repeatsOf(plan, [repairedBy("rr-b", 50), repairedBy("rr-a", 0)], at(100));
    expect(repeats && repeatText(plan, repeats, [edit, edit])).toBe(
      "rollback_deployment on Deployment shop/web (revision 1) was made 2 times in 24 h (rr-a and rr-b) and did not last. " +
        "Since then, argocd changed spec.template of Deployment shop/web. Decide which is right.",
    );
  });

  test("names the repair that undoes it", () => {
    const repeats = repeatsOf(plan, [repairedBy("rr-a", 0), repairedBy("rr-b", 50, scaled), repairedBy("rr-c", 90)], at(100));
    expect(repeats && repeatText(plan, repeats, [])).toContain(
      "Since then, rr-b made scale_deployment on Deployment shop/web (replicas 3).",
    );
  });

  test("says where it is not known what undid it", () => {
    const repeats = repeatsOf(plan, [repairedBy("rr-a", 0), repairedBy("rr-b", 50)], at(100));
    expect(repeats && repeatText(plan, repeats, [])).toContain("What undid it is not known.");
  });
});
