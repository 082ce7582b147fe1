// The longest time that each field of our kinds allows is waited for without a hot loop.
import { expect, test } from "vitest";
import * as z from "zod";
import { kinds } from "#api/kinds/registry.ts";
import { createQueue } from "#kube/queue.ts";
import { longestTimerMs } from "#lib/clock.ts";
import { createManualClock } from "#lib/manual-clock.ts";

interface Schema {
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const durationsOf = (path: string, schema: Schema): (readonly [string, number | undefined])[] => [
  ...(path.endsWith("Seconds") ? [[path, schema.maximum] as const] : []),
  ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => durationsOf(`${path}.${name}`, field)),
  ...(schema.items === undefined ? [] : durationsOf(`${path}[]`, schema.items)),
];
const durations = kinds.flatMap((kind) =>
  (["spec", "status"] as const).flatMap((part) =>
    durationsOf(`${kind.kind}.${part}`, z.toJSONSchema(kind[part], { io: "input" }) as Schema),
  ),
);

test("the kinds have durations longer than one timer", () => {
  expect(durations.map(([path]) => path)).toContain("RemediationPolicy.spec.retentionSeconds");
  expect(durations.some(([, seconds]) => seconds !== undefined && seconds * 1000 > longestTimerMs)).toBe(true);
});

test.each(durations)("%s waits for at most %d seconds, and wakes once", async (_, seconds) => {
  if (seconds === undefined) throw new Error("every duration has a maximum");
  const clock = createManualClock(0);
  let wakes = 0;
  const queue = createQueue({ clock, random: () => 1, onReady: () => (wakes += 1) });
  queue.addAfter({ name: "one" }, seconds * 1000);
  let timers = 0;
  while (await clock.advanceToNext()) timers += 1;
  expect([wakes, clock.now()]).toEqual([1, seconds * 1000]);
  expect(timers).toBe(Math.ceil((seconds * 1000) / longestTimerMs));
});
