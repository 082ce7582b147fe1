import { expect, test } from "vitest";
import { createSecretNamesRight, mayReadSecrets } from "#cluster/secret-names.ts";
import { createManualClock } from "#lib/manual-clock.ts";

const answering = (answer: unknown) => {
  const asked: unknown[] = [];
  const request = async (_method: string, _path: string, body?: unknown): Promise<unknown> => {
    asked.push(body);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { kube: { request }, asked };
};

test.each([
  ["allowed", { status: { allowed: true } }, true],
  ["denied", { status: { allowed: false } }, false],
  ["an answer of another shape", {}, false],
  ["a review that fails", new Error("503"), false],
])("%s", async (_name, answer, expected) => {
  const { kube, asked } = answering(answer);
  expect(await mayReadSecrets(kube, "list")).toBe(expected);
  expect(asked).toMatchObject([{ spec: { resourceAttributes: { verb: "list", resource: "secrets" } } }]);
});

test("one review in ten minutes, however often it is asked", async () => {
  const { kube, asked } = answering({ status: { allowed: true } });
  const clock = createManualClock(0);
  const right = createSecretNamesRight(kube, clock);
  expect([await right(), await right()]).toEqual([true, true]);
  expect(asked).toHaveLength(1);
  await clock.advance(600_000);
  await right();
  expect(asked).toHaveLength(2);
});
