// The story as data, without a renderer: order of the timeline, head and next steps.
import { describe, expect, test } from "vitest";
import { storyOf } from "#story/story-of.ts";
import {
  approvedSample,
  awaitingApprovalSample,
  healthySample,
  needsHumanSample,
  remediatedSample,
  rolledBackSample,
} from "#test/sample-requests.ts";

describe("head and next steps", () => {
  test.each([
    ["Repaired", "good", remediatedSample(), 0],
    ["Waiting", "waiting", awaitingApprovalSample(), 2],
    ["Undone", "bad", rolledBackSample(), 1],
    ["Not fixed", "waiting", needsHumanSample(), 1],
    ["Healthy", "good", healthySample(), 0],
  ] as const)("%s is %s", (state, tone, objects, steps) => {
    const { head, next } = storyOf(objects);
    expect([head.state, head.tone, next.length]).toEqual([state, tone, steps]);
    expect(head.cause).not.toBe("");
    expect(head.action).not.toBe("");
  });
});

describe("the timeline", () => {
  test("is ordered by time, and by cause and effect within a second", () => {
    for (const objects of [remediatedSample(), approvedSample(), rolledBackSample()]) {
      const offsets = storyOf(objects).timeline.map((moment) => moment.offsetSeconds);
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    }
    const moments = storyOf(remediatedSample()).timeline.map((moment) => moment.what);
    // By the bare numbers the workflow, whose creation has no fraction, would come before the cause that led to it.
    expect(moments.findIndex((what) => what.startsWith("Cause found"))).toBeLessThan(
      moments.findIndex((what) => what.startsWith("Repair started")),
    );
  });

  test("a time that cannot be read is left out", () => {
    const objects = remediatedSample();
    const request = { ...objects.request, status: { ...objects.request.status, completedAt: "soon" } };
    const story = storyOf({ ...objects, request });
    expect(story.timeline.some((moment) => moment.what.startsWith("Ended"))).toBe(false);
  });
});
