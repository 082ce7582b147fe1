// The cluster's own DNS does not answer: pods that ask it, and nothing else, get no address for any name.
import { Services, type Service } from "#api/kubernetes.ts";
import { isReady } from "#api/conditions.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { unanswered } from "#diagnosis/name-resolution.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const code = "ClusterDnsDown";

export const clusterDnsDown: Cause = {
  code,
  title: "A cluster whose DNS does not answer",
  reads: "The Service that answers DNS and its pods, and how many workloads with the cluster's own settings get no answer.",
  means: "Lookups are sent to the cluster's DNS and nobody answers: its pods are not ready, or not to be reached.",
  remedy: "What the fault of the DNS workload itself asks for. Otherwise, check the network path to its pods.",
  find: (view) => find(view),
};

const dnsPort = 53;
const complainersAtLeast = 2;

const find = (view: View): readonly Assessment[] => {
  const complainers = view.workloads.flatMap((workload) => {
    const policy = workload.template.spec["dnsPolicy"] ?? "ClusterFirst";
    const lines = policy === "ClusterFirst" ? linesSaying(view, workload, unanswered) : [];
    return lines.length === 0 ? [] : [{ workload, lines }];
  });
  if (complainers.length === 0) return [];
  const server = view.all(Services).find(isDns);
  const pods = server === undefined ? [] : view.podsBehind(server);
  const ready = pods.filter((pod) => isReady(pod));
  const owner = pods.map((pod) => view.workloadOf(pod)).find((each) => each !== undefined);
  const [first] = complainers;
  const object = owner?.reference ?? (server === undefined ? undefined : referenceTo(server));
  if (first === undefined || object === undefined) return [];
  const isDown = ready.length === 0;
  return [
    assess(
      code,
      {
        required: [
          { claim: "lookups get no answer", holds: true },
          { claim: "no pod of the DNS is ready, or several workloads complain", holds: isDown || complainers.length >= complainersAtLeast },
        ],
        supporting: [
          { claim: "no pod of the DNS is ready", holds: isDown, weight: 2 },
          { claim: "several workloads complain", holds: complainers.length >= complainersAtLeast, weight: 2 },
        ],
      },
      () => ({
        object,
        summary: `The cluster's DNS (${referenceText(object)}) does not answer: ${ready.length} of ${pods.length} pods are ready, ${complainers.length} workloads get no answer.`,
        chain: [
          isDown ? `no pod of ${referenceText(object)} is ready` : `${referenceText(object)} does not answer`,
          "lookups of pods get no answer",
          ...complainers.slice(0, 3).map(({ workload }) => `${referenceText(workload.reference)} reaches nothing by name`),
        ],
        quotes: [
          objectQuote(object, `${ready.length} of ${pods.length} pods ready`),
          ...complainers.slice(0, 3).flatMap(({ lines }) => lines.slice(0, 1).map(lineQuote)),
        ],
        explains: [object, ...complainers.map(({ workload }) => workload.reference)],
        facts: person("check the DNS workload and the network path to its pods"),
      }),
    ),
  ];
};

const isDns = ({ spec }: Service): boolean => (spec.ports ?? []).some(({ port, protocol }) => port === dnsPort && protocol === "UDP");
