import { expect, test } from "vitest";
import { showProgress } from "#cli/progress.ts";
import { createManualClock } from "#lib/manual-clock.ts";

const shown = async (showsProgress: boolean): Promise<string> => {
  let text = "";
  const clock = createManualClock(0);
  const deps = { clock, showsProgress, stderr: { write: (more: string) => (text += more) } };
  const progress = showProgress({ deps: deps as never });
  progress.report({ objects: 10, calls: 1 });
  await clock.advance(2_500);
  progress.report({ objects: 500, calls: 9 });
  progress.report({ objects: 501, calls: 9 });
  progress.end();
  return text;
};

test("after two seconds the progress is shown a few times a second, and the line is removed at the end", async () => {
  expect(await shown(true)).toBe("\r\u001b[Kreading the cluster: 500 objects, 9 calls\r\u001b[K");
});

test("without a terminal on stderr nothing is shown", async () => {
  expect(await shown(false)).toBe("");
});
