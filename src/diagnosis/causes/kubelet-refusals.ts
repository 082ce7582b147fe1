// What a kubelet refuses: a container that it cannot create, and a pod that it does not admit. Its own reasons, with the manual step of each.
import { conditionOf } from "#api/conditions.ts";
import type { Pod } from "#api/kubernetes.ts";
import { containerOf, memoryLimitOf, messagesOf, statusesOf } from "#diagnosis/containers.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { rollbackUnlike, rollbackWithout } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { parseQuantity } from "#lib/quantity.ts";

/** In words of the kubelet (pkg/kubelet/kuberuntime) and of runc. The first that fits counts. */
const refusals: readonly (readonly [message: RegExp, problem: string, step: string])[] = [
  [
    /runAsNonRoot and image will run as root/,
    "runAsNonRoot is set, and the image runs as root",
    "set securityContext.runAsUser to a numeric user that the program works with, or use an image that declares one",
  ],
  [
    /runAsNonRoot and image has non-numeric user/,
    "runAsNonRoot is set, and the image declares its user by name, which the kubelet cannot verify",
    "set securityContext.runAsUser to the number of that user",
  ],
  [/runAsUser breaks non-root policy/, "runAsNonRoot is set, and runAsUser is 0", "set securityContext.runAsUser to a user other than 0"],
  [
    /Minimum memory limit allowed|memory limit too low|OOM-killed \(memory limit too low|minimum memory/i,
    "the memory limit is too small to start any program",
    "correct the unit of limits.memory: 400m means less than one byte, 400Mi is 400 mebibytes",
  ],
  [
    /not a directory: unknown: Are you trying to mount a directory onto a file|mount a directory onto a file/,
    "a volume is mounted over a path of the other kind: a directory over a file, or a file over a directory",
    "correct mountPath, or use subPath for a single file",
  ],
  [
    /failed to (?:prepare|create) subPath|subPath does not exist/i,
    "a subPath of a volumeMount cannot be prepared",
    "correct subPath to a key or a folder that the volume has",
  ],
  [
    /cannot load seccomp profile|failed to load seccomp profile/,
    "its seccomp profile is not on the node",
    "copy the profile to the nodes, or use the profile RuntimeDefault",
  ],
  [
    /apparmor profile not found|Cannot enforce AppArmor|AppArmor is not enabled/i,
    "its AppArmor profile is not loaded on the node",
    "load the profile on the nodes, or remove it from the pod",
  ],
  [
    /unable to find (?:user|group) \S{1,80}: no matching entries/,
    "its user or group is not in the image",
    "set securityContext.runAsUser to a user that the image has, or to a number",
  ],
  [
    /no command specified/,
    "neither the image nor the pod template names a command",
    "set command in the pod template, or an entrypoint in the image",
  ],
];

interface Refused {
  readonly workload: Workload;
  readonly pod: Pod;
  readonly container: string;
  readonly message: string;
  readonly problem: string;
  readonly step: string;
}

const refusedContainers = (view: View): readonly Refused[] =>
  view.workloads.flatMap((workload) => {
    for (const pod of workload.pods.toReversed())
      for (const status of statusesOf(pod)) {
        if (status.ready || pod.metadata.deletionTimestamp !== undefined) continue;
        const message = messagesOf(status).join(" ");
        const found = refusals.find(([pattern]) => pattern.test(message));
        if (found !== undefined) return [{ workload, pod, container: status.name, message, problem: found[1], step: found[2] }];
      }
    return [];
  });

export const containerRefused = cause({
  code: "ContainerRefused",
  title: "A container that the kubelet cannot create",
  reads: "The messages of waiting and ended containers.",
  means: "The pod's own settings contradict the image, the volume or the runtime.",
  needs: ["objects.Pod"],
  signs: [
    "waiting CreateContainerConfigError",
    "waiting CreateContainerError",
    "waiting RunContainerError",
    "waiting CrashLoopBackOff",
    "ended",
  ],
  of: refusedContainers,
  supports: [
    {
      is: "no pod of it is ready",
      holds: ({ workload }) => !workload.pods.some(({ status }) => status?.containerStatuses?.every(({ ready }) => ready)),
    },
  ],
  says: "Container {container} of {workload} cannot be created: {problem}.",
  chain: "{problem} → the kubelet does not start container {container}",
  quotes: ({ pod, container, message }) => [objectQuote(pod, `container ${container}: ${message}`)],
  repairs: ({ workload, container }, view) =>
    rollbackUnlike(view, workload, (spec) => [spec["securityContext"], containerOf(spec, container)]),
  remedy: "`rollback_deployment` to a revision with other settings. Otherwise, correct the setting that the finding names.",
  otherwise: "{step}",
});

/** A controller replaces a rejected pod at once, with a back-off of some minutes at most. */
const recentMs = 900_000;

/** Reasons with which a kubelet rejects a pod that was scheduled to it (pkg/kubelet/lifecycle, sysctl, cm, eviction aside). */
const rejections: Readonly<Record<string, readonly [problem: string, step: string]>> = {
  SysctlForbidden: [
    "it asks for a sysctl that the node does not allow",
    "remove the sysctl, or allow it on the nodes with --allowed-unsafe-sysctls",
  ],
  UnexpectedAdmissionError: ["the node could not provide a device or a resource that it requests", "check the device plugin of the node"],
  NodeAffinity: ["the node no longer matches its node selector", "correct the node's labels, or the selector"],
  NodePorts: ["a hostPort that it asks for is taken on the node", "remove the hostPort, or run at most one replica per node"],
  TopologyAffinityError: [
    "the node cannot align its resources as the topology manager demands",
    "request whole CPUs, or relax the topology manager's policy",
  ],
  AppArmor: ["its AppArmor profile is not loaded on the node", "load the profile on the nodes, or remove it from the pod"],
  PodOSNotSupported: ["the node runs another operating system", "set spec.os and a node selector that fit"],
  PodOSSelectorNodeLabelDoesNotMatch: ["the node runs another operating system", "set spec.os and a node selector that fit"],
  OutOfcpu: ["the node had less free CPU than it requests", "free CPU on the node, or lower the request"],
  OutOfmemory: ["the node had less free memory than it requests", "free memory on the node, or lower the request"],
  OutOfpods: ["the node already runs its maximum number of pods", "add nodes, or raise maxPods"],
};

export const podRejected = cause({
  code: "PodRejected",
  title: "Pods that the kubelet rejects",
  reads: "Pods in phase Failed, with the reason of the kubelet.",
  means: "The scheduler places the pod, the node's kubelet rejects it, and its controller creates the next one.",
  needs: ["objects.Pod"],
  signs: ["Pod Failed"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const rejected = workload.pods.filter(({ status }) => status?.phase === "Failed" && (status.reason ?? "") in rejections);
      const pod = rejected.at(-1);
      const [problem = "", step = ""] = rejections[pod?.status?.reason ?? ""] ?? [];
      return pod === undefined
        ? []
        : [
            {
              ...{ workload, pod, problem, step, count: rejected.length, name: pod.metadata.name },
              reason: pod.status?.reason ?? "",
              message: pod.status?.message ?? "",
            },
          ];
    }),
  unless: [
    {
      is: ({ name }) => `Pod ${name} was rejected a while ago, and no pod since`,
      holds: ({ pod }, view) => view.now - (fromTimestamp(pod.metadata.creationTimestamp) ?? 0) > recentMs,
    },
  ],
  supports: [
    { is: "several pods are rejected", holds: ({ count }) => count > 1 },
    {
      is: "no younger pod was admitted",
      holds: ({ workload, pod }) =>
        workload.pods.every(
          ({ metadata, status }) => status?.phase === "Failed" || metadata.creationTimestamp <= pod.metadata.creationTimestamp,
        ),
    },
  ],
  says: "The kubelet rejects pods of {workload} ({reason}): {problem}.",
  chain: "{problem} → the kubelet rejects Pod {name} → {workload} has no pod",
  quotes: ({ pod, reason, message }) => [objectQuote(pod, `phase Failed, ${reason}: ${message}`)],
  repairs: ({ workload }, view) => rollbackUnlike(view, workload, (spec) => spec["securityContext"]),
  remedy: "`rollback_deployment` to a revision with another securityContext. Otherwise, follow the kubelet's reason.",
  otherwise: "{step}",
});

