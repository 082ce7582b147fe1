// A gateway whose routing table leads one path to another service than the rest of the table, or those who call it, say it should.
// Every pod is well and every Service has endpoints: callers get 404 from a program that never heard of the path.
import type { Alert } from "#api/fields.ts";
import { ConfigMaps, Services, type ConfigMap, type Service } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person, restored } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { mountersOf } from "#diagnosis/mounters.ts";
import { habitsOf, hostOf } from "#diagnosis/route-habits.ts";
import { type Route, routesIn } from "#diagnosis/routing-tables.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";

const code = "GatewayMisroutes";

export const gatewayMisroutes: Cause = {
  code,
  title: "A gateway that leads a path to the wrong service",
  reads:
    "Routing tables in ConfigMaps that a running workload mounts, the Services there are, what their programs call themselves in their variables, and alerts that name a path and a service.",
  means:
    "One route leads elsewhere than its name and path, or the alert about that path, say, and no route leads to the service they mean.",
  remedy: "`restore_object`, if the change journal has the earlier table. Otherwise, correct the route.",
  find: (view) => view.all(ConfigMaps).flatMap((configMap) => find(view, configMap)),
};

const tablesAtMost = 20;

interface Suspect {
  readonly route: Route;
  readonly key: string;
  /** The Service that the route should lead to. */
  readonly meant: Service;
  readonly alert?: Alert;
  readonly byWords: boolean;
}

const find = (view: View, configMap: ConfigMap): readonly Assessment[] => {
  const tables = Object.entries(configMap.data ?? {})
    .slice(0, tablesAtMost)
    .filter(([, text]) => /uri:|proxy_pass/.test(text));
  if (tables.length === 0) return [];
  // A table that no workload reads routes nothing.
  const gateways = mountersOf(view, configMap);
  if (gateways.length === 0) return [];
  return tables.flatMap(([key, text]) =>
    suspectsIn(view, configMap, key, routesIn(text)).map((suspect) => judgeRoute(view, configMap, gateways, suspect)),
  );
};

const suspectsIn = (view: View, { metadata }: ConfigMap, key: string, routes: readonly Route[]): readonly Suspect[] => {
  const services = view.all(Services, metadata.namespace);
  const hosts = new Set(routes.map(hostOf));
  const left = services.filter(({ metadata: { name } }) => !hosts.has(name));
  const habits = habitsOf(view, services, routes);
  return routes.flatMap((route): Suspect[] => {
    // It leads where it is called: whoever alerts about it may well be a caller.
    const keeps = habits.keeps(route);
    if (keeps === true) return [];
    const alert = view.evidence.alerts.find(({ labels }) => {
      const path = labels["url"] ?? labels["path"] ?? labels["uri"] ?? "";
      const isThere = route.paths.some((prefix) => prefix.length > 1 && (path === prefix || path.startsWith(`${prefix}/`)));
      return isThere && left.some(({ metadata: { name } }) => name === (labels["service"] ?? ""));
    });
    const told = alert === undefined ? undefined : left.find(({ metadata: { name } }) => name === alert.labels["service"]);
    const named = keeps === false ? left.filter((service) => habits.means(route, service)) : [];
    const meant = told ?? (named.length === 1 ? named[0] : undefined);
    if (meant === undefined) return [];
    return [{ route, key, meant, byWords: named.includes(meant), ...(alert === undefined ? {} : { alert }) }];
  });
};

const judgeRoute = (
  view: View,
  configMap: ConfigMap,
  gateways: readonly Workload[],
  { route, key, meant, alert, byWords }: Suspect,
): Assessment => {
  const table = referenceTo(configMap);
  const owners = view.workloads.filter((workload) => view.servicesOf(workload).includes(meant));
  const change = view.changesOf(table)[0];
  const ready = view.podsBehind(meant).length > 0;
  const right = `point route ${route.name} to ${meant.metadata.name} again`;
  const notFound = alert !== undefined && /\b40[45]\b/.test(Object.values(alert.annotations).join(" "));
  return assess(
    code,
    {
      required: [{ claim: `Service ${meant.metadata.name} has pods, so that it could be reached`, holds: ready }],
      supporting: [
        { claim: "the rest of the table leads where its words say", holds: byWords ? true : "unknown", weight: 2 },
        { claim: "an alert names the path together with the service", holds: alert === undefined ? "unknown" : true },
        { claim: "what answers there does not know the path", holds: notFound ? true : "unknown" },
        { claim: "the table was changed", holds: change === undefined ? "unknown" : true },
      ],
    },
    () => ({
      object: table,
      summary: `${referenceText(table)} makes ${gateways.map(({ reference }) => referenceText(reference)).join(", ")} lead ${route.paths.join(", ")} to ${route.host} instead of ${meant.metadata.name}.`,
      chain: [
        `route ${route.name} in ${referenceText(table)} leads ${route.paths.join(", ")} to ${route.host}`,
        `requests for ${meant.metadata.name} reach a program that does not know them`,
        "callers get errors while everything is ready",
      ],
      quotes: [
        objectQuote(table, `${key}: ${route.text}`),
        ...(alert === undefined
          ? []
          : [quote("alert", alert.name, [...Object.values(alert.labels), ...Object.values(alert.annotations)].join("; ").slice(0, 600))]),
        ...(change === undefined ? [] : [quote("change", referenceText(table), `${change.field} changed ${change.at} by ${change.by}`)]),
      ],
      field: `data.${key}`,
      detail: { route: route.name, host: route.host, instead: meant.metadata.name },
      explains: [...owners, ...gateways].map(({ reference }) => reference),
      facts:
        change?.kind === "changed" ? restored(change, `Route ${route.name} leads to ${meant.metadata.name} again.`, right) : person(right),
    }),
  );
};
