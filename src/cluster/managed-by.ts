// Who would put back what we change: Argo CD, Flux, Helm or an operator, read from the marks they leave on their objects. Pure.
import type { Context } from "#api/kinds/remediation-processing.ts";
import { controllerOf, type KubeObject } from "#api/object.ts";

export type ManagedBy = NonNullable<Context["managedBy"]>;

/**
 * The outermost tool counts: what Flux or Argo CD installs by Helm carries Helm's marks as well. An operator comes before them all: it writes
 * the object itself, whatever installed the operator's own resource.
 */
export const managedBy = (object: KubeObject): ManagedBy | undefined => operator(object) ?? argoCd(object) ?? flux(object) ?? helm(object);

const trackingId = "argocd.argoproj.io/tracking-id";
const instance = "argocd.argoproj.io/instance";

/** A controlling owner of a custom kind. Kubernetes' own groups have no dot, or end in k8s.io. */
const operator = (object: KubeObject): ManagedBy | undefined => {
  const owner = controllerOf(object);
  const group = owner?.apiVersion.includes("/") === true ? (owner.apiVersion.split("/")[0] ?? "") : "";
  if (owner === undefined || !group.includes(".") || group === "k8s.io" || group.endsWith(".k8s.io")) return undefined;
  const { namespace } = object.metadata;
  return found(
    "operator",
    `${owner.kind} ${namespace === undefined ? "" : `${namespace}/`}${owner.name}`,
    `its controller is a ${owner.kind} (${owner.apiVersion})`,
  );
};

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
  // The label alone is also in rendered templates that were applied by hand.
  if (!release || !isHelms) return undefined;
  const namespace = metadata.annotations?.["meta.helm.sh/release-namespace"] ?? metadata.namespace ?? "default";
  return found("Helm", `${namespace}/${release}`, "annotation meta.helm.sh/release-name");
};

const forbids: Readonly<Record<ManagedBy["tool"], string>> = {
  "Argo CD": "the next sync reverts a live change: change it in the repository of the application",
  Flux: "the next reconciliation reverts a live change: change it in the source",
  Helm: "the next upgrade overwrites a live change: change the values of the release",
  operator: "its operator writes the spec again: change the resource that controls it",
};

const found = (tool: ManagedBy["tool"], object: string, proof: string): ManagedBy => ({
  tool,
  object: object.slice(0, 256),
  proof: proof.slice(0, 256),
  forbids: forbids[tool],
});
