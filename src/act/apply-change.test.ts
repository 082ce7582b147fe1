// One change against every answer of the API server: whether this call made it, and whether that is certain.
import { expect, test } from "vitest";
import type { Change } from "#api/change.ts";
import type { KubeObject, ObjectReference } from "#api/object.ts";
import { type Applied, applyChange, type ApplyDeps } from "#act/apply-change.ts";
import { runAct } from "#act/act.ts";
import { decodeReport } from "#actions/report.ts";
import { KubeError } from "#kube/errors.ts";
import { silentLog } from "#lib/log.ts";
import { systemClock } from "#lib/system-clock.ts";

const metadata = { namespace: "shop", name: "web", uid: "u1", resourceVersion: "1", creationTimestamp: "2030-01-01T00:00:00Z" };
const pod: KubeObject = { apiVersion: "v1", kind: "Pod", metadata };
const object: ObjectReference = { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web" };
const remove: Change = { type: "delete", object, uid: "u1" };
const evict: Change = { type: "evict", object, uid: "u1" };
const clusterScoped = { apiVersion: "v1", kind: "Node", name: "n1" };
const create: Change = { type: "create", object, content: { apiVersion: "v1", kind: "Pod", metadata: { namespace: "shop", name: "web" } } };
const exists = new KubeError({ doing: "create", status: 409, reason: "AlreadyExists", message: "it exists" });

const deps = (kube: Partial<ApplyDeps["kube"]>): ApplyDeps => ({
  kube: { get: async () => pod as never, ...kube } as ApplyDeps["kube"],
  clock: { ...systemClock, after: (_ms, callback) => systemClock.after(0, callback) },
  random: () => 0,
});

test.each<[string, Change, Partial<ApplyDeps["kube"]>, Applied | object]>([
  ["an object that was deleted meanwhile is gone already", remove, { delete: async () => "gone" }, { result: "already" }],
  ["a pod that was deleted meanwhile is evicted already", evict, { evict: async () => "gone" }, { result: "already" }],
  [
    "an object that was created meanwhile, as planned, is there already",
    create,
    { get: answers(undefined, pod), create: () => Promise.reject(exists) },
    { result: "already" },
  ],
  [
    "an object without a namespace is found by its name",
    { ...remove, object: clusterScoped },
    { get: answers({ ...pod, metadata: { ...metadata, uid: "u1" } }), delete: async () => "deleted" },
    { result: "applied" },
  ],
])("%s", async (_name, change, kube, applied) => {
  expect(await applyChange(change, deps(kube))).toEqual(applied);
});

function answers(...objects: readonly (KubeObject | undefined)[]): ApplyDeps["kube"]["get"] {
  const left = [...objects];
  return async () => left.shift() as never;
}

test("an error that is none of the API server's is not retried", async () => {
  let tries = 0;
  const get = async (): Promise<never> => {
    tries += 1;
    throw new TypeError("cannot read");
  };
  await expect(applyChange(remove, deps({ get }))).rejects.toThrow("cannot read");
  expect(tries).toBe(1);
});

test.each<[unknown, string]>([
  [new Error("the socket broke"), "the socket broke"],
  ["a text", "a value that is not an error was thrown"],
])("a Job that cannot read its execution because of %s reports it", async (thrown, message) => {
  let report = "";
  const get = (): Promise<never> => Promise.reject(thrown as Error);
  const { kube, ...rest } = deps({ get });
  const list = (): Promise<never> => Promise.reject(thrown as Error);
  const job = { ...rest, kube: { ...kube, list }, log: silentLog, writeReport: (text: string) => void (report = text) };
  expect(await runAct(job, { name: "kex-1", namespace: "kintsugi-system", hash: "" })).toBe(1);
  expect(decodeReport(report)).toEqual({ result: "Failed", changed: false, message });
});
