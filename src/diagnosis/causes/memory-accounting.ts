// Containers that run out of memory for a reason outside of their program: a default limit of the namespace, files of a memory-backed volume, the
// runtime's own heap limit.
import { type ContainerStatus, LimitRanges, type Pod } from "#api/kubernetes.ts";
import { containerOf, memoryLimitOf } from "#diagnosis/containers.ts";
import { lineIn, lineQuote } from "#diagnosis/log-lines.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { rollbackUnlike } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { parseQuantity } from "#lib/quantity.ts";

interface Killed {
  readonly workload: Workload;
  readonly pod: Pod;
  readonly status: ContainerStatus;
  readonly name: string;
}

const endsOf = ({ state, lastState }: ContainerStatus) => [state?.terminated, lastState?.terminated].filter((end) => end !== undefined);

const endedWith = (view: View, is: (end: { readonly exitCode: number; readonly reason?: string }) => boolean): readonly Killed[] =>
  view.workloads.flatMap((workload) => {
    for (const pod of workload.pods.toReversed())
      for (const status of pod.status?.containerStatuses ?? [])
        if (endsOf(status).some(is)) return [{ workload, pod, status, name: status.name }];
    return [];
  });

const outOfMemory = (view: View): readonly Killed[] => endedWith(view, ({ reason }) => reason === "OOMKilled");

const endQuote = ({ pod, status }: Killed) => {
  const [end] = endsOf(status).toReversed();
  return objectQuote(
    pod,
    `container ${status.name}: last run ended with ${end?.reason ?? ""}, exit code ${end?.exitCode ?? ""}; ${status.restartCount} restarts`,
  );
};

const limitOf = ({ pod, name }: Killed): string => memoryLimitOf(pod.spec, name) ?? "none";

export const limitFromLimitRange = cause({
  code: "LimitFromLimitRange",
  title: "A default memory limit that is too small",
  reads: "Containers that were OOMKilled, the annotation of the LimitRanger, and LimitRanges.",
  means: "The template sets no limit; admission added the default of a LimitRange, which is less than the program needs.",
  needs: ["objects.Pod", "objects.LimitRange"],
  signs: ["ended"],
  of: (view: View) =>
    outOfMemory(view).flatMap((killed) => {
      const { workload, name, pod } = killed;
      const note = pod.metadata.annotations?.["kubernetes.io/limit-ranger"] ?? "";
      const isOwn = memoryLimitOf(workload.template.spec, name) !== undefined;
      const range = view
        .all(LimitRanges, workload.reference.namespace)
        .find(({ spec }) => spec.limits?.some(({ type, default: given }) => type === "Container" && given?.["memory"] !== undefined));
      const object = range ?? {
        kind: "LimitRange",
        apiVersion: "v1",
        namespace: workload.reference.namespace ?? "",
        name: "of its namespace",
      };
      return isOwn ? [] : [{ ...killed, note, range, object, limit: limitOf(killed) }];
    }),
  when: [
    { is: "the pod has a memory limit that its template does not set", holds: ({ limit }) => limit !== "none" },
    { is: "a LimitRange of the namespace has a default", holds: ({ range, note }) => range !== undefined || note.includes("memory limit") },
  ],
  supports: [
    {
      is: "the LimitRanger notes that it set the limit",
      holds: ({ note, name }) => note.includes(`memory limit for container ${name}`),
      weight: 2,
    },
  ],
  says: "Container {name} of {workload} is OOMKilled at {limit}, the default memory limit of {object}; its own template sets none.",
  chain: "{object} sets limits.memory {limit} in pods without one → container {name} needs more → OOMKilled",
  quotes: (killed) => [
    endQuote(killed),
    killed.range === undefined ? undefined : objectQuote(killed.range, `limits: ${JSON.stringify(killed.range.spec.limits)}`),
    killed.note === "" ? undefined : objectQuote(killed.pod, `kubernetes.io/limit-ranger: ${killed.note}`),
  ],
  explains: ({ range, workload }) => (range === undefined ? [workload] : [workload, range]),
  otherwise: "set requests and limits of memory in the pod template, or raise the default of the LimitRange",
});

