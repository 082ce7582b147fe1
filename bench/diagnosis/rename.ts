// The same evidence under other names: every workload, Service, namespace and image consistently, so that a cause that lives on names is found out.
import type { KubeObject } from "#api/object.ts";
import type { Evidence } from "#evidence/evidence.ts";

export interface Renamed {
  readonly evidence: Evidence;
  /** The new name of an object of the answer, `app/web` → `app/x1-w`. */
  readonly objectOf: (object: string) => string;
}

/** Names that the cluster itself gives a meaning: they stay. */
const fixed = new Set(["default", "kube-system", "kube-public", "kube-node-lease", "kubernetes"]);
const namedKinds = new Set([
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "Service",
  "Secret",
  "PersistentVolumeClaim",
  "PersistentVolume",
  "NetworkPolicy",
]);

export const renamed = (evidence: Evidence): Renamed => {
  const workloads = evidence.objects.filter(({ kind }) => namedKinds.has(kind)).map(({ metadata }) => metadata.name);
  const namespaces = evidence.objects.flatMap(({ metadata }) => metadata.namespace ?? []);
  const names = distinct([...workloads, ...namespaces]).filter((name) => !fixed.has(name) && name.length > 2);
  // An image that is called as a workload is goes by the workload's new name.
  const images = distinct(evidence.objects.flatMap(imagesOf).map((image) => image.replace(/@.*$/, "").replace(/:[^/]*$/, ""))).filter(
    (image) => image !== "" && !workloads.includes(image),
  );
  // Long ones first: `web-api` must not become the new name of `web` with `-api` behind it.
  const table = new Map<string, string>();
  for (const [index, image] of images.toSorted((a, b) => b.length - a.length).entries()) table.set(image, `${registryOf(image)}i${index}`);
  const nameTable = new Map<string, string>();
  for (const [index, name] of names.toSorted((a, b) => b.length - a.length).entries())
    nameTable.set(name, `x${index}-${"wvutsrqponm"[index % 11]}`);

  const known = new Map<string, string>();
  const swap = (text: string): string => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const after = withNames(withImages(text, table), nameTable);
    known.set(text, after);
    return after;
  };
  return {
    evidence: everywhere(evidence, swap) as Evidence,
    objectOf: (object) => {
      const at = object.indexOf("/");
      return `${object.slice(0, at + 1)}${nameTable.get(object.slice(at + 1)) ?? object.slice(at + 1)}`;
    },
  };
};

/** Keys, too: labels and data are kept under names. */
const everywhere = (value: unknown, swap: (text: string) => string): unknown => {
  if (typeof value === "string") return swap(value);
  if (Array.isArray(value)) return value.map((each) => everywhere(each, swap));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [swap(key), everywhere(each, swap)]));
};

/** An image is a word of its own, or has a tag or digest behind it; it is never part of a longer word. */
const withImages = (text: string, table: ReadonlyMap<string, string>): string =>
  text.replaceAll(/[A-Za-z0-9][A-Za-z0-9./_:-]*/g, (run) => {
    for (let end = run.length; end > 0; end = run.lastIndexOf(":", end - 1)) {
      const image = table.get(run.slice(0, end));
      if (image !== undefined) return `${image}${run.slice(end)}`;
    }
    return run;
  });

/** Of one name; a separator counts. */
const partsAtMost = 25;

/** From the left, the longest name that no letter or digit continues. */
const withNames = (text: string, table: ReadonlyMap<string, string>): string =>
  text.replaceAll(/[A-Za-z0-9][A-Za-z0-9.-]*/g, (run) => {
    const parts = run.split(/([.-]+)/);
    const named: string[] = [];
    for (let start = 0; start < parts.length;) {
      let end = Math.min(parts.length, start + partsAtMost);
      while (end > start && !table.has(parts.slice(start, end).join(""))) end -= 1;
      named.push(end > start ? (table.get(parts.slice(start, end).join("")) ?? "") : (parts[start] ?? ""));
      start = Math.max(end, start + 1);
    }
    return named.join("");
  });

/** A registry that was named stays a registry, so that what depends on it still does. */
const registryOf = (image: string): string => (/^[^/]*[.:][^/]*\//.test(image) ? "registry.test/" : "");

const imagesOf = (object: KubeObject): string[] => {
  const { spec } = object as { spec?: { containers?: unknown; template?: { spec?: { containers?: unknown } } } };
  const containers = spec?.containers ?? spec?.template?.spec?.containers;
  if (!Array.isArray(containers)) return [];
  return containers.flatMap((container: { image?: unknown }) => (typeof container.image === "string" ? [container.image] : []));
};

const distinct = (values: readonly string[]): string[] => [...new Set(values)];
