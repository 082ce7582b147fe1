// Asks a Prometheus, found or named, what it knows of the containers that are looked at, and which alerts fire there. At most seven calls, each
// with a short deadline and a small answer; never fails: a query that fails is a gap; a Prometheus that is not there is none.
import type { Alert } from "#api/fields.ts";
import {
  DaemonSets,
  Deployments,
  EndpointSlices,
  Nodes,
  Pods,
  StatefulSets,
  type Deployment,
  type EndpointSlice,
} from "#api/kubernetes.ts";
import type { KubeObject, ResourceType } from "#api/object.ts";
import type { CallOptions } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";
import type { Budget } from "#evidence/budget.ts";
import type { FiringAlert, Metric } from "#evidence/evidence.ts";
import { choosePrometheus, prometheusSelectors, type ServiceToAsk } from "#evidence/find-prometheus.ts";
import type { ClusterReader, Gather } from "#evidence/gather.ts";
import { type Answered, containerMetrics, firingAlerts, type ObjectOf, objectMetrics } from "#evidence/prometheus-answer.ts";
import {
  containersQuery,
  firingQuery,
  instantQuery,
  nodeMetricNames,
  nodesQuery,
  requestMetricNames,
  requestsQuery,
  workloadLabel,
  workloadMetricNames,
  workloadsQuery,
} from "#evidence/prometheus-queries.ts";
import { fromTimestamp } from "#lib/clock.ts";

