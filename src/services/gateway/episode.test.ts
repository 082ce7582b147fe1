import { describe, expect, test } from "vitest";
import type { RemediationRequest, RequestPhase } from "#api/kinds/remediation-request.ts";
import { RequestPhase as Phases, requestTransitions } from "#api/kinds/remediation-request.ts";
import { decideEpisode, type EpisodeDecision, maxAlerts } from "#services/gateway/episode.ts";
import type { Signal } from "#services/gateway/signal.ts";

const t0 = Date.UTC(2030, 0, 1);
const minute = 60_000;
const at = (minutes: number): string => new Date(t0 + minutes * minute).toISOString();

const firing = (fingerprint: string, startsAtMinute: number): Signal => ({
  status: "firing",
  name: "KubePodCrashLooping",
  fingerprint,
  severity: "critical",
  startsAtMs: t0 + startsAtMinute * minute,
  source: "prometheus",
  labels: {},
  annotations: {},
  reported: { kind: "Pod", namespace: "shop", name: "web-1" },
});
const resolved = (fingerprint: string, startsAtMinute: number): Signal => ({ ...firing(fingerprint, startsAtMinute), status: "resolved" });

interface Shape {
  readonly n?: number;
  readonly phase?: RequestPhase;
  readonly completedAt?: number;
  readonly alerts?: Readonly<Record<string, { readonly startsAt: number; readonly resolvedAt?: number }>>;
  readonly deleting?: true;
}
/** Its first alert is `first`, from minute 0. */
const request = ({ n = 1, phase, completedAt, alerts, deleting }: Shape = {}): RemediationRequest => ({
  apiVersion: "kintsugi.dev/v1alpha1",
  kind: "RemediationRequest",
  metadata: {
    name: `rr-0123456789ab-${n}`,
    namespace: "kintsugi-system",
    uid: `uid-${n}`,
    resourceVersion: "1",
    creationTimestamp: at(1),
    ...(deleting ? { deletionTimestamp: at(2) } : {}),
  },
  spec: {
    alert: { name: "A", fingerprint: "first", severity: "critical", startsAt: at(0), source: "prometheus", labels: {}, annotations: {} },
    reported: { kind: "Pod", namespace: "shop", name: "web-1" },
    target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
  },
  status: {
    ...(phase === undefined ? {} : { phase }),
    ...(completedAt === undefined ? {} : { completedAt: at(completedAt) }),
    ...(alerts === undefined
      ? {}
      : {
          alerts: Object.fromEntries(
            Object.entries(alerts).map(([key, { startsAt, resolvedAt }]) => [
              key,
              {
                name: "A",
                startsAt: at(startsAt),
                lastSeen: at(startsAt),
                count: 1,
                ...(resolvedAt === undefined ? {} : { resolvedAt: at(resolvedAt) }),
              },
            ]),
          ),
        }),
  },
});

const decide = (signal: Signal, requests: readonly RemediationRequest[], nowMinute: number): string => {
  const isTaken = (n: number): boolean => requests.some(({ metadata }) => metadata.name.endsWith(`-${n}`));
  const decision = decideEpisode(signal, { requests, isTaken, coolOffSeconds: 1800, nowMs: t0 + nowMinute * minute });
  return words(decision);
};
const words = (decision: EpisodeDecision): string => {
  if (decision.do === "create") return `create ${decision.n}`;
  const name = decision.request === undefined ? "" : ` ${decision.request.metadata.name.slice(-1)}`;
  return decision.do === "nothing" ? `nothing${name}: ${decision.why}` : `${decision.do}${name} ${decision.key}`;
};

const done = { phase: "Completed", completedAt: 10 } as const;
const full = Object.fromEntries(Array.from({ length: maxAlerts - 1 }, (_, index) => [`f${index}`, { startsAt: 0 }]));

