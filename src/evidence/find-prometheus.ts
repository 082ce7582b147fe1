// Which Service is a Prometheus, by the names and the label that its usual installations give it. Pure; asks nothing.
// By EndpointSlices: one list by label finds several names in every namespace, and they say whether a pod is there to answer.
import type { EndpointSlice } from "#api/kubernetes.ts";

const serviceNameLabel = "kubernetes.io/service-name";

/**
 * The most telling first. The operator makes `prometheus-operated` for whatever it runs, so for kube-prometheus-stack and kube-prometheus;
 * `prometheus-server` is the community chart's, `prometheus` that of Istio and many a tutorial.
 */
const usualNames = [
  "prometheus-operated",
  "prometheus-k8s",
  "kube-prometheus-stack-prometheus",
  "prometheus-kube-prometheus-prometheus",
  "rancher-monitoring-prometheus",
  "prometheus-server",
  "prometheus",
] as const;

const nameLabel = "app.kubernetes.io/name";

/** A list for each finds all of them: a selector cannot ask for one label or another. */
export const prometheusSelectors = [`${serviceNameLabel} in (${usualNames.join(",")})`, `${nameLabel}=prometheus`] as const;

export interface ServiceToAsk {
  readonly namespace: string;
  /** As the API server's proxy takes it: `prometheus-server:http`, with the scheme before it where that is not http. */
  readonly service: string;
}

/** The same one whatever the order of the list is. */
export const choosePrometheus = (slices: readonly EndpointSlice[]): ServiceToAsk | undefined =>
  slices
    .flatMap((slice) => {
      const { namespace, labels } = slice.metadata;
      const name = labels?.[serviceNameLabel];
      const rank = rankOf(name ?? "", labels?.[nameLabel]);
      const port = portOf(slice);
      if (namespace === undefined || name === undefined || rank === undefined || port === undefined || !isServed(slice)) return [];
      return [{ rank, key: `${namespace}/${name}`, namespace, service: `${port.startsWith("https") ? "https:" : ""}${name}:${port}` }];
    })
    .toSorted((a, b) => a.rank - b.rank || (a.key < b.key ? -1 : 1))
    .map(({ namespace, service }): ServiceToAsk => ({ namespace, service }))[0];

const rankOf = (name: string, app: string | undefined): number | undefined => {
  const at = (usualNames as readonly string[]).indexOf(name);
  if (at >= 0) return at;
  return app === "prometheus" ? usualNames.length : undefined;
};

const isServed = ({ endpoints }: EndpointSlice): boolean => (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false);

const webPorts = new Set(["http-web", "web", "http"]);

/** The port's name, which is the Service's as well; its number here is the container's. */
const portOf = ({ ports }: EndpointSlice): string | undefined => {
  const tcp = (ports ?? []).filter(({ protocol = "TCP" }) => protocol === "TCP");
  const found =
    tcp.find(({ name = "" }) => webPorts.has(name)) ?? tcp.find(({ port }) => port === 9090) ?? (tcp.length === 1 ? tcp[0] : undefined);
  return found === undefined ? undefined : (found.name ?? "");
};