export const readinessGateUnset = cause({
  code: "ReadinessGateUnset",
  title: "A readiness gate that no controller sets",
  reads: "Readiness gates of pod templates, and the conditions of their pods.",
  means: "All containers are ready; the pod waits for a condition that an external controller should set.",
  needs: ["objects.Pod"],
  signs: ["Pod ContainersReady=True"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const gates = ((workload.template.spec["readinessGates"] ?? []) as readonly { readonly conditionType: string }[]).map(
        ({ conditionType }) => conditionType,
      );
      const waiting = workload.pods.find(
        ({ status, metadata }) => metadata.deletionTimestamp === undefined && conditionOf({ status }, "ContainersReady")?.status === "True",
      );
      const unset = gates.filter((gate) => waiting !== undefined && conditionOf(waiting, gate)?.status !== "True");
      return waiting === undefined || unset.length === 0 ? [] : [{ workload, pod: waiting, unset, name: waiting.metadata.name }];
    }),
  supports: [
    {
      is: "the condition has never been set",
      holds: ({ pod, unset }) => !pod.status?.conditions?.some(({ type }) => unset.includes(type)),
      weight: 2,
    },
  ],
  says: "Pods of {workload} are not ready, because no controller sets their readiness gate {unset}.",
  chain: "readiness gate {unset} is not True → Pod {name} is not ready, although its containers are",
  quotes: ({ pod, unset }) => [objectQuote(pod, `readinessGates: ${unset.join(", ")}; ContainersReady is True, Ready is False`)],
  repairs: ({ workload, unset }, view) =>
    rollbackWithout(view, workload, ({ spec }) => JSON.stringify(spec["readinessGates"] ?? []).includes(unset[0] ?? "")),
  remedy: "`rollback_deployment` to a revision without the gate. Otherwise, start the controller that sets it, or remove the gate.",
  otherwise: "start the controller that sets the condition, or remove the readiness gate from the pod template",
});

