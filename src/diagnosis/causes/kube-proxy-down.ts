// kube-proxy of a node is down: the cluster addresses of Services lead from there to nowhere, or to pods that are gone.
import { NetworkPolicies, type Node, Nodes, Pods, type Service, Services } from "#api/kubernetes.ts";
import { isReady } from "#api/conditions.ts";
import { referenceText } from "#api/object.ts";
import type { ComponentState } from "#evidence/evidence.ts";
import { assess, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { type LogLine, lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { quote } from "#diagnosis/explain.ts";
import { componentQuotes, isDown, readyOf, stateOn, sufferersOn } from "#diagnosis/node-programs.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

export const kubeProxyDown: Cause = {
  code: "KubeProxyDown",
  title: "A node whose kube-proxy is down",
  reads: "The pod of kube-proxy on each node, and logs of pods whose connections to cluster addresses of Services time out, by node.",
  means: "From one node Services with ready pods cannot be reached, and nothing on another node complains about them.",
  needs: ["objects.Node", "objects.Pod", "objects.Service", "logs"],
  remedy: "Start kube-proxy on the node, or delete its pod there.",
  find: (view) => {
    const timeouts = timeoutsIn(view);
    return view.all(Nodes).map((node) => find(view, node, timeouts));
  },
};

/** A line of a pod's log: a connection to the cluster address of a Service that has ready pods got no answer. */
interface Timeout {
  readonly node: string;
  readonly service: Service;
  readonly line: LogLine;
}

/** No rule leads the packet on, or one leads to a pod that is gone. A refusal is an answer, and kube-proxy's own where a Service has no endpoints. */
const unanswered = /i\/o timeout|timed? ?out|ETIMEDOUT|no route to host|EHOSTUNREACH/i;

const timeoutsIn = (view: View): readonly Timeout[] => {
  const addresses = view.all(Services).flatMap((service) => {
    const { clusterIP, ports = [] } = service.spec;
    const { namespace } = service.metadata;
    // Where network policies apply, one of them may be what drops the packet.
    if (clusterIP === undefined || clusterIP === "None" || view.all(NetworkPolicies, namespace).length > 0) return [];
    if (!view.podsBehind(service).some((pod) => isReady(pod))) return [];
    const host = clusterIP.includes(":") ? `[${clusterIP}]` : clusterIP;
    return ports.map(({ port }) => ({ service, address: `${host}:${port}` }));
  });
  return view.workloads.flatMap((workload) => {
    if (view.all(NetworkPolicies, workload.reference.namespace).length > 0) return [];
    const nodeOf = new Map(workload.pods.map(({ metadata, spec }) => [metadata.name, spec.nodeName]));
    return linesSaying(view, workload, unanswered).flatMap((line) => {
      const node = nodeOf.get(line.log.pod);
      const found = addresses.find(({ address }) => isIn(address, line.text));
      return node === undefined || found === undefined ? [] : [{ node, service: found.service, line }];
    });
  });
};

/** `10.0.0.1:80` is not in `110.0.0.1:80` or `10.0.0.1:8080`. */
const isIn = (address: string, text: string): boolean => {
  const at = text.indexOf(address);
  return at >= 0 && !/[\d.]/.test(text[at - 1] ?? "") && !/\d/.test(text[at + address.length] ?? "");
};

/** Its pod where it runs as one; by its container's name, which kubeadm and its likes give it. */
const proxyOn = (view: View, node: string): ComponentState | undefined => {
  const seen = stateOn(view, node, ["kube-proxy"]);
  const pod = view
    .all(Pods)
    .find(
      ({ spec }) => spec.nodeName === node && spec["hostNetwork"] === true && spec.containers.some(({ name }) => name === "kube-proxy"),
    );
  if (seen !== undefined || pod === undefined) return seen;
  const text = `${referenceText(referenceTo(pod))} is ${isReady(pod) ? "" : "not "}ready`;
  return { component: "kube-proxy", node, state: isReady(pod) ? "running" : "failing", text };
};

const find = (view: View, node: Node, timeouts: readonly Timeout[]): Assessment => {
  const { name } = node.metadata;
  const proxy = proxyOn(view, name);
  const attempts = view.evidence.connections;
  const tried = attempts.filter(({ from, result }) => from?.name === name && result !== "unknown");
  const failed = tried.filter(({ result }) => result !== "open");
  const openElsewhere = failed.filter((each) =>
    attempts.some(
      (other) => other.service === each.service && other.port === each.port && other.result === "open" && other.from?.name !== name,
    ),
  );
  const here = timeouts.filter((each) => each.node === name);
  const elsewhere = new Set(timeouts.flatMap((each) => (each.node === name ? [] : each.service)));
  const lostByLogs = [...new Set(here.map(({ service }) => service))].filter((service) => !elsewhere.has(service));
  const isLostByTries = tried.length >= 3 && openElsewhere.length >= tried.length / 2;
  // One alone may have a fault of its own; and with one node there is no other that reaches them.
  const isLostByLogs = lostByLogs.length >= 2 && elsewhere.size === 0 && view.all(Nodes).length > 1;
  const lost = isLostByTries
    ? openElsewhere.flatMap(({ namespace, service }) => view.get(Services, namespace, service) ?? [])
    : isLostByLogs
      ? lostByLogs
      : [];
  return assess(
    "KubeProxyDown",
    {
      required: [
        {
          claim: `kube-proxy of Node ${name} is down, or several Services cannot be reached from there alone`,
          holds: isDown(proxy) === true || (isDown(proxy) === "unknown" && (isLostByTries || isLostByLogs)),
        },
      ],
      against: [{ claim: "the node itself is not ready", holds: readyOf(node) !== undefined && readyOf(node)?.status !== "True" }],
      supporting: [
        { claim: "its state was seen", holds: isDown(proxy), weight: 2 },
        {
          claim: "Services that others reach cannot be reached from there",
          holds: lost.length > 0 ? true : tried.length === 0 ? "unknown" : false,
          weight: 2,
        },
      ],
    },
    () => ({
      object: referenceTo(node),
      summary: `kube-proxy of Node ${name} is down: from there ${lost.length === 0 ? "addresses of Services are not kept up to date" : `${lost.length} Services cannot be reached, which other nodes reach`}.`,
      chain: [
        `kube-proxy of Node ${name} is down`,
        "cluster addresses of Services lead nowhere, or to pods that are gone, from that node",
        ...lost.slice(0, 2).map((service) => `${referenceText(referenceTo(service))} cannot be reached from there`),
      ],
      quotes: [
        ...componentQuotes(proxy),
        ...failed
          .slice(0, 2)
          .map((each) =>
            quote("object", `Service ${each.namespace}/${each.service}`, `from Node ${name}, port ${each.port}: ${each.text}`),
          ),
        ...lostByLogs
          .slice(0, 3)
          .flatMap((service) => here.filter((each) => each.service === service).slice(0, 1))
          .map(({ line }) => lineQuote(line)),
      ],
      explains: [...sufferersOn(view, name), ...lost.map(referenceTo)],
      ...(isDown(proxy) === true || isLostByTries ? {} : { hearsay: "only logs say that Services cannot be reached from there" }),
      facts: person("start kube-proxy on the node, or delete its pod there"),
    }),
  );
};
