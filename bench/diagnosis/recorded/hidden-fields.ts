// What `kubectl describe` does not show, filled in from the manifest beside it: affinity, pull secrets, port names, a claim's selector.
// What describe does show is never overwritten: it is what runs, the manifest may be what was wanted.
import type { Container, PersistentVolumeClaim, PodSpec, PodTemplate, Service } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";

const hiddenOfPod = [
  "affinity",
  "imagePullSecrets",
  "topologySpreadConstraints",
  "securityContext",
  "hostNetwork",
  "priorityClassName",
  "restartPolicy",
  "dnsPolicy",
  "dnsConfig",
  "hostAliases",
  "schedulerName",
  "terminationGracePeriodSeconds",
] as const;

const hiddenOfContainer = ["imagePullPolicy", "securityContext", "lifecycle", "workingDir"] as const;

/** `maker`: from a pod or ReplicaSet to the Deployment or StatefulSet at its root. */
export const withHidden = (
  objects: readonly KubeObject[],
  manifests: readonly KubeObject[],
  maker: (object: KubeObject) => KubeObject,
): readonly KubeObject[] => {
  const written = new Map(manifests.map((object) => [keyOf(object), object]));
  return objects.map((object) => {
    const manifest = written.get(keyOf(maker(object)));
    if (manifest === undefined) return object;
    if (object.kind === "Pod") return withSpec(object, manifest);
    if (object.kind === "PersistentVolumeClaim") return withClaim(object as PersistentVolumeClaim, manifest as PersistentVolumeClaim);
    if (object.kind === "Service") return withPorts(object as Service, manifest as Service);
    return hasTemplate(object) ? withTemplate(object, manifest) : object;
  });
};

interface Templated extends KubeObject {
  readonly spec: { readonly template: PodTemplate };
}

const hasTemplate = (object: KubeObject): object is Templated => {
  const { spec } = object as { spec?: { template?: { spec?: { containers?: unknown } } } };
  return Array.isArray(spec?.template?.spec?.containers);
};

const withTemplate = (object: Templated, manifest: KubeObject): KubeObject => {
  if (!hasTemplate(manifest)) return object;
  const { template } = object.spec;
  const filled = {
    ...object,
    spec: { ...object.spec, template: { ...template, spec: filledIn(template.spec, manifest.spec.template.spec) } },
  };
  return filled;
};

const withSpec = (object: KubeObject, manifest: KubeObject): KubeObject => {
  const { spec } = object as KubeObject & { spec: PodSpec };
  return hasTemplate(manifest) ? ({ ...object, spec: filledIn(spec, manifest.spec.template.spec) } as KubeObject) : object;
};

const filledIn = (spec: PodSpec, written: PodSpec): PodSpec => {
  const known = new Map(written.containers.map((container) => [container.name, container]));
  return {
    ...picked(written, hiddenOfPod),
    ...spec,
    containers: spec.containers.map((container): Container => {
      const other = known.get(container.name);
      if (other === undefined) return container;
      const names = new Map((other.ports ?? []).map((port) => [port.containerPort, port.name]));
      return {
        ...picked(other, hiddenOfContainer),
        ...container,
        ports: (container.ports ?? []).map((port) => {
          const name = port.name ?? names.get(port.containerPort);
          return name === undefined ? port : { ...port, name };
        }),
      };
    }),
  };
};

const withClaim = (claim: PersistentVolumeClaim, { spec }: Partial<PersistentVolumeClaim>): PersistentVolumeClaim => ({
  ...claim,
  spec: {
    ...claim.spec,
    ...(claim.spec.accessModes === undefined && spec?.accessModes !== undefined ? { accessModes: spec.accessModes } : {}),
    ...(spec?.selector === undefined ? {} : { selector: spec.selector }),
    ...(spec?.resources === undefined ? {} : { resources: spec.resources }),
  },
});

const withPorts = (service: Service, { spec }: Partial<Service>): Service => ({
  ...service,
  spec: {
    ...service.spec,
    ports: (service.spec.ports ?? []).map((port) => {
      const written = spec?.ports?.find((each) => each.port === port.port)?.appProtocol;
      return written === undefined ? port : { ...port, appProtocol: written };
    }),
  },
});

const picked = (from: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]])));

const keyOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
