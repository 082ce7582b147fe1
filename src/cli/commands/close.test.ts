// `kintsugi close`, and how requests that wait are listed and described.
import { describe, expect, test } from "vitest";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { type FakeServer, runKintsugi, whoAmIAnswer } from "#test/cli-harness.ts";
import { after, needsHumanSample } from "#test/sample-requests.ts";

const sample = needsHumanSample();
const { name } = sample.request.metadata;
const awaiting = (status: RemediationRequest["status"] = {}): RemediationRequest => ({
  ...sample.request,
  status: {
    ...sample.request.status,
    completedAt: undefined,
    phase: "AwaitingPerson",
    awaiting: {
      since: after(0),
      outcome: "ManualReviewRequired",
      answer: "ManualReviewRequired: ConfigEdited",
      lookedAt: after(0),
      looks: 2,
      reminders: 1,
    },
    ...status,
  },
});
const serverOf = (request: RemediationRequest): FakeServer => ({
  objects: [request, ...sample.analyses, ...sample.processings],
  answers: whoAmIAnswer("alice"),
});
const closeIn = ({ objects }: FakeServer): unknown => (objects[0] as RemediationRequest).spec.close;

describe("close", () => {
  test("records who closes a request that awaits a person, and why", async () => {
    const server = serverOf(awaiting());
    const ran = await runKintsugi(["close", name, "-m", "reverted by hand", "-y"], server);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toContain(`Closed ${name} as alice.`);
    expect(closeIn(server)).toEqual({ by: "alice", message: "reverted by hand" });
  });

  test.each<[string, RemediationRequest, readonly string[], RegExp]>([
    ["has ended", sample.request, ["-m", "why"], /has already ended: Failed/],
    [
      "is being repaired",
      awaiting({ phase: "Executing" }),
      ["-m", "why"],
      /is Executing: Kintsugi is working on it\nTo stop it, run: kintsugi cancel/,
    ],
    [
      "is closed already",
      { ...awaiting(), spec: { ...sample.request.spec, close: { by: "bob", message: "mine" } } },
      ["-m", "why"],
      /was already closed by bob/,
    ],
    ["is closed without a reason", awaiting(), [], /required option '-m, --message <text>'/],
  ])("is refused where the request %s", async (_why, request, words, sentence) => {
    const server = serverOf(request);
    const ran = await runKintsugi(["close", name, "-y", ...words], server);
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toMatch(sentence);
    expect(ran.requests.filter((each) => each.startsWith("PATCH"))).toEqual([]);
  });
});

describe("a request that waits", () => {
  test("is described with what it waits for, since when, and how to close it", async () => {
    const { stdout } = await runKintsugi(["describe", name], serverOf(awaiting()));
    expect(stdout).toContain("Not fixed Deployment shop/checkout");
    expect(stdout).toContain("AwaitingPerson (ManualReviewRequired): Manual fix needed.");
    expect(stdout).toContain("Waiting since 2027-03-01 14:02:18 UTC. Kintsugi analyzed again 2 times. It sent 1 reminder.");
    expect(stdout).toContain(`kintsugi close ${name} -m "why"`);
  });

  test("names the request that it follows, also after the end", async () => {
    const following = awaiting({ phase: "Following", outcome: undefined, leader: "rr-0000000000aa-1" });
    const { stdout } = await runKintsugi(["describe", name], serverOf(following));
    expect(stdout).toContain("Following Deployment shop/checkout");
    expect(stdout).toContain("rr-0000000000aa-1 works on the same root cause. Kintsugi changes nothing for this");
    expect(stdout).toContain("kintsugi describe rr-0000000000aa-1");
    const ended = awaiting({ phase: "Completed", outcome: "Remediated", completedAt: after(9_000), leader: "rr-0000000000aa-1" });
    const said = (await runKintsugi(["describe", name], serverOf(ended))).stdout;
    expect(said).toContain("Followed  Deployment shop/checkout");
    expect(said).toContain("rr-0000000000aa-1 worked on the same root cause. Nothing was changed");
  });

  test("is one row with those that follow it; -o wide lists each", async () => {
    const followers = Array.from({ length: 40 }, (_, index): RemediationRequest => {
      const called = `rr-${String(index).padStart(12, "0")}-1`;
      const following = awaiting({ phase: "Following", outcome: undefined, leader: name });
      return { ...following, metadata: { ...following.metadata, name: called, uid: called } };
    });
    const objects = [awaiting(), ...followers];
    const rows = (await runKintsugi(["get"], { objects })).stdout.trimEnd().split("\n");
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatch(/^rr-4f1d2c3b5a69-1 +checkout \(\+40\) +shop .*AwaitingPerson +ManualReviewRequired/);
    expect((await runKintsugi(["get", "-o", "wide"], { objects })).stdout.trimEnd().split("\n")).toHaveLength(42);
  });
});
