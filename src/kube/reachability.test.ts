import { expect, test } from "vitest";
import { createReachability } from "#kube/reachability.ts";
import { createManualClock } from "#lib/manual-clock.ts";

test("an outage is reported when no call was answered for ten seconds, with the time of the last answer", async () => {
  const clock = createManualClock();
  const { answered, failed, silentSince } = createReachability(clock);
  await clock.advance(60_000);
  expect(silentSince()).toBe(undefined);
  answered();
  const lastAnswer = clock.now();
  await clock.advance(4_000);
  failed();
  await clock.advance(5_999);
  expect(silentSince()).toBe(undefined);
  await clock.advance(1);
  expect(silentSince()).toBe(lastAnswer);
  answered();
  expect(silentSince()).toBe(undefined);
});

test("a wall clock that is set forward makes no outage", () => {
  let aheadMs = 0;
  const clock = createManualClock();
  const { failed, silentSince } = createReachability({ now: () => clock.now() + aheadMs, uptime: clock.uptime });
  failed();
  aheadMs = 3_600_000;
  expect(silentSince()).toBe(undefined);
});
