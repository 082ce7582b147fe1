// Which ConfigMaps, Secrets and claims a pod template names, and which containers read each. Pure: the one walk over env, envFrom and volumes.
import type { Container, PodTemplate, Volume } from "#api/kubernetes.ts";

export interface TemplateReference {
  readonly kind: "ConfigMap" | "Secret" | "PersistentVolumeClaim";
  readonly name: string;
  readonly by: "volume" | "envFrom" | "env";
  /** The one key that a variable takes. */
  readonly key?: string;
  readonly optional: boolean;
  /** Names of the containers that read it: those that mount the volume, or the one with the variable. */
  readonly containers: readonly string[];
}

/** Volumes first, then the containers, init containers before the others; in the template's order, the same object as often as it is named. */
export const templateReferences = ({ spec }: Pick<PodTemplate, "spec">): readonly TemplateReference[] => {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return [
    ...(spec.volumes ?? []).flatMap((volume) => ofVolume(volume, mounters(containers, volume))),
    ...containers.flatMap((container) => ofContainer(container)),
  ];
};

const mounters = (containers: readonly Container[], { name }: Volume): readonly string[] =>
  containers.filter(({ volumeMounts }) => volumeMounts?.some((mount) => mount.name === name) === true).map((container) => container.name);

type Named = { readonly name?: string | undefined; readonly optional?: boolean | undefined } | undefined;

const reference = (
  kind: TemplateReference["kind"],
  by: TemplateReference["by"],
  source: Named,
  containers: readonly string[],
  key?: string,
): readonly TemplateReference[] =>
  source?.name === undefined || source.name === ""
    ? []
    : [{ kind, name: source.name, by, optional: source.optional === true, containers, ...(key === undefined ? {} : { key }) }];

const ofVolume = (volume: Volume, containers: readonly string[]): readonly TemplateReference[] => [
  ...reference("ConfigMap", "volume", volume.configMap, containers),
  ...reference("Secret", "volume", volume.secret && { ...volume.secret, name: volume.secret.secretName }, containers),
  ...reference("PersistentVolumeClaim", "volume", { name: volume.persistentVolumeClaim?.claimName }, containers),
  ...(volume.projected?.sources ?? []).flatMap((source) => [
    ...reference("ConfigMap", "volume", source.configMap, containers),
    ...reference("Secret", "volume", source.secret, containers),
  ]),
];

const ofContainer = ({ name, env = [], envFrom = [] }: Container): readonly TemplateReference[] => [
  ...envFrom.flatMap(({ configMapRef, secretRef }) => [
    ...reference("ConfigMap", "envFrom", configMapRef, [name]),
    ...reference("Secret", "envFrom", secretRef, [name]),
  ]),
  ...env.flatMap(({ valueFrom }) => [
    ...reference("ConfigMap", "env", valueFrom?.configMapKeyRef, [name], valueFrom?.configMapKeyRef?.key),
    ...reference("Secret", "env", valueFrom?.secretKeyRef, [name], valueFrom?.secretKeyRef?.key),
  ]),
];
