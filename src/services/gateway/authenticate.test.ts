import { expect, test } from "vitest";
import { createManualClock } from "#lib/manual-clock.ts";
import { BusyError, createAuthenticate } from "#services/gateway/authenticate.ts";
import { createMemoryKube, failure } from "#test/memory-kube.ts";

/** Tokens are users' names; `may-…` may create requests, `stranger-…` is nobody. */
const setUp = () => {
  const clock = createManualClock();
  const kube = createMemoryKube(() => clock.now());
  kube.answer = (_method, path, body) => {
    const { spec } = body as { spec: { token?: string; user?: string } };
    if (path.endsWith("/tokenreviews")) {
      return {
        status: spec.token?.startsWith("stranger")
          ? { authenticated: false }
          : { authenticated: true, user: { username: spec.token, groups: ["g"] } },
      };
    }
    return { status: { allowed: spec.user?.startsWith("may") ?? false } };
  };
  return { clock, kube, authenticate: createAuthenticate({ kube, clock, namespace: "kintsugi-system" }) };
};

test("a sender with rights is asked about once a minute, with two calls", async () => {
  const { clock, kube, authenticate } = setUp();
  expect(await authenticate("may-1")).toEqual({ verdict: "allowed", user: "may-1" });
  expect(kube.calls.map(({ what }) => what)).toEqual([
    "POST /apis/authentication.k8s.io/v1/tokenreviews",
    "POST /apis/authorization.k8s.io/v1/subjectaccessreviews",
  ]);
  expect(kube.calls[1]?.body).toMatchObject({
    spec: {
      user: "may-1",
      groups: ["g"],
      resourceAttributes: { namespace: "kintsugi-system", verb: "create", group: "kintsugi.dev", resource: "remediationrequests" },
    },
  });
  await clock.advance(59_999);
  await authenticate("may-1");
  expect(kube.calls).toHaveLength(2);
  await clock.advance(1);
  await authenticate("may-1");
  expect(kube.calls).toHaveLength(4);
});

test.each([
  ["a stranger", "stranger-1", "unknown", 1],
  ["a sender without rights", "user-1", "forbidden", 2],
] as const)("%s is refused for ten seconds without asking again", async (_name, token, verdict, calls) => {
  const { clock, kube, authenticate } = setUp();
  expect((await authenticate(token)).verdict).toBe(verdict);
  await clock.advance(9_999);
  expect((await authenticate(token)).verdict).toBe(verdict);
  expect(kube.calls).toHaveLength(calls);
  await clock.advance(1);
  await authenticate(token);
  expect(kube.calls).toHaveLength(2 * calls);
});

test("many deliveries at once with one token are one question", async () => {
  const { kube, authenticate } = setUp();
  await Promise.all(Array.from({ length: 50 }, () => authenticate("may-1")));
  expect(kube.calls).toHaveLength(2);
});

test("an API server that does not answer is not the sender's fault, and is not remembered", async () => {
  const { kube, authenticate } = setUp();
  kube.before = () => {
    throw failure(503, "ServiceUnavailable");
  };
  await expect(authenticate("may-1")).rejects.toThrow("ServiceUnavailable");
  kube.before = () => {};
  expect((await authenticate("may-1")).verdict).toBe("allowed");
});

test("a flood of made-up tokens neither pushes out a good one nor asks without bound", async () => {
  const { kube, authenticate } = setUp();
  await authenticate("may-1");
  for (let index = 0; index < 1_100; index += 1) await authenticate(`stranger-${index}`);
  const before = kube.calls.length;
  await authenticate("may-1");
  expect(kube.calls).toHaveLength(before);
  const asked = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => authenticate(`stranger-at-once-${index}`)));
  expect(asked.filter((outcome) => outcome.status === "rejected" && outcome.reason instanceof BusyError)).toHaveLength(4);
});

test("what was refused is forgotten, the oldest first, when too much is remembered", async () => {
  const { kube, authenticate } = setUp();
  for (let index = 0; index <= 1_000; index += 1) await authenticate(`stranger-${index}`);
  const before = kube.calls.length;
  await authenticate("stranger-1");
  expect(kube.calls).toHaveLength(before);
  await authenticate("stranger-0");
  expect(kube.calls).toHaveLength(before + 1);
});
