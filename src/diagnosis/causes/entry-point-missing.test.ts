import { expect, test } from "vitest";
import { entryPointMissing } from "#diagnosis/causes/entry-point-missing.ts";
import { answers, crashed, deployment, failing, podsOf } from "#test/evidence-sketch.ts";

const web = deployment("web", { command: ["serve"] });
const says = (message: string): ReturnType<typeof podsOf> => podsOf(web, failing(crashed("web", 128, { reason: "StartError", message })));

test.each([
  'failed to create containerd task: runc create failed: exec: "serve": executable file not found in $PATH: unknown',
  'runc create failed: exec: "/app/serve": stat /app/serve: no such file or directory: unknown',
  'runc create failed: exec: "/app/serve": permission denied: unknown',
])("the runtime could not execute it: %s", (message) => {
  expect(answers(entryPointMissing, { objects: [web, ...says(message)] })).toEqual(["EntryPointMissing Deployment web → person"]);
});

test("an image for another architecture shows in the log", () => {
  const logs = [
    {
      namespace: "shop",
      pod: "web-7d9c5b8f6-bx2z4",
      container: "web",
      run: "previous" as const,
      text: "exec /app/serve: exec format error\n",
    },
  ];
  expect(answers(entryPointMissing, { objects: [web, ...podsOf(web, failing(crashed("web", 1)))], logs })).toHaveLength(1);
});

test("a program that runs and then fails is another cause", () => {
  expect(answers(entryPointMissing, { objects: [web, ...podsOf(web, failing(crashed("web", 1)))] })).toEqual([]);
});

test("a message about something else contradicts it", () => {
  expect(answers(entryPointMissing, { objects: [web, ...says("failed to create shim task: context deadline exceeded")] })).toEqual([]);
});
