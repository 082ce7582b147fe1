// What the caches keep of a pod template: the labels that selectors match, and the names of what it mounts and reads. Pure; no value, no command, no image.
import type { PodTemplate } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { type TemplateReference, templateReferences } from "#cluster/template-references.ts";
import { templateOf } from "#cluster/workload-shape.ts";
import type { SharedText } from "#lib/shared-text.ts";

export interface CachedTemplate {
  readonly labels: Readonly<Record<string, string>>;
  /** Each object once for each way in which it is named. */
  readonly references: readonly CachedReference[];
}
export type CachedReference = Pick<TemplateReference, "kind" | "name" | "by" | "optional">;

/** Of a pod that nothing controls too: it is its own template. */
export interface Templated {
  readonly template?: CachedTemplate;
}

const maxLabels = 64;
/** The API server allows no longer value. */
const maxValue = 63;
const maxKey = 317;
const maxReferences = 50;

/** Nothing of an odd shape: one object must not stop the cache of all. */
export const keptTemplate = (object: KubeObject, share: SharedText): Templated => {
  const template = templateOf(object);
  return template?.spec === undefined ? {} : { template: { labels: labelsOf(template, share), references: referencesOf(template, share) } };
};

const labelsOf = ({ metadata }: PodTemplate, share: SharedText): Record<string, string> =>
  Object.fromEntries(
    Object.entries(metadata?.labels ?? {})
      .filter(([key, value]) => key.length <= maxKey && value.length <= maxValue)
      .slice(0, maxLabels)
      .map(([key, value]) => [share(key), share(value)]),
  );

const referencesOf = ({ spec }: PodTemplate, share: SharedText): CachedReference[] => {
  const found = new Map<string, CachedReference>();
  for (const { kind, name, by, optional } of templateReferences({ spec: { ...spec, containers: spec.containers ?? [] } })) {
    const key = `${by === "volume" ? "volume" : "variable"}/${kind}/${name}`;
    if (name.length <= 253 && !found.has(key)) found.set(key, { kind, name: share(name), by, optional });
  }
  return [...found.values()].slice(0, maxReferences);
};
