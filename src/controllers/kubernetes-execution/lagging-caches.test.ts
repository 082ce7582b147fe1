// A list from before a restart may show an execution whose Job has come and gone: it gets no second one.
import { expect, test } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { KubeObject } from "#api/object.ts";
import type { CachedJob } from "#cluster/cached-kinds.ts";
import { act } from "#controllers/kubernetes-execution/act.ts";
import { createStore } from "#kube/store.ts";

const execution: KubernetesExecution = {
  apiVersion: API_VERSION,
  kind: "KubernetesExecution",
  metadata: {
    namespace: "kintsugi-system",
    name: "rr-1-a1-kex-s1",
    uid: "u1",
    resourceVersion: "1",
    creationTimestamp: "2030-01-01T00:00:00Z",
  },
  spec: {
    request: "rr-1",
    workflow: "wfe-1",
    step: "s1",
    action: "rollback_deployment",
    target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
    parameters: { revision: "1" },
    changesHash: "0".repeat(64),
    timeoutSeconds: 300,
  },
  status: { phase: "Executing", phaseStartedAt: "2030-01-01T00:00:00Z" },
};
const onBug = (error: unknown): void => {
  throw error;
};

/** The calls that ensuring the Job makes, where the server holds `live`. */
const callsFor = async (live: KubernetesExecution | undefined): Promise<readonly string[]> => {
  const calls: string[] = [];
  const kube = {
    get: async ({ kind }: { readonly kind: string }) => (calls.push(`get ${kind}`), live),
    create: async (_type: unknown, object: KubeObject) => (
      calls.push(`create ${object.kind}`),
      { ...object, metadata: { ...execution.metadata, ...object.metadata } }
    ),
  };
  const executions = createStore<KubernetesExecution>({ onBug });
  executions.noteWrite(execution);
  const deps = { kube: kube as never, image: "kintsugi:1", executions, jobs: createStore<CachedJob>({ onBug }) };
  await act(deps, { type: "createJob" }, { execution }, { signal: new AbortController().signal });
  return calls;
};

test("an execution that the server shows unchanged gets its Job", async () => {
  expect(await callsFor(execution)).toEqual(["get KubernetesExecution", "create Job"]);
});

test.each<[string, KubernetesExecution | undefined]>([
  ["is gone", undefined],
  ["is another one of that name", { ...execution, metadata: { ...execution.metadata, uid: "u2" } }],
  ["is being deleted", { ...execution, metadata: { ...execution.metadata, deletionTimestamp: "2030-01-01T00:00:01Z" } }],
  ["has moved on", { ...execution, status: { ...execution.status, phase: "Verifying" } }],
  ["has a Job on record", { ...execution, status: { ...execution.status, job: { name: "rr-1-a1-kex-s1", uid: "j1" } } }],
])("an execution that %s gets none", async (_, live) => {
  expect(await callsFor(live)).toEqual(["get KubernetesExecution"]);
});
