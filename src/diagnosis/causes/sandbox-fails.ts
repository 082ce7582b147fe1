// Pods that are scheduled and have no sandbox: the node has no handler for their runtime class, or the pod network gives them no address.
import { Nodes } from "#api/kubernetes.ts";
import { eventQuote } from "#diagnosis/quotes.ts";
import { isRecent, repeated } from "#diagnosis/checks/events.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";

/** The kubelet tries again every few minutes at the latest. */
const recentMs = 10 * 60_000;

interface Waiting {
  readonly workload: Workload;
  readonly event: ObservedEvent;
  readonly nodeName: string;
  readonly pod: string;
}

const withoutSandbox = (view: View): readonly Waiting[] =>
  view.workloads.flatMap((workload) => {
    const waiting = workload.pods.filter(
      ({ metadata, spec, status }) =>
        metadata.deletionTimestamp === undefined && spec.nodeName !== undefined && (status?.phase ?? "Pending") === "Pending",
    );
    for (const { metadata, spec } of waiting) {
      const event = view
        .eventsAround(workload)
        .find((each) => each.uid === metadata.uid && each.reason === "FailedCreatePodSandBox" && isRecent(view, each, recentMs));
      if (event !== undefined) return [{ workload, event, nodeName: spec.nodeName ?? "", pod: metadata.name }];
    }
    return [];
  });

/** Of containerd and CRI-O, which know the handler by its name. */
const noHandler =
  /no runtime for "([^"]{1,80})" is configured|RuntimeClass "([^"]{1,80})" not found|runtime handler "([^"]{1,80})" (?:not|is not)/;

export const runtimeClassMissing = cause({
  code: "RuntimeClassMissing",
  title: "A runtime class that the node does not provide",
  reads: "FailedCreatePodSandBox events of pods that are scheduled.",
  means: "The pod asks for a container runtime that the node's container runtime is not configured for.",
  needs: ["objects.Pod", "events"],
  signs: ["event FailedCreatePodSandBox"],
  of: (view: View) =>
    withoutSandbox(view).flatMap((waiting) => {
      const handler = noHandler
        .exec(waiting.event.message)
        ?.slice(1)
        .find((name) => name !== undefined);
      return handler === undefined ? [] : [{ ...waiting, handler }];
    }),
  supports: [
    repeated,
    { is: "the pod template names a runtime class", holds: ({ workload }) => workload.template.spec["runtimeClassName"] !== undefined },
  ],
  object: ({ workload }) => workload,
  says: "Pods of {workload} cannot start on Node {nodeName}: it has no container runtime {handler}.",
  chain: "Node {nodeName} has no handler {handler} → the sandbox of Pod {pod} cannot be created",
  quotes: ({ event }) => [eventQuote(event)],
  remedy: "Configure the runtime on the nodes, give the RuntimeClass a nodeSelector, or remove runtimeClassName.",
  otherwise:
    "configure the runtime {handler} on the nodes, give the RuntimeClass a nodeSelector for nodes that have it, or remove runtimeClassName from the pod template",
});

/** The container network interface: its plugin's own words, or that there is none. */
const networkTrouble =
  /failed to setup network for sandbox|cni plugin not initialized|network plugin is not ready|plugin type="[^"]{1,60}" failed|NetworkPlugin cni failed/;

const networkSteps: readonly (readonly [words: RegExp, step: string])[] = [
  [
    /no (?:more )?(?:IP )?addresses available|failed to (?:allocate|assign an IP address)|IPs? exhausted|no available IP/i,
    "free addresses: delete pods that are not needed, remove addresses of pods that are gone, or enlarge the node's range",
  ],
  [
    /not initialized|not ready|no such file or directory|executable file not found/i,
    "check the pods of the network plugin on the node; install it where it is missing",
  ],
];

export const podNetworkFails = cause({
  code: "PodNetworkFails",
  title: "A node whose pod network cannot be set up",
  reads: "FailedCreatePodSandBox events of pods that are scheduled, with the words of the network plugin.",
  means: "The network plugin of the node fails, so that no new pod gets an address there.",
  needs: ["objects.Pod", "events"],
  signs: ["event FailedCreatePodSandBox"],
  of: (view: View) => {
    const failing = withoutSandbox(view).filter(({ event }) => networkTrouble.test(event.message));
    return [...Map.groupBy(failing, ({ nodeName }) => nodeName)].map(([nodeName, all]) => {
      const [{ event, pod } = { event: undefined, pod: "" }] = all;
      const message = event?.message ?? "";
      return {
        ...{ event, pod, nodeName, workloads: all.map(({ workload }) => workload) },
        node: view.all(Nodes).find(({ metadata }) => metadata.name === nodeName) ?? { apiVersion: "v1", kind: "Node", name: nodeName },
        words: message.slice(Math.max(0, message.search(networkTrouble))).slice(0, 300),
        step:
          networkSteps.find(([words]) => words.test(message))?.[1] ??
          "read the log of the network plugin's pod on the node, and follow its error",
      };
    });
  },
  supports: [repeated, { is: "several workloads wait there", holds: ({ workloads }) => workloads.length > 1 }],
  object: ({ node }) => node,
  says: "Node {nodeName} cannot set up the network of new pods: {words}.",
  chain: "the network plugin fails on Node {nodeName} → the sandbox of Pod {pod} cannot be created → pods of {workloads} do not start",
  quotes: ({ event }) => [event === undefined ? undefined : eventQuote(event)],
  explains: ({ workloads }) => workloads,
  remedy: "Follow the words of the network plugin: free addresses, or repair its pod on the node.",
  otherwise: "{step}",
});
