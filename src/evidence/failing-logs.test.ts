// Which logs are read when a repair has failed: of the failing containers of the object alone, the newest pod's first; and that nothing is thrown.
import { expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { failingLogs } from "#evidence/failing-logs.ts";
import type { ClusterReader } from "#evidence/gather.ts";
import { KubeError } from "#kube/errors.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { crashed, deployment, failing, podsOf } from "#test/evidence-sketch.ts";

const web = deployment("web", {}, { spec: { replicas: 2 } });
const at = (creationTimestamp: string, name: string) => ({ creationTimestamp, name, ...failing(crashed("web", 1)) });
const [set, ...pods] = podsOf(web, at("2027-03-01T13:00:00Z", "web-old"), { name: "web-well" }, at("2027-03-01T13:50:00Z", "web-new"));
const unrelated = { ...pods[0]!, metadata: { ...pods[0]!.metadata, name: "other", uid: "other", ownerReferences: [] } };
const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

const reader = (objects: readonly KubeObject[], said: string | Error): ClusterReader & { readonly asked: string[] } => {
  const asked: string[] = [];
  return {
    asked,
    get: async (type, { name }) => objects.find(({ kind, metadata }) => kind === type.kind && metadata.name === name) as never,
    pages: async function* (type) {
      yield { items: objects.filter(({ kind }) => kind === type.kind) as never, isFirst: true, isLast: true, bytes: 0 };
    },
    logs: async ({ name }) => {
      asked.push(name);
      if (said instanceof Error) throw said;
      return `${said} of ${name}`;
    },
    request: () => Promise.reject(new Error("nothing else is asked")),
  };
};
const read = (from: ClusterReader, of = target) => failingLogs(from, createManualClock(0), of, new AbortController().signal);

test("the failing pods of the object are read, the newest first, and no others", async () => {
  const kube = reader([web, set!, ...pods, unrelated], "FATAL: unsupported scheme, password=hunter2canary");
  const logs = await read(kube);
  expect(logs.map(({ pod }) => pod)).toEqual(["web-new", "web-old"]);
  expect(kube.asked.toSorted()).toEqual(["web-new", "web-old"]);
  expect(logs[0]?.text).toContain("FATAL: unsupported scheme");
  expect(JSON.stringify(logs)).not.toContain("hunter2canary");
});

test("what may not be read, does not exist or has no namespace is nothing", async () => {
  const no = new KubeError({ doing: "read", status: 403, reason: "Forbidden", message: "no" });
  expect(await read(reader([web, set!, ...pods], no))).toEqual([]);
  expect(await read(reader([], "x"))).toEqual([]);
  expect(await read(reader([], "x"), { apiVersion: "v1", kind: "Node", name: "n" } as typeof target)).toEqual([]);
});
