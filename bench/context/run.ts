// `npm run bench -- context [--pods 10000]`: the CPU time that RemediationProcessing takes for one context, from full caches. Prints one JSON line; asserts nothing.
import process from "node:process";
import { parseArgs } from "node:util";
import type { Reference } from "#api/fields.ts";
import { Deployments, Namespaces, Nodes, Pods, ReplicaSets, Services } from "#api/kubernetes.ts";
import type { KubeObject, ResourceType } from "#api/object.ts";
import { createCaches } from "#kube/caches.ts";
import type { Kube } from "#kube/client.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createObserve } from "#controllers/remediation-processing/observe.ts";
import { defaultSettings } from "#policy/settings.ts";
import { largeDeployment, largePod, largeSets, podsOfSet } from "#test/large-pod.ts";
import { aProcessing } from "#test/orchestration-samples.ts";

const rounds = 200;

/** Of this thread: other processes of the machine do not count. */
const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

export const contextBench = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options: { pods: { type: "string", default: "10000" } } });
  const pods = Number(values.pods);
  const objects = largeObjects(pods);
  let calls = 0;
  const end = new AbortController();
  const kube = {
    get: () => {
      calls += 1;
      return Promise.resolve(undefined);
    },
    async *listWatch<T extends KubeObject>(
      type: ResourceType<T>,
      _scope: object,
      signal: AbortSignal,
      { take }: { take?: (object: T, how: "listed") => KubeObject } = {},
    ) {
      const items = (objects.get(type.kind) ?? []).map((object) => take?.(object as T, "listed") ?? object);
      yield { kind: "synced", items, resourceVersion: "1" };
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    },
  } as unknown as Kube;
  const caches = createCaches(kube, { log: silentLog });
  const observe = createObserve({
    kube,
    caches,
    clock: createManualClock(),
    namespace: "kintsugi-system",
    settings: () => defaultSettings,
  });
  caches.start(end.signal);
  await caches.synced();
  const times: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round += 1)
    for (const target of targetsOf(round, pods)) {
      const processing = aProcessing();
      const spec = { ...processing.spec, target, reported: { kind: target.kind, namespace: target.namespace, name: target.name } };
      const began = cpuMs();
      await observe({ ...processing, spec } as typeof processing, end.signal);
      (times[target.kind] ??= []).push(cpuMs() - began);
    }
  end.abort();
  const at = (of: readonly number[], share: number): number =>
    Number((of.toSorted((a, b) => a - b)[Math.floor(of.length * share)] ?? Number.NaN).toFixed(2));
  console.log(
    JSON.stringify({
      pods,
      calls,
      ms: Object.fromEntries(Object.entries(times).map(([kind, of]) => [kind, { p50: at(of, 0.5), p95: at(of, 0.95) }])),
    }),
  );
  return 0;
};

/** The samples have uids of eight characters, which many share. */
const distinct = <T extends KubeObject>(object: T): T => {
  const { name, ownerReferences = [] } = object.metadata;
  return {
    ...object,
    metadata: { ...object.metadata, uid: name, ownerReferences: ownerReferences.map((owner) => ({ ...owner, uid: owner.name })) },
  };
};

const meta = (name: string, namespace?: string) => ({
  ...{ name, uid: `uid-${name}`, resourceVersion: "1", creationTimestamp: "2030-01-01T00:00:00Z" },
  ...(namespace === undefined ? {} : { namespace }),
});

const largeObjects = (pods: number): ReadonlyMap<string, readonly KubeObject[]> => {
  const deployments = Array.from({ length: Math.ceil(pods / podsOfSet) }, (_, index) => distinct(largeDeployment(index * podsOfSet)));
  const service = ({ metadata: { name, namespace, labels } }: KubeObject) => ({
    ...{ apiVersion: "v1", kind: "Service", metadata: meta(name, namespace) },
    spec: { selector: labels, ports: [{ port: 80 }] },
  });
  const node = (index: number) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: meta(`node-${index}.region-1.example`),
    spec: {},
    status: { conditions: [] },
  });
  return new Map<string, readonly KubeObject[]>([
    [Pods.kind, Array.from({ length: pods }, (_, index) => distinct(largePod(index)))],
    [ReplicaSets.kind, deployments.flatMap((_, index) => largeSets(index * podsOfSet).map(distinct))],
    [Deployments.kind, deployments],
    [Services.kind, deployments.map(service)],
    [Nodes.kind, Array.from({ length: 200 }, (_, index) => node(index))],
    [
      Namespaces.kind,
      [...new Set(deployments.map(({ metadata }) => metadata.namespace))].map((name) => ({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: meta(name ?? ""),
      })),
    ],
  ]);
};

const targetsOf = (round: number, pods: number): readonly Reference[] => {
  const { metadata } = largeDeployment((round * 37 * podsOfSet) % pods);
  const inside = { namespace: metadata.namespace ?? "", name: metadata.name };
  return [
    { apiVersion: "apps/v1", kind: "Deployment", ...inside },
    { apiVersion: "v1", kind: "Service", ...inside },
    { apiVersion: "v1", kind: "Node", name: `node-${round % 200}.region-1.example` },
    { apiVersion: "v1", kind: "Namespace", name: inside.namespace },
  ];
};
