import { expect, test } from "vitest";
import { SIGNALS_AUDIENCE } from "#api/labels.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { type Access, createAccess } from "#services/access.ts";
import { signalRight } from "#services/gateway/gateway.ts";
import { createDirectKube, failure } from "#test/direct-kube.ts";
import { senderToken, subjectOf, testIssuer } from "#test/sender-tokens.ts";

/** `may-…` may send, `user-…` is known, everybody else is not. */
const setUp = () => {
  const clock = createManualClock();
  const kube = createDirectKube(clock);
  const revoked = new Set<string>();
  kube.answer = (_method, path, body) => {
    const { spec } = body as { spec: { token?: string; user?: string } };
    if (path.endsWith("/tokenreviews")) {
      const username = subjectOf(spec.token ?? "") ?? "";
      const isKnown = /^(may|user)-/.test(username) && !revoked.has(username);
      return isKnown
        ? { status: { authenticated: true, audiences: [SIGNALS_AUDIENCE], user: { username, groups: ["g"] } } }
        : { status: { authenticated: false } };
    }
    return { status: { allowed: spec.user?.startsWith("may") ?? false } };
  };
  const issuer = () => Promise.resolve(testIssuer);
  const review = createAccess({ kube, clock, audience: SIGNALS_AUDIENCE, issuer, advice: "Create a token." });
  const right = signalRight("kintsugi-system");
  const as = (subject: string, address = "10.0.0.1"): Promise<Access> => review({ token: senderToken(subject), address }, right);
  return { clock, kube, review, right, as, revoked };
};

test("a sender with rights is asked about once a minute, with two calls", async () => {
  const { clock, kube, as } = setUp();
  expect(await as("may-1")).toEqual({ verdict: "allowed", user: "may-1" });
  expect(kube.calls.map(({ what }) => what)).toEqual([
    "POST /apis/authentication.k8s.io/v1/tokenreviews",
    "POST /apis/authorization.k8s.io/v1/subjectaccessreviews",
  ]);
  expect(kube.calls[0]?.body).toMatchObject({ spec: { token: senderToken("may-1"), audiences: ["kintsugi"] } });
  expect(kube.calls[1]?.body).toMatchObject({
    spec: {
      user: "may-1",
      groups: ["g"],
      resourceAttributes: {
        namespace: "kintsugi-system",
        verb: "create",
        group: "kintsugi.dev",
        resource: "remediationrequests",
        subresource: "signals",
      },
    },
  });
  await clock.advance(59_999);
  await as("may-1");
  expect(kube.calls).toHaveLength(2);
  await clock.advance(1);
  await as("may-1");
  expect(kube.calls).toHaveLength(4);
});

test.each([
  ["an unknown sender", "unknown-1", "unknown", 1],
  ["a sender without rights", "user-1", "forbidden", 2],
] as const)("%s is refused for ten seconds without asking again", async (_name, subject, verdict, calls) => {
  const { clock, kube, as } = setUp();
  expect((await as(subject)).verdict).toBe(verdict);
  await clock.advance(9_999);
  expect((await as(subject)).verdict).toBe(verdict);
  expect(kube.calls).toHaveLength(calls);
  await clock.advance(1);
  await as(subject);
  expect(kube.calls).toHaveLength(2 * calls);
});

test("a revoked token is accepted for a minute at most", async () => {
  const { clock, as, revoked } = setUp();
  await as("may-1");
  revoked.add("may-1");
  await clock.advance(59_999);
  expect((await as("may-1")).verdict).toBe("allowed");
  await clock.advance(1);
  expect((await as("may-1")).verdict).toBe("unknown");
});

test("while the API server cannot be asked, a token that was accepted before is accepted for two hours, and asked about every ten seconds", async () => {
  const { clock, kube, as } = setUp();
  await as("may-1");
  await as("user-1");
  kube.before = () => {
    throw failure(0, "Connection");
  };
  await clock.advance(60_000);
  kube.calls.length = 0;
  expect(await as("may-1")).toEqual({ verdict: "allowed", user: "may-1" });
  await as("may-1");
  expect(kube.calls).toHaveLength(1);
  await clock.advance(10_000);
  await as("may-1");
  expect(kube.calls).toHaveLength(2);
  for (const other of ["user-1", "may-2"]) await expect(as(other)).rejects.toThrow("Connection");
  await clock.advance(7_200_000);
  await expect(as("may-1")).rejects.toThrow("Connection");
});

test("a token that expires or is revoked meanwhile is refused", async () => {
  const { clock, kube, review, right, as, revoked } = setUp();
  const token = senderToken("may-1", { exp: (clock.now() + 600_000) / 1000 });
  await review({ token, address: "" }, right);
  await as("may-2");
  const { before } = kube;
  kube.before = () => {
    throw failure(0, "Connection");
  };
  await clock.advance(900_000);
  await expect(review({ token, address: "" }, right)).rejects.toThrow("Connection");
  expect((await as("may-2")).verdict).toBe("allowed");
  revoked.add("may-2");
  kube.before = before;
  await clock.advance(10_000);
  expect((await as("may-2")).verdict).toBe("unknown");
});

