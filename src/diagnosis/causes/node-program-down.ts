// A program of a node is down: the kubelet, the container runtime or kube-proxy. What runs on that node suffers, whatever it is.
import { Nodes, Pods, Services, type Node } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import type { ComponentState } from "#evidence/evidence.ts";
import { assess, eventQuote, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment, Finding } from "#diagnosis/finding.ts";
import { quote } from "#diagnosis/explain.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const runtimes = ["containerd", "crio", "cri-o", "cri-dockerd", "docker", "dockerd"];

const stateOn = (view: View, node: string, names: readonly string[]): ComponentState | undefined =>
  names.flatMap((name) => view.components(name)).find((each) => each.node === node);

const isDown = (state: ComponentState | undefined): boolean | "unknown" =>
  state === undefined || state.state === "unknown" ? "unknown" : state.state !== "running";

const readyOf = (node: Node): { status: string; reason?: string; message?: string } | undefined =>
  node.status?.conditions?.find(({ type }) => type === "Ready");

/** Workloads with a pod on the node, and the Services in front of them. */
const sufferersOn = (view: View, node: string): Finding["explains"] & object => {
  const workloads = new Set(
    view
      .all(Pods)
      .filter(({ spec }) => spec.nodeName === node)
      .map((pod) => view.workloadOf(pod)),
  );
  const known = [...workloads].filter((workload) => workload !== undefined);
  return [...known.map(({ reference }) => reference), ...known.flatMap((workload) => view.servicesOf(workload).map(referenceTo))];
};

const componentQuotes = (state: ComponentState | undefined): Finding["quotes"] =>
  state === undefined || state.state === "running" ? [] : [quote("object", `Node ${state.node}`, `${state.component}: ${state.text}`)];

const readyQuote = (node: Node): Finding["quotes"] => {
  const ready = readyOf(node);
  return ready === undefined
    ? []
    : [objectQuote(referenceTo(node), `Ready ${ready.status}: ${ready.reason ?? ""}: ${ready.message ?? ""}`)];
};

export const kubeletDown: Cause = {
  code: "KubeletDown",
  title: "A node whose kubelet is down",
  reads: "Nodes that stopped reporting, and the state of the kubelet where somebody can see it.",
  means: "The kubelet does not report: it is stopped, or its node is.",
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
  reads: "What nodes say of themselves, events of pods that get no sandbox, and the state of the runtime where somebody can see it.",
  means: "The kubelet cannot talk to the container runtime.",
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

export const kubeProxyDown: Cause = {
  code: "KubeProxyDown",
  title: "A node whose kube-proxy is down",
  reads: "Connections to Services, tried from each node, and the state of kube-proxy where somebody can see it.",
  means: "From one node Services cannot be reached that can be reached from others.",
  remedy: "Start kube-proxy on the node, or delete its pod there.",
  find: (view) => view.all(Nodes).map((node) => findProxy(view, node)),
};

const findProxy = (view: View, node: Node): Assessment => {
  const { name } = node.metadata;
  const proxy = stateOn(view, name, ["kube-proxy"]);
  const attempts = view.evidence.connections;
  const here = attempts.filter(({ from, result }) => from?.name === name && result !== "unknown");
  const failed = here.filter(({ result }) => result !== "open");
  const openElsewhere = failed.filter((each) =>
    attempts.some(
      (other) => other.service === each.service && other.port === each.port && other.result === "open" && other.from?.name !== name,
    ),
  );
  const isAlone = here.length >= 3 && openElsewhere.length >= here.length / 2;
  const services = openElsewhere.flatMap(({ namespace, service }) => view.get(Services, namespace, service) ?? []);
  return assess(
    "KubeProxyDown",
    {
      required: [
        {
          claim: `kube-proxy of Node ${name} is stopped, or most Services cannot be reached from there alone`,
          holds: isDown(proxy) === true || (isDown(proxy) === "unknown" && isAlone),
        },
      ],
      against: [{ claim: "the node itself is not ready", holds: readyOf(node) !== undefined && readyOf(node)?.status !== "True" }],
      supporting: [
        { claim: "its state was seen", holds: isDown(proxy), weight: 2 },
        {
          claim: "Services that others reach cannot be reached from there",
          holds: here.length === 0 ? "unknown" : openElsewhere.length > 0,
          weight: 2,
        },
      ],
    },
    () => ({
      object: referenceTo(node),
      summary: `kube-proxy of Node ${name} is down: from there ${openElsewhere.length === 0 ? "addresses of Services are not kept up to date" : `${openElsewhere.length} of ${here.length} Services cannot be reached, which other nodes reach`}.`,
      chain: [
        `kube-proxy of Node ${name} is down`,
        "Service addresses lead nowhere, or to pods that are gone, from that node",
        ...(services[0] === undefined ? [] : [`${referenceText(referenceTo(services[0]))} cannot be reached from there`]),
      ],
      quotes: [
        ...componentQuotes(proxy),
        ...failed
          .slice(0, 2)
          .map((each) =>
            quote("object", `Service ${each.namespace}/${each.service}`, `from Node ${name}, port ${each.port}: ${each.text}`),
          ),
      ],
      explains: [...sufferersOn(view, name), ...services.map(referenceTo)],
      facts: person("start kube-proxy on the node, or delete its pod there"),
    }),
  );
};
