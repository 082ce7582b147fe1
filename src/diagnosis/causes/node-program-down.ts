// The kubelet or the container runtime of a node is down: every pod of that node suffers.
import { conditionOf } from "#api/conditions.ts";
import { Nodes, Pods } from "#api/kubernetes.ts";
import { componentQuotes, isDown, isUnready, readyQuote, stateOn, sufferersOn } from "#diagnosis/node-programs.ts";
import { eventQuote, quoted } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const runtimes = ["containerd", "crio", "cri-o", "cri-dockerd", "docker", "dockerd"];

export const kubeletDown = cause({
  code: "KubeletDown",
  title: "A node whose kubelet is down",
  reads: "Nodes that stopped reporting, and the state of the kubelet by its Lease.",
  means: "The kubelet does not report: it is stopped, or its node is.",
  needs: ["objects.Node"],
  signs: ["component", "Node Ready=Unknown"],
  of: (view: View) =>
    view.all(Nodes).map((node) => {
      const { name } = node.metadata;
      const isSilent = conditionOf(node, "Ready")?.status === "Unknown";
      const kubelet = stateOn(view, name, ["kubelet"]);
      return { node, name, isSilent, kubelet, down: isDown(kubelet), detail: isSilent ? ": the node has stopped reporting" : "" };
    }),
  when: [
    {
      is: "its kubelet is stopped, or has stopped reporting",
      holds: ({ down, isSilent }) => down === true || (down === "unknown" && isSilent),
    },
  ],
  unless: [
    {
      is: ({ node }) => `the container runtime of ${nameOf(node)} is down`,
      holds: ({ name, down }, view) => isDown(stateOn(view, name, runtimes)) === true && down !== true,
    },
  ],
  supports: [
    { is: "its state was read", holds: ({ down }) => down, weight: 2 },
    { is: "the node is not ready", holds: ({ node }) => isUnready(node), weight: 2 },
  ],
  object: ({ node }) => node,
  says: "The kubelet of {node} is down{detail}.",
  chain: "the kubelet of {node} is down → {node} is not ready → its pods are not ready and new ones do not start there",
  quotes: ({ node, kubelet }) => [...componentQuotes(kubelet), readyQuote(node)],
  explains: ({ name }, view) => sufferersOn(view, name),
  remedy: "Start the kubelet or the node. Cordon and drain the node to move the workloads away.",
  otherwise: "start the kubelet on the node",
});

const socketGone =
  /(?:containerd|crio|cri-dockerd|dockershim)\.sock: connect: (?:no such file or directory|connection refused)|container runtime is down|container runtime status check may not have completed/i;

export const containerRuntimeDown = cause({
  code: "ContainerRuntimeDown",
  title: "A node whose container runtime is down",
  reads: "Conditions of nodes, and events of nodes and of pods that get no sandbox.",
  means: "The kubelet cannot talk to the container runtime.",
  needs: ["objects.Node"],
  signs: ["component", "Node"],
  of: (view: View) =>
    view.all(Nodes).map((node) => {
      const { name } = node.metadata;
      const ready = conditionOf(node, "Ready");
      const runtime = stateOn(view, name, runtimes);
      const own = view.eventsOf(referenceTo(node)).find(({ message }) => socketGone.test(message));
      const [ofPod] = view
        .all(Pods)
        .filter(({ spec, status }) => spec.nodeName === name && status?.phase === "Pending")
        .flatMap((pod) => view.eventsOf(referenceTo(pod)).filter(({ message }) => socketGone.test(message)));
      const isReported = ready?.status !== "True" && (socketGone.test(ready?.message ?? "") || own !== undefined);
      return { node, name, ready, runtime, down: isDown(runtime), events: [own, ofPod], hasReport: isReported || ofPod !== undefined };
    }),
  when: [{ is: "the container runtime does not answer", holds: ({ down, hasReport }) => down === true || hasReport }],
  unless: [
    {
      is: ({ node }) => `the container runtime of ${nameOf(node)} is running`,
      holds: ({ down, ready }) => down === false && ready?.status === "True",
    },
  ],
  supports: [
    { is: "its state was read", holds: ({ down }) => down, weight: 2 },
    { is: "the node reports it, or its pods get no sandbox", holds: ({ hasReport }) => hasReport, weight: 2 },
    { is: "the node is not ready", holds: ({ node }) => isUnready(node) },
  ],
  object: ({ node }) => node,
  says: "The container runtime of {node} is down: no container can start there.",
  chain: "the container runtime of {node} does not answer → the kubelet reports the node as not ready → its pods get no sandbox",
  quotes: ({ node, runtime, events }) => [
    ...componentQuotes(runtime),
    readyQuote(node),
    ...events.map((event) => quoted(event, eventQuote)),
  ],
  explains: ({ name }, view) => sufferersOn(view, name),
  remedy: "Start the container runtime. Cordon the node to keep new pods away.",
  otherwise: "start the container runtime on the node",
});
