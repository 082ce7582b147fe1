// A gateway whose routing table sends one path to another Service than the rest of the table, or an alert about the path, expects.
// Every pod is ready and every Service has endpoints: callers get 404 from a program that does not have the path.
import type { Alert } from "#api/fields.ts";
import { type ConfigMap, ConfigMaps, type Service, Services } from "#api/kubernetes.ts";
import { mountersOf } from "#diagnosis/mounters.ts";
import { objectQuote, quote } from "#diagnosis/quotes.ts";
import { restoration } from "#diagnosis/remedies.ts";
import { habitsOf, hostOf } from "#diagnosis/route-habits.ts";
import { type Route, routesIn } from "#diagnosis/routing-tables.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const tablesAtMost = 20;

interface Suspect {
  readonly route: Route;
  /** The Service that the route should lead to. */
  readonly intended: Service;
  readonly alert: Alert | undefined;
  readonly byWords: boolean;
}

const suspectsIn = (view: View, { metadata }: ConfigMap, routes: readonly Route[]): readonly Suspect[] => {
  const services = view.all(Services, metadata.namespace);
  const hosts = new Set(routes.map(hostOf));
  const left = services.filter(({ metadata: { name } }) => !hosts.has(name));
  const habits = habitsOf(view, services, routes);
  return routes.flatMap((route): Suspect[] => {
    // The route leads to its namesake: the source of an alert may be a caller.
    const keeps = habits.keeps(route);
    if (keeps === true) return [];
    const alert = view.evidence.alerts.find(({ labels }) => {
      const path = labels["url"] ?? labels["path"] ?? labels["uri"] ?? "";
      return (
        route.paths.some((prefix) => prefix.length > 1 && (path === prefix || path.startsWith(`${prefix}/`))) &&
        left.some(({ metadata: { name } }) => name === labels["service"])
      );
    });
    const byAlert = alert === undefined ? undefined : left.find(({ metadata: { name } }) => name === alert.labels["service"]);
    const byWords = keeps === false ? left.filter((service) => habits.names(route, service)) : [];
    const intended = byAlert ?? (byWords.length === 1 ? byWords[0] : undefined);
    return intended === undefined ? [] : [{ route, intended, alert, byWords: byWords.includes(intended) }];
  });
};

const misroutes = (view: View, table: ConfigMap) => {
  const texts = Object.entries(table.data ?? {})
    .slice(0, tablesAtMost)
    .filter(([, text]) => /uri:|proxy_pass/.test(text));
  // A table that no workload reads routes nothing.
  const gateways = texts.length === 0 ? [] : mountersOf(view, table);
  if (gateways.length === 0) return [];
  return texts.flatMap(([key, text]) =>
    suspectsIn(view, table, routesIn(text)).map((suspect) => ({
      ...{ ...suspect, table, gateways, key },
      ...{ name: suspect.route.name, paths: suspect.route.paths, host: suspect.route.host, target: suspect.intended.metadata.name },
      change: view.changesOf(referenceTo(table))[0],
    })),
  );
};

export const gatewayMisroutes = cause({
  code: "GatewayMisroutes",
  title: "A gateway that leads a path to the wrong service",
  reads:
    "Routing tables in ConfigMaps that a running workload mounts, the Services, the names that programs have in their variables, and alerts that name a path and a service.",
  means:
    "The name and path of a route, or an alert about the path, name another Service than its target, and no route leads to that Service.",
  needs: ["objects.ConfigMap", "objects.Service", "objects.Pod"],
  signs: ["ConfigMap"],
  of: (view: View) => view.all(ConfigMaps).flatMap((table) => misroutes(view, table)),
  when: [{ is: "the Service has pods, so that it could be reached", holds: ({ intended }, view) => view.podsBehind(intended).length > 0 }],
  supports: [
    { is: "the other routes lead to their namesakes", holds: ({ byWords }) => byWords || "unknown", weight: 2 },
    { is: "an alert names the path together with the Service", holds: ({ alert }) => alert !== undefined || "unknown" },
    {
      is: "the alert reports that the path is not found",
      holds: ({ alert }) => /\b40[45]\b/.test(Object.values(alert?.annotations ?? {}).join(" ")) || "unknown",
    },
    { is: "the table was changed", holds: ({ change }) => change !== undefined || "unknown" },
  ],
  object: ({ table }) => table,
  says: "{table} makes {gateways} lead {paths} to {host} instead of {target}.",
  chain:
    "route {name} in {table} leads {paths} to {host} → requests for {target} reach a program that does not have the path → callers get errors while every pod is ready",
  quotes: ({ table, key, route, alert, change }) => [
    objectQuote(table, `${key}: ${route.text}`),
    alert === undefined
      ? undefined
      : quote("alert", alert.name, [...Object.values(alert.labels), ...Object.values(alert.annotations)].join("; ").slice(0, 600)),
    change === undefined ? undefined : quote("change", nameOf(table), `${change.field} changed ${change.at} by ${change.by}`),
  ],
  field: ({ key }) => `data.${key}`,
  detail: ({ name, host, target }) => ({ route: name, host, instead: target }),
  explains: ({ gateways, intended }, view) => [
    ...view.workloads.filter((workload) => view.servicesOf(workload).includes(intended)),
    ...gateways,
  ],
  repairs: ({ change, name, target }) =>
    change?.kind === "changed" ? [restoration(change, `Route ${name} leads to ${target} again.`)] : [],
  remedy: "`restore_object`, if the change journal has the earlier table. Otherwise, correct the route.",
  otherwise: "point route {name} to {target} again",
});
