// The story as a reader sees it, kept as files: a change of wording is a change somebody looks at.
import { describe, expect, test } from "vitest";

import { renderStory } from "#cli/render/story-text.ts";
import { storyOf } from "#cli/render/story.ts";
import {
  approvedSample,
  awaitingApprovalSample,
  healthySample,
  needsHumanSample,
  remediatedSample,
  rolledBackSample,
  sampleStart,
} from "#test/sample-requests.ts";

const plain = { columns: 100, color: false, nowMs: sampleStart + 60_000 };

describe("the story of a request", () => {
  test.each([
    ["remediated", remediatedSample()],
    ["awaiting-approval", awaitingApprovalSample()],
    ["approved", approvedSample()],
    ["rolled-back", rolledBackSample()],
    ["needs-human", needsHumanSample()],
    ["healthy", healthySample()],
  ])("%s reads as its golden file", async (name, objects) => {
    await expect(renderStory(storyOf(objects), plain)).toMatchFileSnapshot(`__golden__/${name}.golden.txt`);
  });
});
