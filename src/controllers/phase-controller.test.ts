// One phase-controller on a made-up kind: what it writes, publishes and refuses, in the face of conflicts, stale caches and deletion.
import { expect, test } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import type { Transition } from "#api/transition.ts";
import type { Decision } from "#controllers/decision.ts";
import { type Acted, phaseController, type PhaseKind } from "#controllers/phase-controller.ts";
import { createStore } from "#kube/store.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { silentLog } from "#lib/log.ts";
import { aProcessing, at, stamp } from "#test/orchestration-samples.ts";

interface Words {
  readonly phase: "Pending" | "Completed" | "Failed";
  readonly reason: "Pending" | "Completed" | "Failed" | "Drifted" | "ApprovalRequested";
  readonly status: NonNullable<RemediationProcessing["status"]>;
  readonly effect: "make a child";
}
type Seen = { readonly object: RemediationProcessing };
type Given = Partial<PhaseKind<RemediationProcessing, Words, Seen>> & { readonly acted?: Acted<Seen> };

const pass = async (decision: Decision<Words>, object = aProcessing(), { acted, ...given }: Given = {}) => {
  const calls: string[] = [];
  const events: string[] = [];
  const published: Transition[] = [];
  const store = createStore<RemediationProcessing>({ onBug: (error) => expect.fail(String(error)) });
  store.noteWrite(object);
  const version = { resourceVersion: "8" };
  const kube = {
    replaceStatus: async (_type: unknown, { metadata, status }: RemediationProcessing) => {
      calls.push(`status of ${metadata.resourceVersion}`);
      return { ...object, metadata: { ...metadata, ...version }, status };
    },
    jsonPatch: async () => {
      calls.push("finalizer");
      return { ...object, metadata: { ...object.metadata, ...version, finalizers: [] } };
    },
  };
  const deps = {
    kube,
    clock: createManualClock(at(3)),
    events: { record: ({ type, reason }: { type: string; reason: string }) => void events.push(`${type} ${reason}`) },
    onTransition: (transition: Transition) => void published.push(transition),
  };
  const controller = phaseController<RemediationProcessing, Words, Seen>(deps as never, {
    name: "made-up",
    concurrency: 1,
    type: RemediationProcessing,
    store,
    watches: [],
    transitions: { Pending: ["Completed"], Completed: [], Failed: [] },
    phases: { Pending: [() => decision], Completed: [], Failed: [] },
    observe: async (seen) => ({ object: seen }),
    act: async (effect, seen) => {
      calls.push(effect);
      return acted ?? seen;
    },
    warnings: ["Drifted"],
    ...given,
  });
  const next = await controller.reconcile(object.metadata, { signal: new AbortController().signal, log: silentLog });
  return { next, calls, events, published, status: store.get(object.metadata)?.status };
};

const complete: Decision<Words> = {
  do: "transition",
  to: "Completed",
  reason: "Drifted",
  message: "m".repeat(2000),
  status: { managed: true },
  claims: [{ type: "Complete", status: "True" }],
  first: "make a child",
};

test("a transition does its effect, then writes the status by the version it read, then publishes one record", async () => {
  const { next, calls, events, published, status } = await pass(complete);
  expect([next, calls, events]).toEqual(["rest", ["make a child", "status of 7"], ["Warning Drifted"]]);
  expect(status).toMatchObject({ phase: "Completed", phaseStartedAt: stamp(3), completedAt: stamp(3), managed: true });
  expect(status?.message).toHaveLength(1024);
  expect(status?.conditions).toMatchObject([{ type: "Complete", status: "True", reason: "Drifted", lastTransitionTime: stamp(3) }]);
  const { metadata } = aProcessing();
  const subject = {
    apiVersion: API_VERSION,
    kind: "RemediationProcessing",
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
  };
  const message = "m".repeat(2000);
  expect(published).toEqual([
    { subject, from: "Pending", to: "Completed", through: [], reason: "Drifted", message, at: stamp(3), by: "made-up" },
  ]);
});

test("an edge that the table lacks is refused before anything is done", async () => {
  await expect(pass({ ...complete, to: "Failed" })).rejects.toThrow("RemediationProcessing: Pending may not become Failed");
});

test.each<[Acted<Seen>, number]>([
  ["conflict", 5000],
  ["stale", 0],
])("after an effect that meets a %s nothing is written", async (acted, afterMs) => {
  expect(await pass(complete, aProcessing(), { acted })).toMatchObject({ next: { afterMs }, calls: ["make a child"], published: [] });
});

const notice: Decision<Words> = {
  do: "updateStatus",
  status: { message: "Needs an approval." },
  claims: [{ type: "Decided", status: "False", reason: "Pending", message: "Needs an approval." }],
  notice: { reason: "ApprovalRequested", message: "Approve it." },
  untilMs: at(9),
};

test("a notice is published once: a status that is right already is not written again", async () => {
  const first = await pass(notice);
  expect(first).toMatchObject({ next: { afterMs: 6000 }, calls: ["status of 7"], events: ["Normal ApprovalRequested"] });
  expect(first.published).toMatchObject([{ from: "Pending", to: "Pending", reason: "ApprovalRequested", message: "Approve it." }]);
  const again = await pass(notice, aProcessing(first.status));
  expect(again).toMatchObject({ next: { afterMs: 6000 }, calls: [], published: [] });
});

test("a condition keeps its time while its status stays, and others are left alone", async () => {
  const condition = { type: "Complete", status: "True" as const, reason: "Old", message: "", lastTransitionTime: stamp(-9) };
  const conditions = [condition, { ...condition, type: "Other" }];
  expect((await pass(complete, aProcessing({ conditions }))).status?.conditions).toMatchObject([
    { type: "Other", reason: "Old" },
    { type: "Complete", reason: "Drifted", lastTransitionTime: stamp(-9) },
  ]);
});

test("an effect alone writes no status, and is looked at again in time", async () => {
  const decision = { do: "act", effect: "make a child", untilMs: at(4) } as const;
  expect(await pass(decision)).toMatchObject({ next: { afterMs: 1000 }, calls: ["make a child"], published: [] });
});

test("a kind without Events still publishes its transitions", async () => {
  const { events, published } = await pass(complete, aProcessing(), { warnings: undefined as never });
  expect([events, published.length]).toEqual([[], 1]);
});

const deleted = (finalizers: string[], status?: RemediationProcessing["status"]): RemediationProcessing => {
  const object = aProcessing(status);
  return { ...object, metadata: { ...object.metadata, deletionTimestamp: stamp(1), finalizers } };
};

test("an object that is being deleted is left alone, unless it holds our finalizer", async () => {
  expect(await pass(complete, deleted(["other"]))).toMatchObject({ next: "rest", calls: [] });
  expect((await pass(complete, deleted(["ours"]), { finalizer: "ours" })).calls).toEqual(["make a child", "status of 7"]);
});

test("a finalizer is removed once the object has ended, and only then", async () => {
  const ended = { phase: "Completed" } as const;
  expect(await pass(complete, deleted(["ours"], ended), { finalizer: "ours" })).toMatchObject({ next: "rest", calls: ["finalizer"] });
  expect((await pass(complete, deleted(["other"], ended), { finalizer: "ours" })).calls).toEqual([]);
  expect((await pass(complete, aProcessing(ended))).calls).toEqual([]);
});