const memoryVolumes = ({ template }: Workload, container: string): readonly { readonly name: string; readonly path: string }[] =>
  (template.spec.volumes ?? []).flatMap((volume) => {
    const { medium } = (volume["emptyDir"] ?? {}) as { readonly medium?: string };
    const mount = containerOf(template.spec, container)?.volumeMounts?.find(({ name }) => name === volume.name);
    return medium === "Memory" && mount !== undefined ? [{ name: volume.name, path: mount.mountPath }] : [];
  });

export const tmpfsCountsAsMemory = cause({
  code: "TmpfsCountsAsMemory",
  title: "Files in a memory-backed volume that count as memory",
  reads: "Containers that were OOMKilled, and their emptyDir volumes of medium Memory.",
  means: "Files that a container writes to such a volume count against its memory limit.",
  needs: ["objects.Pod"],
  signs: ["ended"],
  of: (view: View) =>
    outOfMemory(view).flatMap((killed) => {
      const [volume] = memoryVolumes(killed.workload, killed.name);
      return volume === undefined ? [] : [{ ...killed, volume: volume.name, path: volume.path, limit: limitOf(killed) }];
    }),
  when: [{ is: "it has a memory limit", holds: ({ limit }) => limit !== "none" }],
  supports: [
    {
      is: "its log or command names the path",
      holds: ({ workload, path, name }, view) =>
        view.logsOf(workload).some(({ text }) => text.includes(path)) ||
        JSON.stringify(containerOf(workload.template.spec, name) ?? {}).split(path).length > 2,
      weight: 2,
    },
  ],
  says: "Container {name} of {workload} is OOMKilled: files in volume {volume} ({path}, emptyDir with medium Memory) count against its memory limit of {limit}.",
  chain: "emptyDir {volume} with medium Memory → files in {path} count as memory of container {name} → OOMKilled at {limit}",
  quotes: (killed) => [
    endQuote(killed),
    objectQuote(killed.workload, `volume ${killed.volume}: emptyDir {medium: Memory}, mounted at ${killed.path}`),
  ],
  otherwise: 'set medium to "" with a sizeLimit, or raise limits.memory above the files and the program together',
});

const heapWords = /heap out of memory|Reached heap limit|JavaScript heap|java\.lang\.OutOfMemoryError|GC overhead limit/i;
const heapSettings = /--max-old-space-size=\d+|-Xmx\w+|-XX:MaxRAMPercentage=[\d.]+/;

export const heapLimitReached = cause({
  code: "HeapLimitReached",
  title: "A program that reaches its runtime's heap limit",
  reads: "Logs of failing containers, and heap settings of Node.js and Java in env and args.",
  means: "The runtime ends the program at its own heap limit, below the memory limit of the container.",
  needs: ["objects.Pod", "logs"],
  signs: ["ended"],
  of: (view: View) =>
    endedWith(view, ({ exitCode }) => exitCode !== 0).flatMap((killed) => {
      const line = lineIn(view.logsOf(killed.workload), (each) => heapWords.test(each));
      const container = containerOf(killed.workload.template.spec, killed.name);
      const setting = heapSettings.exec(JSON.stringify(container ?? {}))?.[0] ?? "by default";
      return line === undefined ? [] : [{ ...killed, line, setting, limit: limitOf(killed) }];
    }),
  unless: [{ is: "the kernel killed it for memory", holds: ({ status }) => endsOf(status).some(({ reason }) => reason === "OOMKilled") }],
  supports: [
    { is: "a heap limit is set", holds: ({ setting }) => setting !== "by default" },
    { is: "the container's limit leaves room", holds: ({ limit }) => (parseQuantity(limit) === undefined ? "unknown" : true) },
  ],
  says: "Container {name} of {workload} reaches the heap limit of its runtime ({setting}); the container's memory limit of {limit} is not reached.",
  chain: "heap limit {setting} → the runtime ends container {name}",
  quotes: (killed) => [lineQuote(killed.line), endQuote(killed)],
  repairs: ({ workload, name }, view) => rollbackUnlike(view, workload, (spec) => containerOf(spec, name)?.env),
  remedy: "`rollback_deployment` to a revision with other settings. Otherwise, raise the heap limit of the runtime.",
  otherwise: "raise the heap limit of the runtime to about 75 % of limits.memory; limits.memory alone does not help",
});