describe("a firing alert", () => {
  test.each<[string, Signal, readonly RemediationRequest[], number, string]>([
    ["of a target without requests opens the first episode", firing("a", 0), [], 1, "create 1"],
    ["that opened the request is known, though no status was written yet", firing("first", 0), [request()], 2, "count 1 first"],
    ["that the active request does not know joins it", firing("a", 1), [request({ phase: "Executing" })], 2, "join 1 a"],
    ["that joined before is counted", firing("a", 1), [request({ alerts: { a: { startsAt: 1 } } })], 2, "count 1 a"],
    ["whose name objects inherit joins", firing("constructor", 1), [request({ alerts: {} })], 2, "join 1 constructor"],
    [
      "that fires again after it was resolved joins again",
      firing("a", 5),
      [request({ alerts: { a: { startsAt: 1, resolvedAt: 3 } } })],
      6,
      "join 1 a",
    ],
    [
      "that arrives late, after its own end, is only counted",
      firing("a", 1),
      [request({ alerts: { a: { startsAt: 1, resolvedAt: 3 } } })],
      4,
      "count 1 a",
    ],
    ["beyond the bound is counted under other", firing("a", 1), [request({ alerts: full })], 2, "count 1 other"],
    ["beyond the bound that is known keeps its own count", firing("f7", 0), [request({ alerts: full })], 2, "count 1 f7"],
    [
      "the key other does not take a place",
      firing("a", 1),
      [request({ alerts: { ...Object.fromEntries(Object.entries(full).slice(1)), other: { startsAt: 0 } } })],
      2,
      "join 1 a",
    ],
    ["from before the end of a finished request belongs to it", firing("first", 0), [request(done)], 20, "count 1 first"],
    ["that is new, but from before that end, joins the finished request", firing("a", 9), [request(done)], 20, "join 1 a"],
    ["from the very moment of the end belongs to it", firing("a", 10), [request(done)], 20, "join 1 a"],
    ["from after the end is a new episode at once", firing("first", 11), [request(done)], 12, "create 2"],
    ["that still fires when the cool-off is over is a new episode", firing("first", 0), [request(done)], 40, "create 2"],
    ["a moment before that it is not", firing("first", 0), [request(done)], 39.99, "count 1 first"],
    ["a finished request without an end ended when it was made", firing("a", 2), [request({ phase: "Failed" })], 3, "create 2"],
    ["joins the active one, not the finished one", firing("a", 0), [request(done), request({ n: 2 })], 20, "join 2 a"],
    ["joins the active one, though a later number is finished", firing("a", 0), [request(), request({ n: 2, ...done })], 20, "join 1 a"],
    [
      "looks at the newest of the finished ones",
      firing("a", 15),
      [request(done), request({ n: 2, phase: "Failed", completedAt: 20 })],
      25,
      "join 2 a",
    ],
    ["numbers are numbers, not text", firing("a", 99), [request({ n: 9, ...done }), request({ n: 10, ...done })], 100, "create 11"],
    ["does not join what is being deleted, nor take its number", firing("a", 1), [request({ n: 3, deleting: true })], 2, "create 4"],
  ])("%s", (_name, signal, requests, nowMinute, expected) => expect(decide(signal, requests, nowMinute)).toBe(expected));

  test.each(Phases.options)("in phase %s: joins unless the request has ended", (phase) => {
    const ended = requestTransitions[phase].length === 0;
    expect(decide(firing("a", 11), [request({ phase, completedAt: 10 })], 12)).toBe(ended ? "create 2" : "join 1 a");
  });
});

describe("a resolved alert", () => {
  test.each<[string, Signal, readonly RemediationRequest[], string]>([
    ["that never fired changes nothing", resolved("a", 0), [], "nothing: no request knows this alert"],
    ["that the request does not know says nothing", resolved("a", 0), [request()], "nothing: no request knows this alert"],
    ["that opened the request is recorded", resolved("first", 0), [request()], "resolve 1 first"],
    ["that joined is recorded", resolved("a", 1), [request({ alerts: { a: { startsAt: 1 } } })], "resolve 1 a"],
    [
      "whose end is recorded says nothing new",
      resolved("a", 1),
      [request({ alerts: { a: { startsAt: 1, resolvedAt: 2 } } })],
      "nothing 1: its end is already recorded",
    ],
    [
      "of an earlier firing says nothing about this one",
      resolved("a", 1),
      [request({ alerts: { a: { startsAt: 3 } } })],
      "nothing 1: it has fired again since",
    ],
    ["is recorded with a finished request too", resolved("first", 0), [request(done)], "resolve 1 first"],
    ["goes to the newest request that knows it", resolved("first", 0), [request(done), request({ n: 2 })], "resolve 2 first"],
    ["does not touch what is being deleted", resolved("first", 0), [request({ deleting: true })], "nothing: no request knows this alert"],
  ])("%s", (_name, signal, requests, expected) => expect(decide(signal, requests, 20)).toBe(expected));
});

test("a number that another target's request has is passed over, however many there are", () => {
  const view = { requests: [request({ n: 2, phase: "Completed", completedAt: 1 })], coolOffSeconds: 1800, nowMs: t0 + 60 * minute };
  expect(decideEpisode(firing("first", 30), { ...view, isTaken: (n) => n <= 5_000 })).toEqual({ do: "create", n: 5_001 });
  expect(decideEpisode(firing("first", 30), { ...view, requests: [], isTaken: () => false })).toEqual({ do: "create", n: 1 });
});

test("a name with a number too large to count on from does not stop the counting", () => {
  const large = request({ phase: "Completed", completedAt: 1 });
  const named = { ...large, metadata: { ...large.metadata, name: "rr-0123456789ab-99999999999999999999" } };
  const view = { coolOffSeconds: 1800, nowMs: t0 + 60 * minute, isTaken: () => false };
  expect(decideEpisode(firing("first", 30), { ...view, requests: [named] })).toEqual({ do: "create", n: 1 });
});

test("an alert whose start is said to be in the future belongs to the request until its cool-off is over", () => {
  const ended = request({ phase: "Completed", completedAt: 10 });
  const ahead = (minutes: number): Signal => ({ ...firing("first", minutes), startsInFuture: true });
  const at15 = { requests: [ended], coolOffSeconds: 1800, nowMs: t0 + 15 * minute, isTaken: () => false };
  expect(decideEpisode(ahead(15), at15)).toMatchObject({ do: "count" });
  expect(decideEpisode(firing("first", 15), at15)).toMatchObject({ do: "create" });
  expect(decideEpisode(ahead(40), { ...at15, nowMs: t0 + 40 * minute })).toMatchObject({ do: "create" });
});
