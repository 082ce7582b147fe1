// The DNS of the cluster does not answer: pods with the cluster's own settings resolve no name.
import { isReady } from "#api/conditions.ts";
import { Services } from "#api/kubernetes.ts";
import { lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { unanswered } from "#diagnosis/name-resolution.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View } from "#diagnosis/view.ts";

const dnsPort = 53;

const unresolving = (view: View) =>
  view.workloads.flatMap((workload) => {
    const policy = workload.template.spec["dnsPolicy"] ?? "ClusterFirst";
    const lines = policy === "ClusterFirst" ? linesSaying(view, workload, unanswered) : [];
    return lines.length === 0 ? [] : [{ workload, lines }];
  });

export const clusterDnsDown = cause({
  code: "ClusterDnsDown",
  title: "A cluster whose DNS does not answer",
  reads: "The Service that serves DNS and its pods, and the workloads with the cluster's own DNS settings that get no answer.",
  means: "Lookups go to the cluster's DNS and get no answer: its pods are not ready or not reachable.",
  needs: ["objects.Service", "objects.Pod", "logs"],
  signs: ["log"],
  of: (view: View) => {
    const clients = unresolving(view);
    const service = view
      .all(Services)
      .find(({ spec }) => (spec.ports ?? []).some(({ port, protocol }) => port === dnsPort && protocol === "UDP"));
    if (clients.length === 0 || service === undefined) return [];
    const pods = view.podsBehind(service);
    const ready = pods.filter(isReady).length;
    const object = pods.flatMap((pod) => view.workloadOf(pod) ?? [])[0] ?? service;
    return [
      {
        ...{ object, clients, ready, count: pods.length, isDown: ready === 0 },
        affected: clients.length === 1 ? "1 workload gets" : `${clients.length} workloads get`,
        effects: clients.slice(0, 3).map(({ workload }) => `${nameOf(workload)} cannot resolve names`),
      },
    ];
  },
  // One workload alone may have a fault of its own.
  when: [{ is: "no DNS pod is ready, or several workloads complain", holds: ({ isDown, clients }) => isDown || clients.length > 1 }],
  supports: [
    { is: "no DNS pod is ready", holds: ({ isDown }) => isDown, weight: 2 },
    { is: "several workloads complain", holds: ({ clients }) => clients.length > 1, weight: 2 },
  ],
  object: ({ object }) => object,
  says: "The cluster's DNS ({object}) does not answer: {ready} of {count} pods are ready, {affected} no answer.",
  chain: "{object} has {ready} of {count} pods ready → lookups of pods get no answer → {effects}",
  quotes: ({ object, ready, count, clients }) => [
    objectQuote(object, `${ready} of ${count} pods ready`),
    ...clients.slice(0, 3).flatMap(({ lines }) => lines.slice(0, 1).map(lineQuote)),
  ],
  explains: ({ clients }) => clients.map(({ workload }) => workload),
  otherwise: "check the DNS workload and the network path to its pods",
});
