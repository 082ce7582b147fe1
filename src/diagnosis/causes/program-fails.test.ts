import { expect, test } from "vitest";
import { programFails } from "#diagnosis/causes/program-fails.ts";
import { createView } from "#diagnosis/view.ts";
import { answers, crashed, deployment, evidence, failing, podsOf } from "#test/evidence-sketch.ts";

const web = deployment("web");
const logs = [
  { namespace: "shop", pod: "web-7d9c5b8f6-bx2z4", container: "web", run: "previous" as const, text: "fatal: cannot open ledger\n" },
];

test("a program that ends with an error from its first revision on is a person's", () => {
  expect(answers(programFails, { objects: [web, ...podsOf(web, failing(crashed("web", 1)))], logs })).toEqual([
    "ProgramFails Deployment web → person",
  ]);
});

test.each([
  ["booting\nEnvironment variable DEPLOY_ENV is undefined", "Environment variable DEPLOY_ENV is undefined"],
  ["Failed to bind to port 80\nbye", "Failed to bind to port 80"],
])("what its log says leads: %j", (text, line) => {
  const pods = podsOf(web, failing(crashed("web", 1)));
  const runs = (["current", "previous"] as const).map((run) => ({ ...logs[0]!, run, text }));
  const [finding] = programFails
    .find(createView(evidence({ objects: [web, ...pods], logs: runs })))
    .flatMap((each) => ("found" in each ? [each.found] : []));
  expect(finding?.summary).toBe(
    `Container web of Deployment shop/web exits with code 1 after 1 s: "${line}". No change of its template explains it.`,
  );
  // Both runs say the same: once is enough.
  expect(finding?.quotes.filter(({ source }) => source === "log").map(({ quote }) => quote)).toEqual([text]);
});

test("one that is killed for memory is another cause", () => {
  expect(answers(programFails, { objects: [web, ...podsOf(web, failing(crashed("web", 137, { reason: "OOMKilled" })))] })).toEqual([]);
});

test("what was ended from outside contradicts it: the program did not fail", () => {
  expect(answers(programFails, { objects: [web, ...podsOf(web, failing(crashed("web", 143)))] })).toEqual([]);
});

test("it ended while it started, came up since and is ready: no finding", () => {
  const [set, pod] = podsOf(web, {
    status: {
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2027-03-01T13:58:00Z" }],
      containerStatuses: [
        { ...crashed("web", 1, { restarts: 1 }), ready: true, state: { running: { startedAt: "2027-03-01T13:58:00Z" } } },
      ],
    },
  });
  expect(answers(programFails, { objects: [web, ...[set, pod].filter((each) => each !== undefined)] })).toEqual([]);
});
