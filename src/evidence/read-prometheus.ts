// Asks a Prometheus, found or named, what it knows of the containers that are looked at, and which alerts fire there. At most four calls, each
// with a short deadline and a small answer; never fails: what could not be read stands in the gaps, and one that is not there is no gap.
import { EndpointSlices, Pods, type EndpointSlice } from "#api/kubernetes.ts";
import type { ResourceType } from "#api/object.ts";
import type { CallOptions } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";
import type { Budget } from "#evidence/budget.ts";
import type { FiringAlert, Metric } from "#evidence/evidence.ts";
import { choosePrometheus, prometheusSelectors, type ServiceToAsk } from "#evidence/find-prometheus.ts";
import type { ClusterReader, Gather } from "#evidence/gather.ts";
import { type Answered, containerMetrics, firingAlerts } from "#evidence/prometheus-answer.ts";
import { containersQuery, firingQuery, instantQuery } from "#evidence/prometheus-queries.ts";

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

/** Nobody waits long for what was only looked for. */
const timeoutMs = { found: 1_000, named: 3_000 };
const maxAnswerBytes = 256 * 1024;
/** Two lists that look for it, two queries. */
const callsToFind = 4;

const nothing: FromPrometheus = { metrics: [], firing: [] };

export interface PrometheusDeps {
  readonly reader: ClusterReader;
  readonly gather: Gather;
  readonly budget: Budget;
  readonly now: () => number;
}

export const readPrometheus = async (
  deps: PrometheusDeps,
  source: PrometheusSource | undefined,
  namespaces: readonly string[] | "all",
): Promise<FromPrometheus> => {
  if (source === undefined) return nothing;
  if (source === "look for it") {
    if (deps.budget.callsLeft < callsToFind) {
      deps.gather.gaps.add("look for Prometheus", "the collection's calls are used up");
      return nothing;
    }
    const found = await lookForIt(deps);
    return found === undefined ? nothing : ask(deps, throughProxy(deps.reader, found), serviceName(found), namespaces, timeoutMs.found);
  }
  return "ask" in source
    ? ask(deps, source.ask, source.name, namespaces, timeoutMs.named)
    : ask(deps, throughProxy(deps.reader, source), serviceName(source), namespaces, timeoutMs.named);
};

const serviceName = ({ namespace, service }: ServiceToAsk): string => `${namespace}/${service.replace(/:$/, "")}`;

/** Whoever may not look everywhere, or gets no answer in time, has none. */
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
  namespaces: readonly string[] | "all",
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
  const [metrics, firing] = await Promise.all([
    one("containers", containersQuery(namespaces), (answer) =>
      containerMetrics(answer, (namespace, pod) => gather.find(Pods, { namespace, name: pod })),
    ),
    one("firing alerts", firingQuery(namespaces), (answer) => firingAlerts(answer, namespaces, now())),
  ]);
  return { metrics, firing };
};
