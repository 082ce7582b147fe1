// The kubelet or the container runtime of a node is down. What runs on that node suffers, whatever it is.
import { type Node, Nodes, Pods } from "#api/kubernetes.ts";
import { assess, eventQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { componentQuotes, isDown, readyOf, readyQuote, stateOn, sufferersOn } from "#diagnosis/node-programs.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const runtimes = ["containerd", "crio", "cri-o", "cri-dockerd", "docker", "dockerd"];

export const kubeletDown: Cause = {
  code: "KubeletDown",
  title: "A node whose kubelet is down",
  reads: "Nodes that stopped reporting, and the state of the kubelet by its Lease.",
  means: "The kubelet does not report: it is stopped, or its node is.",
  needs: ["objects.Node"],
  remedy: "Start the kubelet or the node. Cordon and drain the node to move the workloads away.",
  find: (view) => view.all(Nodes).map((node) => findKubelet(view, node)),
};

const findKubelet = (view: View, node: Node): Assessment => {
  const { name } = node.metadata;
  const ready = readyOf(node);
  const kubelet = stateOn(view, name, ["kubelet"]);
  const runtime = stateOn(view, name, runtimes);
  return assess(
    "KubeletDown",
    {
      required: [
        {
          claim: `the kubelet of Node ${name} is stopped, or has stopped reporting`,
          holds: isDown(kubelet) === true || (ready?.status === "Unknown" && isDown(kubelet) === "unknown"),
        },
      ],
      against: [{ claim: "the container runtime below it is down", holds: isDown(runtime) === true && isDown(kubelet) !== true }],
      supporting: [
        { claim: "its state was seen", holds: isDown(kubelet), weight: 2 },
        { claim: "the node is not ready", holds: ready === undefined ? "unknown" : ready.status !== "True", weight: 2 },
      ],
    },
    () => ({
      object: referenceTo(node),
      summary: `The kubelet of Node ${name} is down${ready?.status === "Unknown" ? ": the node has stopped reporting" : ""}.`,
      chain: [`the kubelet of Node ${name} is down`, `Node ${name} is not ready`, "its pods are not ready and new ones do not start there"],
      quotes: [...componentQuotes(kubelet), ...readyQuote(node)],
      explains: sufferersOn(view, name),
      facts: person("start the kubelet on the node"),
    }),
  );
};

const socketGone =
  /(?:containerd|crio|cri-dockerd|dockershim)\.sock: connect: (?:no such file or directory|connection refused)|container runtime is down|container runtime status check may not have completed/i;

export const containerRuntimeDown: Cause = {
  code: "ContainerRuntimeDown",
  title: "A node whose container runtime is down",
  reads: "Conditions of nodes, and events of nodes and of pods that get no sandbox.",
  means: "The kubelet cannot talk to the container runtime.",
  needs: ["objects.Node"],
  remedy: "Start the container runtime. Cordon the node to keep new pods away.",
  find: (view) => view.all(Nodes).map((node) => findRuntime(view, node)),
};

const findRuntime = (view: View, node: Node): Assessment => {
  const { name } = node.metadata;
  const runtime = stateOn(view, name, runtimes);
  const ready = readyOf(node);
  const own = view.eventsOf(referenceTo(node)).find(({ message }) => socketGone.test(message));
  const ofPods = view
    .all(Pods)
    .filter(({ spec, status }) => spec.nodeName === name && status?.phase === "Pending")
    .flatMap((pod) => view.eventsOf(referenceTo(pod)).filter(({ message }) => socketGone.test(message)));
  const isSaid = ready?.status !== "True" && (socketGone.test(ready?.message ?? "") || own !== undefined);
  return assess(
    "ContainerRuntimeDown",
    {
      required: [
        { claim: `the container runtime of Node ${name} does not answer`, holds: isDown(runtime) === true || isSaid || ofPods.length > 0 },
      ],
      against: [{ claim: "its state was seen, and it runs", holds: isDown(runtime) === false && ready?.status === "True" }],
      supporting: [
        { claim: "its state was seen", holds: isDown(runtime), weight: 2 },
        { claim: "the node says so, or its pods get no sandbox", holds: isSaid || ofPods.length > 0, weight: 2 },
        { claim: "the node is not ready", holds: ready === undefined ? "unknown" : ready.status !== "True", weight: 1 },
      ],
    },
    () => ({
      object: referenceTo(node),
      summary: `The container runtime of Node ${name} is down: nothing can start there.`,
      chain: [
        `the container runtime of Node ${name} does not answer`,
        "the kubelet reports the node as not ready",
        "its pods get no sandbox",
      ],
      quotes: [
        ...componentQuotes(runtime),
        ...readyQuote(node),
        ...[own, ofPods[0]].flatMap((event) => (event === undefined ? [] : [eventQuote(event)])),
      ],
      explains: sufferersOn(view, name),
      facts: person("start the container runtime on the node"),
    }),
  );
};
