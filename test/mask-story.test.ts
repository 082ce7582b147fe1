import { expect, test } from "vitest";
import { renderStory } from "#cli/render/story-text.ts";
import { storyOf } from "#cli/render/story.ts";
import { maskStory } from "#test/mask-story.ts";
import { remediatedSample, rolledBackSample } from "#test/sample-requests.ts";

test.each([remediatedSample(), rolledBackSample()])(
  "two runs of one scenario at other times, under other names, are one masked story",
  (sample) => {
    const moved = (text: string): string =>
      text
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => new Date(Date.parse(time) + 86_400_000 + 3_723_000).toISOString())
        .replaceAll("4f1d2c3b5a69-1", "0123456789ab-12")
        .replaceAll("7d4b9c6f5d-x2x7k", "5f6d8b9c4-zz9xk");
    const story = storyOf(sample);
    const other = JSON.parse(moved(JSON.stringify(story))) as typeof story;
    const text = (each: typeof story): string => maskStory(renderStory(each, { columns: 118, color: false }));
    expect(text(other)).toBe(text(story));
    expect(text(story)).toContain("<time>  <offset>  The alert KubePodCrashLooping began");
    expect(text(story)).toContain("revision 1");
  },
);

test("what is not drawn anew in every run stays as it is", () => {
  const kept =
    "Deployment shop/checkout: rollback_deployment (revision 1), 3 of 3 replicas, exit code 137, kintsugi-act-rollback-deployment";
  expect(maskStory(kept)).toBe(kept);
});