/** Less than any runtime needs to start a process; the kubelet's own minimum was 4Mi, runc's is 6Mi. */
const leastMilliBytes = 1024 * 1024 * 1000;

export const memoryUnitWrong = cause({
  code: "MemoryUnitWrong",
  title: "A memory limit in the wrong unit",
  reads: "Memory limits of containers that do not run.",
  means: "In Kubernetes, m is a thousandth: 400m of memory is less than one byte.",
  needs: ["objects.Pod"],
  signs: ["Pod Ready=False"],
  of: (view: View) =>
    view.workloads.flatMap((workload) =>
      workload.pods
        .filter((pod) => conditionOf(pod, "Ready")?.status === "False")
        .flatMap((pod) =>
          pod.spec.containers.flatMap(({ name, resources }) => {
            const limit = resources?.limits?.["memory"];
            const amount = parseQuantity(limit ?? "");
            return limit === undefined || amount === undefined || amount >= leastMilliBytes
              ? []
              : [{ workload, pod, container: name, limit, intended: limit.replace(/m?$/, "Mi") }];
          }),
        )
        .slice(0, 1),
    ),
  supports: [{ is: "it is written with the unit m", holds: ({ limit }) => limit.endsWith("m"), weight: 2 }],
  says: "The memory limit of container {container} of {workload} is {limit}, which is less than 1Mi; no program can start in it.",
  chain: "limits.memory {limit} is less than 1Mi → the runtime cannot start container {container}",
  quotes: ({ pod, container, limit }) => [objectQuote(pod, `container ${container}: limits.memory ${limit}`)],
  repairs: ({ workload, container }, view) => rollbackUnlike(view, workload, (spec) => memoryLimitOf(spec, container)),
  remedy: "`rollback_deployment` to a revision with another limit. Otherwise, correct the unit.",
  otherwise: "correct the unit of limits.memory, such as {intended}",
});
