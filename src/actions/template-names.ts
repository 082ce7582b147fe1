// Where a pod template names ConfigMaps and PersistentVolumeClaims, and which keys it asks of them: every place, by its path. Pure.
import type { Container, PodSpec } from "#api/kubernetes.ts";

export type NamedKind = "ConfigMap" | "PersistentVolumeClaim";

export interface NamePlace {
  /** Of the name, from the pod's spec. */
  readonly path: readonly string[];
  readonly name: string;
  readonly isOptional: boolean;
  readonly keys: readonly { readonly path: readonly string[]; readonly key: string }[];
}

export const namePlaces = (spec: PodSpec, kind: NamedKind): readonly NamePlace[] =>
  kind === "ConfigMap"
    ? [...inContainers(spec, "initContainers"), ...inContainers(spec, "containers"), ...configVolumes(spec)]
    : claimVolumes(spec);

const inContainers = (spec: PodSpec, list: "containers" | "initContainers"): readonly NamePlace[] =>
  (spec[list] ?? []).flatMap((container, index) => inContainer(container, [list, String(index)]));

const inContainer = ({ env = [], envFrom = [] }: Container, at: readonly string[]): readonly NamePlace[] => [
  ...env.flatMap(({ valueFrom }, index) => {
    const reference = valueFrom?.configMapKeyRef;
    const here = [...at, "env", String(index), "valueFrom", "configMapKeyRef"];
    return reference === undefined ? [] : [{ ...place(here, reference), keys: [{ path: [...here, "key"], key: reference.key }] }];
  }),
  ...envFrom.flatMap(({ configMapRef }, index) =>
    configMapRef === undefined ? [] : [place([...at, "envFrom", String(index), "configMapRef"], configMapRef)],
  ),
];

const configVolumes = ({ volumes = [] }: PodSpec): readonly NamePlace[] =>
  volumes.flatMap(({ configMap, projected }, index) => {
    const at = ["volumes", String(index)];
    return [
      ...(configMap === undefined ? [] : [place([...at, "configMap"], configMap)]),
      ...(projected?.sources ?? []).flatMap((source, part) =>
        source.configMap === undefined ? [] : [place([...at, "projected", "sources", String(part), "configMap"], source.configMap)],
      ),
    ];
  });

const claimVolumes = ({ volumes = [] }: PodSpec): readonly NamePlace[] =>
  volumes.flatMap(({ persistentVolumeClaim }, index) =>
    persistentVolumeClaim === undefined
      ? []
      : [
          {
            path: ["volumes", String(index), "persistentVolumeClaim", "claimName"],
            name: persistentVolumeClaim.claimName,
            isOptional: false,
            keys: [],
          },
        ],
  );

const place = (
  at: readonly string[],
  { name = "", optional = false, items = [] }: { name?: string; optional?: boolean; items?: { key: string }[] },
): NamePlace => ({
  path: [...at, "name"],
  name,
  isOptional: optional,
  keys: items.map(({ key }, index) => ({ path: [...at, "items", String(index), "key"], key })),
});
