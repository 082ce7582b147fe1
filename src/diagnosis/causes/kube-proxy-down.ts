// A node whose kube-proxy is down: from there, the cluster addresses of Services lead nowhere, or to pods that are gone.
import { isReady } from "#api/conditions.ts";
import { NetworkPolicies, Nodes, Pods, type Service, Services } from "#api/kubernetes.ts";
import { lineQuote, linesSaying, type LogLine } from "#diagnosis/log-lines.ts";
import { componentQuotes, isDown, isUnready, stateOn, sufferersOn } from "#diagnosis/node-programs.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View } from "#diagnosis/view.ts";
import type { ComponentState } from "#evidence/evidence.ts";

/** A line of a pod's log: a connection to the cluster address of a Service that has ready pods got no answer. */
interface Timeout {
  readonly node: string;
  readonly service: Service;
  readonly line: LogLine;
}

/** No rule forwards the packet, or one forwards it to a pod that is gone. A refusal is an answer, also kube-proxy's own for a Service without endpoints. */
const noAnswer = /i\/o timeout|timed? ?out|ETIMEDOUT|no route to host|EHOSTUNREACH/i;

/** One failed Service may have a fault of its own. */
const servicesAtLeast = 2;
const triesAtLeast = 3;

const timeoutsIn = (view: View): readonly Timeout[] => {
  // Where network policies apply, one of them may drop the packet.
  const isOpen = (namespace: string | undefined): boolean => view.all(NetworkPolicies, namespace).length === 0;
  const addresses = view.all(Services).flatMap((service) => {
    const { clusterIP = "None", ports = [] } = service.spec;
    if (clusterIP === "None" || !isOpen(service.metadata.namespace) || !view.podsBehind(service).some(isReady)) return [];
    const host = clusterIP.includes(":") ? `[${clusterIP}]` : clusterIP;
    return ports.map(({ port }) => ({ service, address: `${host}:${port}` }));
  });
  return view.workloads
    .filter(({ reference }) => isOpen(reference.namespace))
    .flatMap((workload) => {
      const nodeOf = new Map(workload.pods.map(({ metadata, spec }) => [metadata.name, spec.nodeName]));
      return linesSaying(view, workload, noAnswer).flatMap((line) => {
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

/** The pod of kube-proxy has a container of this name, by kubeadm and its relatives. */
const proxyOn = (view: View, node: string): ComponentState | undefined => {
  const seen = stateOn(view, node, ["kube-proxy"]);
  const pod = view
    .all(Pods)
    .find(
      ({ spec }) => spec.nodeName === node && spec["hostNetwork"] === true && spec.containers.some(({ name }) => name === "kube-proxy"),
    );
  if (seen !== undefined || pod === undefined) return seen;
  const text = `${nameOf(pod)} is ${isReady(pod) ? "" : "not "}ready`;
  return { component: "kube-proxy", node, state: isReady(pod) ? "running" : "failing", text };
};

/** Failed connections from the node, and the Services among them that other nodes reach. */
const lostByTries = (view: View, node: string) => {
  const attempts = view.evidence.connections;
  const tried = attempts.filter(({ from, result }) => from?.name === node && result !== "unknown");
  const failed = tried.filter(({ result }) => result !== "open");
  const lost = failed.filter(({ service, port }) =>
    attempts.some((each) => each.service === service && each.port === port && each.result === "open" && each.from?.name !== node),
  );
  const isProven = tried.length >= triesAtLeast && lost.length >= tried.length / 2;
  return {
    ...{ tried, failed, isProven },
    services: isProven ? lost.flatMap(({ namespace, service }) => view.get(Services, namespace, service) ?? []) : [],
  };
};

/** Timeouts of pods on the node, one for each Service; none where pods of another node have them too, or where there is no other node. */
const lostByLogs = (view: View, node: string, timeouts: readonly Timeout[]): readonly Timeout[] => {
  const byService = new Map(timeouts.filter((each) => each.node === node).map((each) => [each.service, each]));
  const isAlone = timeouts.every((each) => each.node === node) && view.all(Nodes).length > 1;
  return isAlone && byService.size >= servicesAtLeast ? [...byService.values()] : [];
};

export const kubeProxyDown = cause({
  code: "KubeProxyDown",
  title: "A node whose kube-proxy is down",
  reads: "The pod of kube-proxy on each node, and logs of pods whose connections to cluster addresses of Services time out, by node.",
  means: "From one node, Services with ready pods cannot be reached, and no program on another node complains about them.",
  needs: ["objects.Node", "objects.Pod", "objects.Service", "logs"],
  signs: ["component", "connection", "log", "Pod"],
  of: (view: View) => {
    const timeouts = timeoutsIn(view);
    return view.all(Nodes).map((node) => {
      const { name } = node.metadata;
      const proxy = proxyOn(view, name);
      const { tried, failed, isProven, services } = lostByTries(view, name);
      const lines = lostByLogs(view, name, timeouts);
      const lost = isProven ? services : lines.map(({ service }) => service);
      return {
        ...{ node, name, proxy, tried, failed, isProven, lines, lost },
        isLost: isProven || lines.length > 0,
        down: isDown(proxy),
        effect:
          lost.length === 0
            ? "addresses of Services are not kept up to date"
            : `${lost.length} Services that other nodes reach cannot be reached`,
        effects: lost.slice(0, 2).map((service) => `${nameOf(service)} cannot be reached from there`),
      };
    });
  },
  when: [
    {
      is: "kube-proxy is down, or several Services cannot be reached from this node alone",
      holds: ({ down, isLost }) => down === true || (down === "unknown" && isLost),
    },
  ],
  unless: [{ is: ({ node }) => `${nameOf(node)} is not ready`, holds: ({ node }) => isUnready(node) === true }],
  supports: [
    { is: "its state was read", holds: ({ down }) => down, weight: 2 },
    {
      is: "Services that other nodes reach cannot be reached from there",
      holds: ({ isLost, tried }) => isLost || (tried.length === 0 && "unknown"),
      weight: 2,
    },
  ],
  object: ({ node }) => node,
  says: "kube-proxy of {node} is down: from there, {effect}.",
  chain: "kube-proxy of {node} is down → cluster addresses of Services lead nowhere from that node, or to pods that are gone → {effects}",
  quotes: ({ proxy, failed, lines, name }) => [
    ...componentQuotes(proxy),
    ...failed
      .slice(0, 2)
      .map(({ namespace, service, port, text }) =>
        objectQuote({ kind: "Service", namespace, name: service }, `from Node ${name}, port ${port}: ${text}`),
      ),
    ...lines.slice(0, 3).map(({ line }) => lineQuote(line)),
  ],
  explains: ({ name, lost }, view) => [...sufferersOn(view, name), ...lost],
  hearsay: ({ down, isProven }) => (down === true || isProven ? undefined : "only logs say that Services cannot be reached from there"),
  otherwise: "start kube-proxy on the node, or delete its pod there",
});
