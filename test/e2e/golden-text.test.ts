import { expect, test } from "vitest";
import { renderStory } from "#cli/render/story-text.ts";
import { storyOf } from "#story/story-of.ts";
import { goldenStory, goldenTable } from "#test/e2e/golden-text.ts";
import { remediatedSample, rolledBackSample } from "#test/sample-requests.ts";

test.each([remediatedSample(), rolledBackSample()])("two runs at other times, under other names, are one golden story", (sample) => {
  const moved = (text: string): string =>
    text
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => new Date(Date.parse(time) + 86_400_000 + 3_723_000).toISOString())
      .replaceAll("4f1d2c3b5a69-1", "0123456789ab-12")
      .replaceAll("7d4b9c6f5d-x2x7k", "5f6d8b9c4-zz9xk");
  const story = storyOf(sample);
  const other = JSON.parse(moved(JSON.stringify(story))) as typeof story;
  const golden = (each: typeof story): string => goldenStory(renderStory(each, { columns: 100, color: false }), "shop", "shop");
  expect(golden(other)).toBe(golden(story));
  expect(golden(story)).toContain("<time>  <offset>  Alert KubePodCrashLooping started");
  expect(golden(story)).toContain("revision 1");
});

test("a paragraph is one line wherever it was broken, and a change keeps its lines", () => {
  const text = (broken: string): string =>
    ["HEADING", `  • a point${broken}that goes on`, "  • another", "", "CHANGE", "  @@ a @@", "    - b", "      c", ""].join("\n");
  const golden = goldenStory(text("\n    "), "none", "none");
  expect(golden).toBe(goldenStory(text(" "), "none", "none"));
  expect(golden).toContain("  • a point that goes on\n  • another\n");
  expect(golden).toContain("    - b\n      c\n");
});

test.each([
  ["Pod shop-x7k2p/checkout-7d4b9c6f5d-x2x7k of checkout-7d4b9c6f5d", "Pod shop/checkout-<pod> of checkout-<revision>"],
  ["pod=checkout-7d4b9c6f5d-x2x7k_shop-x7k2p", "pod=checkout-<pod>_shop"],
  ["  14:07:40  +5m 22s  Ended", "  <time>  <offset>  Ended"],
  ["rr-4f1d2c3b5a69-1-a1-kex-s1 took 5m 22s", "rr-<id>-a1-kex-s1 took <duration>"],
  ["rr-4f1d2c3b5a69-1-a1-kex-s1 took 1m.", "rr-<id>-a1-kex-s1 took <duration>."],
  ["cpu: 10m, memory: 32Mi, 3 of 3 replicas, exit code 137", "cpu: 10m, memory: 32Mi, 3 of 3 replicas, exit code 137"],
  ["Cause     It is so,\n          and so", "Cause     It is so, and so"],
  ["Repaired  Deployment shop-x7k2p/checkout  in 1m  rr-4f1d2c3b5a69-1", "Repaired  Deployment shop/checkout  in <duration>  rr-<id>"],
  ["Action    Rolled back; healthy for 5s, alert KubePodCrashLooping resolved", "Action    Rolled back; healthy for <duration>"],
  ["delivered once", "delivered <n> times"],
  ["delivered 2 times, resolved at 14:07:40", "delivered <n> times"],
  [
    "  • container a of Pod b: Waiting (CrashLoopBackOff), exit code 1, restarted once",
    "  • container a of Pod b: <crash loop>, exit code 1",
  ],
  ["  • container a of Pod b: Terminated (OOMKilled), exit code 137", "  • container a of Pod b: <crash loop>, exit code 137"],
  ["    │ container a: terminated; Error; exit code 1; 2 restarts", "    │ container a: <crash loop>; Error; exit code 1"],
  ["  • Node n2 (runs it; ready)", "  • Node <node> (runs it; ready)"],
])("%s reads %s", (text, golden) => expect(goldenStory(text, "shop-x7k2p", "shop")).toBe(golden));

test.each([
  "  • container a of Pod b: Running",
  "  • container a of Pod b: Waiting (CreateContainerConfigError)",
  "    │ container a: waiting; CreateContainerError; 0 restarts",
  "    │ Failed: the registry refuses to answer",
  "  ReleaseCrashes: Kintsugi can fix this, confidence 0.51",
  "  MemoryLimitTooSmall: Kintsugi can fix this, confidence 0.51",
  "  • Node <node> (runs it; not ready)",
])("%s keeps its state, number and message", (text) => expect(goldenStory(text, "shop", "shop")).toBe(text));

test("a link of the chain that depends on the moment leaves no gap", () => {
  expect(goldenStory("  1. a\n  2. it has been restarted twice\n  3. c", "shop", "shop")).toBe("  1. a\n  2. c");
});

test("a table does not depend on the age, nor on the width of what was masked", () => {
  const table = (id: string, age: string): string => `NAME${" ".repeat(id.length)}  CAUSE  AGE\n${id}  it is so  ${age}\n`;
  expect(goldenTable(table("rr-0123456789ab-1", "9s"), "a", "a")).toBe(goldenTable(table("rr-0123456789ab-12", "2m1s"), "a", "a"));
  expect(goldenTable(table("rr-0123456789ab-1", "9s"), "a", "a")).toBe("NAME  CAUSE  AGE\nrr-<id>  it is so  <age>\n");
});

test("what two pods or two runs say alike is kept once, in each chapter", () => {
  const quote = (pod: string, line: string): string => `  Log of Pod shop/web-${pod}:\n    │ ${line}\n`;
  const said = `WHY\n${quote("5d4f8c6b7-bcdfg", "boom")}${quote("5d4f8c6b7-hjklm", "boom")}${quote("5d4f8c6b7-hjklm", "bang")}WHAT\n${quote("5d4f8c6b7-hjklm", "boom")}`;
  expect(goldenStory(said, "shop", "shop").match(/boom|bang/g)).toEqual(["boom", "bang", "boom"]);
});