test("a token that no API server could accept is refused without asking", async () => {
  const { kube, review, right } = setUp();
  for (const token of ["hunter2", senderToken("may-1", { aud: testIssuer }), senderToken("may-1", { iss: "https://elsewhere" })])
    expect((await review({ token, address: "" }, right)).verdict).toBe("unknown");
  expect(kube.calls).toEqual([]);
});

test("an authenticator that does not look at audiences is not believed", async () => {
  const { kube, as } = setUp();
  kube.answer = () => ({ status: { authenticated: true, user: { username: "may-1" }, allowed: true } });
  expect((await as("may-1")).verdict).toBe("unknown");
});

test("many deliveries at once with one token are one question", async () => {
  const { kube, as } = setUp();
  await Promise.all(Array.from({ length: 50 }, () => as("may-1")));
  expect(kube.calls).toHaveLength(2);
});

test("an API server that does not answer is not the sender's fault, and is not remembered", async () => {
  const { kube, as } = setUp();
  kube.before = () => {
    throw failure(503, "ServiceUnavailable");
  };
  await expect(as("may-1")).rejects.toThrow("ServiceUnavailable");
  kube.before = () => {};
  expect((await as("may-1")).verdict).toBe("allowed");
});

test("a flood of made-up tokens does not push out a good one", async () => {
  const { kube, as } = setUp();
  await as("may-1");
  for (let index = 0; index < 1_100; index += 1) await as(`unknown-${index}`);
  const before = kube.calls.length;
  await as("may-1");
  expect(kube.calls).toHaveLength(before);
});

/** Reviews that wait until they are let go, one by one. */
const withSlowReviews = () => {
  const set = setUp();
  const asked: string[] = [];
  const going: (() => void)[] = [];
  set.kube.before = ({ body }) => {
    const { token } = (body as { spec: { token?: string } }).spec;
    if (token === undefined) return;
    asked.push(subjectOf(token) ?? "");
    return new Promise<void>((resolve) => void going.push(resolve));
  };
  const settle = () => new Promise(setImmediate);
  const letGo = async (): Promise<void> => {
    going.shift()?.();
    await settle();
  };
  return { ...set, asked, going, settle, letGo };
};

test("a flood of 64 made-up tokens at once: eight are asked about, and a good one from elsewhere is the next", async () => {
  const { as, asked, going, settle, letGo } = withSlowReviews();
  const flood = Array.from({ length: 64 }, (_, index) => as(`unknown-${index}`, "10.0.0.66"));
  await settle();
  expect(asked).toHaveLength(8);
  const good = as("may-1", "10.0.0.1");
  await settle();
  await letGo();
  await letGo();
  expect(asked.slice(8)).toContain("may-1");
  while (going.length > 0) await letGo();
  expect((await good).verdict).toBe("allowed");
  expect(new Set((await Promise.all(flood)).map(({ verdict }) => verdict))).toEqual(new Set(["unknown"]));
});

test("from the address of the flood itself, twenty good ones that are not known yet are all taken in the end", async () => {
  const { as, going, settle, letGo } = withSlowReviews();
  const flood = Array.from({ length: 64 }, (_, index) => as(`unknown-${index}`));
  const good = Array.from({ length: 20 }, (_, index) => as(`may-${index}`));
  await settle();
  while (going.length > 0) await letGo();
  expect(new Set((await Promise.all(good)).map(({ verdict }) => verdict))).toEqual(new Set(["allowed"]));
  await Promise.all(flood);
});

test("a token that was good before is asked about again at once, whatever waits", async () => {
  const { clock, as, asked, going, settle, letGo } = withSlowReviews();
  const first = as("may-1");
  await settle();
  while (going.length > 0) await letGo();
  await first;
  await clock.advance(60_000);
  const flood = Array.from({ length: 64 }, (_, index) => as(`unknown-${index}`));
  await settle();
  const again = as("may-1");
  await settle();
  expect(asked.at(-1)).toBe("may-1");
  while (going.length > 0) await letGo();
  expect((await again).verdict).toBe("allowed");
  await Promise.all(flood);
});

test("what was refused is forgotten, the oldest first, when too much is remembered", async () => {
  const { kube, as } = setUp();
  for (let index = 0; index <= 1_000; index += 1) await as(`unknown-${index}`);
  const before = kube.calls.length;
  await as("unknown-1");
  expect(kube.calls).toHaveLength(before);
  await as("unknown-0");
  expect(kube.calls).toHaveLength(before + 1);
});
