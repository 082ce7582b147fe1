// What alert rules read, kept up to date by watching it on any cluster: only the namespaces that they name, and only the kinds.
import type { Stored } from "#embedded/json.ts";
import { type AlertRule, compileRule } from "#embedded/monitoring/alert-rule.ts";
import { type Selector, selectorsOf } from "#embedded/monitoring/promql.ts";
import { storageKeyOfMetric } from "#embedded/monitoring/state-metrics.ts";
import { builtInResources, storageKeyOf } from "#embedded/resources.ts";
import type { ResourceType } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";

export interface WatchedObjects {
  /** Begins to watch the kinds that these rules read and that are not watched yet. */
  follow(rules: readonly AlertRule[]): void;
  list(storageKey: string): readonly Stored[];
}

export const watchObjects = (kube: Pick<Kube, "listWatch">, signal: AbortSignal): WatchedObjects => {
  const watched = new Map<string, Map<string, Stored>>();

  const watch = async (storageKey: string, namespace: string): Promise<void> => {
    const objects = new Map<string, Stored>();
    watched.set(`${storageKey} ${namespace}`, objects);
    const type = builtInResources.find((resource) => storageKeyOf(resource) === storageKey) as ResourceType | undefined;
    if (type === undefined) return;
    const scope = type.namespaced ? { namespace } : {};
    for await (const seen of kube.listWatch(type, scope, signal)) {
      if (seen.kind === "synced") objects.clear();
      const applied = seen.kind === "synced" ? seen.items : seen.kind === "applied" ? [seen.object] : [];
      for (const object of applied) objects.set(object.metadata.name, object as unknown as Stored);
      if (seen.kind === "deleted") objects.delete(seen.object.metadata.name);
    }
  };

  return {
    follow: (rules) => {
      for (const rule of rules) {
        const selectors = selectorsOf(compileRule(rule).expr);
        const namespaces = new Set(selectors.flatMap(namespacesOf));
        for (const { name } of selectors) {
          const storageKey = storageKeyOfMetric(name);
          for (const namespace of namespaces)
            if (storageKey !== undefined && !watched.has(`${storageKey} ${namespace}`)) void watch(storageKey, namespace);
        }
      }
    },
    list: (storageKey) => [...watched].flatMap(([key, objects]) => (key.startsWith(`${storageKey} `) ? [...objects.values()] : [])),
  };
};

/** The namespace that a selector names. */
const namespacesOf = ({ labels: { namespace } }: Selector): string[] => (namespace === undefined ? [] : [namespace]);
