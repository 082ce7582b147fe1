// A namespace of healthy workloads of which only the logs say that something is wrong, read as a kubelet serves it. Read only.
import type { KubeObject } from "#api/object.ts";
import { apiVersionOf } from "#api/object.ts";
import type { ClusterReader } from "#evidence/gather.ts";
import { KubeError } from "#kube/errors.ts";
import { deployment, objects, podsOf, sketchNow } from "#test/evidence-sketch.ts";

const now = Date.parse(sketchNow);

/** One line, written at this time. */
export interface Line {
  readonly atMs: number;
  readonly text: string;
}

/** A line each `every` seconds, from so many seconds ago until so many seconds ago. */
export const every = (seconds: number, from: number, to: number, text: (at: Date, index: number) => string): readonly Line[] =>
  Array.from({ length: Math.floor((from - to) / seconds) }, (_, index) => {
    const atMs = now - from * 1000 + index * seconds * 1000;
    return { atMs, text: text(new Date(atMs), index) };
  });

export const iso = (at: Date): string => at.toISOString();
export const plain = (at: Date): string => at.toISOString().slice(0, 23).replace("T", " ");

/** What every program of the namespace writes beside its trouble: requests, timers, and errors of yesterday. */
const noise = (name: string): readonly Line[] => [
  { atMs: now - 86_400_000, text: `${iso(new Date(now - 86_400_000))} ERROR ${name}: configuration reload failed, previous values stay` },
  ...every(7, 3600, 0, (at, index) => `${iso(at)} INFO ${name} handled request ${index} in ${5 + (index % 20)}ms`),
];

const bystanders = ["ads", "billing", "catalog", "coupons", "emails", "gateway", "images", "ledger", "profiles", "ratings", "search"];

/** Answers reads as the API server and the kubelet would: `tailLines` first, then `sinceTime`, then the first `limitBytes`. */
export const logCluster = (
  logs: Readonly<Record<string, readonly Line[]>>,
  extra: readonly KubeObject[] = [],
): ClusterReader & { readonly calls: string[] } => {
  const names = [...Object.keys(logs), ...bystanders];
  const all: KubeObject[] = [
    ...names.flatMap((name) => {
      const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
      const workload = { ...deployment(name), status };
      return [workload, ...podsOf(workload, {}), ...services(name)];
    }),
    ...extra,
  ];
  const calls: string[] = [];
  const matching = (type: { readonly kind: string; readonly group: string; readonly version: string }, namespace?: string): KubeObject[] =>
    all.filter(
      (object) =>
        object.kind === type.kind &&
        object.apiVersion === apiVersionOf(type as never) &&
        (namespace === undefined || object.metadata.namespace === namespace),
    );
  return {
    calls,
    get: async (type, key) => {
      calls.push(`get ${type.plural} ${key.name}`);
      return matching(type).find(({ metadata }) => metadata.name === key.name) as never;
    },
    pages: async function* (type, scope) {
      calls.push(`list ${type.plural}`);
      yield { items: matching(type, scope?.namespace) as never, isFirst: true, isLast: true, bytes: 1000 };
    },
    request: async (_method, path) => {
      calls.push(path);
      throw new KubeError({ doing: path, status: 404, reason: "NotFound", message: "not served" });
    },
    logs: async (pod, options) => {
      calls.push(`log ${pod.name}`);
      const name = pod.name.slice(0, pod.name.indexOf("-7d9c5b8f6"));
      if (options.previous) return "";
      const { sinceTime } = options;
      const lines = [...noise(name), ...(logs[name] ?? [])].toSorted((a, b) => a.atMs - b.atMs);
      const after = sinceTime === undefined ? lines : lines.filter(({ atMs }) => atMs >= Date.parse(sinceTime));
      const texts = after.flatMap(({ atMs, text }) =>
        text.split("\n").map((line) => (options.timestamps ? `${new Date(atMs).toISOString().replace("Z", "000000Z")} ${line}` : line)),
      );
      const tail = options.tailLines === undefined ? texts : texts.slice(-options.tailLines);
      return Buffer.from(`${tail.join("\n")}\n`)
        .subarray(0, options.limitBytes ?? 1 << 20)
        .toString();
    },
  };
};

const services = (name: string): readonly KubeObject[] =>
  objects(`
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, clusterIP: 10.2.0.10, ports: [{port: 80, targetPort: 8080}]}
`);
