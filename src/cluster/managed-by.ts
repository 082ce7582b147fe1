// Who would put back what we change: Argo CD, Flux or Helm, read from the marks they leave on their objects. Pure.
import type { Context } from "#api/kinds/remediation-processing.ts";
import type { KubeObject } from "#api/object.ts";

export type ManagedBy = NonNullable<Context["managedBy"]>;

/** The outermost tool counts: what Flux or Argo CD installs by Helm carries Helm's marks as well. */
export const managedBy = (object: KubeObject): ManagedBy | undefined => argoCd(object) ?? flux(object) ?? helm(object);

const trackingId = "argocd.argoproj.io/tracking-id";
const instance = "argocd.argoproj.io/instance";

const argoCd = ({ kind, metadata }: KubeObject): ManagedBy | undefined => {
  const id = metadata.annotations?.[trackingId];
  if (id !== undefined) {
    // <application>:<group>/<kind>:<namespace>/<name>; one that names another object was copied along, and Argo CD ignores it too.
    const [application = "", type = "", name = ""] = id.split(":");
    const isItsOwn = type.endsWith(`/${kind}`) && name.endsWith(`/${metadata.name}`);
    if (isItsOwn && application !== "") return found("Argo CD", application, `annotation ${trackingId}`);
  }
  const label = metadata.labels?.[instance];
  return label ? found("Argo CD", label, `label ${instance}`) : undefined;
};

const flux = ({ metadata }: KubeObject): ManagedBy | undefined => {
  for (const [prefix, kind] of [
    ["kustomize.toolkit.fluxcd.io", "Kustomization"],
    ["helm.toolkit.fluxcd.io", "HelmRelease"],
  ] as const) {
    const name = metadata.labels?.[`${prefix}/name`];
    const namespace = metadata.labels?.[`${prefix}/namespace`];
    if (name && namespace) return found("Flux", `${kind} ${namespace}/${name}`, `label ${prefix}/name`);
  }
  return undefined;
};

const helm = ({ metadata }: KubeObject): ManagedBy | undefined => {
  const release = metadata.annotations?.["meta.helm.sh/release-name"];
  const isHelms = metadata.labels?.["app.kubernetes.io/managed-by"] === "Helm";
  // Many rendered templates that were applied by hand have the label alone.
  if (!release || !isHelms) return undefined;
  const namespace = metadata.annotations?.["meta.helm.sh/release-namespace"] ?? metadata.namespace ?? "default";
  return found("Helm", `${namespace}/${release}`, "annotation meta.helm.sh/release-name");
};

const found = (tool: ManagedBy["tool"], object: string, proof: string): ManagedBy => ({ tool, object: object.slice(0, 256), proof });