export interface PrometheusCall extends CallOptions {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** One instant query; throws where there is no answer. */
export type AskPrometheus = (query: string, options: PrometheusCall) => Promise<unknown>;

/** `look for it`: where a Service has one of the usual names or the usual label. */
export type PrometheusSource = "look for it" | ServiceToAsk | { readonly name: string; readonly ask: AskPrometheus };

export interface FromPrometheus {
  readonly metrics: readonly Metric[];
  readonly firing: readonly FiringAlert[];
}

/** A Prometheus that was only looked for gets less time. */
const timeoutMs = { found: 1_000, named: 3_000 };
const maxAnswerBytes = 256 * 1024;
/** Two lists that look for it, five queries. */
const callsToFind = 7;

const nothing: FromPrometheus = { metrics: [], firing: [] };

export interface PrometheusQuestion {
  readonly namespaces: readonly string[] | "all";
  /** What they began with is not usual. */
  readonly alerts: readonly Alert[];
}

export interface PrometheusDeps {
  readonly reader: ClusterReader;
  readonly gather: Gather;
  readonly budget: Budget;
  readonly now: () => number;
}

export const readPrometheus = async (
  deps: PrometheusDeps,
  source: PrometheusSource | undefined,
  question: PrometheusQuestion,
): Promise<FromPrometheus> => {
  if (source === undefined) return nothing;
  if (source === "look for it") {
    if (deps.budget.callsLeft < callsToFind) {
      deps.gather.gaps.add("look for Prometheus", "the collection's calls are used up");
      return nothing;
    }
    const found = await lookForIt(deps);
    return found === undefined ? nothing : ask(deps, throughProxy(deps.reader, found), serviceName(found), question, timeoutMs.found);
  }
  return "ask" in source
    ? ask(deps, source.ask, source.name, question, timeoutMs.named)
    : ask(deps, throughProxy(deps.reader, source), serviceName(source), question, timeoutMs.named);
};

const serviceName = ({ namespace, service }: ServiceToAsk): string => `${namespace}/${service.replace(/:$/, "")}`;

/** Without the right to list everywhere, or an answer in time, there is none. */
const lookForIt = async ({ reader, gather, budget }: PrometheusDeps): Promise<ServiceToAsk | undefined> => {
  if (gather.read.some(({ kind, namespace }) => kind === EndpointSlices.kind && namespace === undefined))
    return choosePrometheus(gather.of(EndpointSlices));
  const lists = await Promise.all(
    prometheusSelectors.map(async (labelSelector): Promise<readonly EndpointSlice[]> => {
      if (budget.take() !== undefined) return [];
      try {
        const scope = { labelSelector, pageSize: 50, maxBytes: maxAnswerBytes };
        const options = { timeoutMs: timeoutMs.found, signal: budget.signal };
        for await (const page of reader.pages(EndpointSlices as ResourceType<EndpointSlice>, scope, options)) {
          budget.spend(page.bytes);
          return page.items;
        }
      } catch {
        // It was only looked for.
      }
      return [];
    }),
  );
  return choosePrometheus(lists.flat());
};

const throughProxy =
  (reader: ClusterReader, { namespace, service }: ServiceToAsk): AskPrometheus =>
  (query, options) =>
    reader.request(
      "GET",
      `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(service).replaceAll("%3A", ":")}/proxy/${instantQuery(query, options.timeoutMs)}`,
      undefined,
      { ...options, attempts: 1 },
    );

const refused = 'not allowed: the right "get services/proxy" is needed, which kintsugi doctor --rbac diagnose shows';

/** Which call it was says the gap. */
const withoutAddress = (error: unknown): unknown => {
  if (!(error instanceof KubeError)) return error;
  return new Error(error.status === 404 ? "no Prometheus answers there" : error.message.replace(/^GET \S{1,512}: /, ""));
};

const ask = async (
  { gather, budget, now }: PrometheusDeps,
  put: AskPrometheus,
  name: string,
  question: PrometheusQuestion,
  deadlineMs: number,
): Promise<FromPrometheus> => {
  const one = async <T>(what: string, query: string, read: (answer: unknown) => Answered<T>): Promise<readonly T[]> => {
    const doing = `ask Prometheus ${name} for ${what}`;
    const stopped = budget.take();
    if (stopped !== undefined) return (gather.gaps.add(doing, stopped), []);
    try {
      const { items, trouble } = read(await put(query, { timeoutMs: deadlineMs, maxBytes: maxAnswerBytes, signal: budget.signal }));
      if (trouble !== undefined) gather.gaps.add(doing, trouble);
      return items;
    } catch (error) {
      if (error instanceof KubeError && error.status === 403) gather.gaps.add(doing, refused);
      else gather.gaps.addError(doing, withoutAddress(error), budget.signal);
      return [];
    }
  };
  const { namespaces } = question;
  const usualAgoMs = usualAgoOf(question, now());
  const objectOf = objectsIn(gather);
  const [containers, workloads, requests, nodes, firing] = await Promise.all([
    one("containers", containersQuery(namespaces), (answer) =>
      containerMetrics(answer, (namespace, pod) => gather.find(Pods, { namespace, name: pod })),
    ),
    one("workloads", workloadsQuery(namespaces, usualAgoMs), (answer) => objectMetrics(answer, workloadMetricNames, objectOf.workload)),
    one("requests", requestsQuery(namespaces, usualAgoMs), (answer) => objectMetrics(answer, requestMetricNames, objectOf.workload)),
    one("nodes", nodesQuery(usualAgoMs), (answer) => objectMetrics(answer, nodeMetricNames, objectOf.node)),
    one("firing alerts", firingQuery(namespaces), (answer) => firingAlerts(answer, namespaces, now())),
  ]);
  return { metrics: [...containers, ...workloads, ...requests, ...nodes], firing };
};

/** An alert waits before it fires, and what is measured is the mean of five minutes. */
const beforeAlertMs = 20 * 60_000;
const leastAgoMs = 30 * 60_000;
const mostAgoMs = 24 * 3_600_000;

const usualAgoOf = ({ alerts }: PrometheusQuestion, now: number): number => {
  const since = alerts.map(({ startsAt }) => fromTimestamp(startsAt)).filter((time) => time !== undefined);
  return Math.min(mostAgoMs, Math.max(leastAgoMs, now - Math.min(now, ...since) + beforeAlertMs));
};

const workloadTypes = [Deployments, StatefulSets, DaemonSets] as const;
const packets = /^network_/;

/** What the labels of a sample name, among the objects that were read. */
const objectsIn = (gather: Gather): { readonly workload: ObjectOf; readonly node: ObjectOf } => {
  const byAddress = new Map(
    gather.of(Nodes).flatMap(({ metadata: { name }, status }) => {
      const reference = { apiVersion: "v1", kind: "Node", name };
      return [name, ...(status?.addresses ?? []).map(({ address }) => address)].map((address) => [address, reference] as const);
    }),
  );
  return {
    workload: ({ namespace = "", [workloadLabel]: name = "" }, metric) => {
      const found = workloadTypes.flatMap((type) => gather.find<KubeObject>(type, { namespace, name }) ?? []);
      const [workload, another] = found;
      if (workload === undefined || another !== undefined) return undefined;
      // Pods of the host's network have the counters of all the host.
      const { template } = (workload as Deployment).spec;
      if (packets.test(metric) && template.spec["hostNetwork"] === true) return undefined;
      return { apiVersion: workload.apiVersion, kind: workload.kind, namespace, name };
    },
    node: ({ node = "", instance = "" }) => byAddress.get(node) ?? byAddress.get(instance.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1")),
  };
};
