// How one object relates to another, from their contents: names, selectors, scaling, bindings, limits. Pure.
import type {
  CronJob,
  HorizontalPodAutoscaler,
  Ingress,
  LabelSelector,
  NetworkPolicy,
  PodDisruptionBudget,
  PodTemplate,
  RoleBinding,
  Service,
  StatefulSet,
} from "#api/kubernetes.ts";
import type { ObjectReference } from "#api/object.ts";
import type { Content } from "#cluster/journal/tracked-content.ts";
import { referencesOf } from "#cluster/neighbours.ts";
import { selects, serviceSelects } from "#api/selectors.ts";

/** An object with the content it has or had. */
export interface Known {
  readonly object: ObjectReference;
  readonly content: Content;
}

/** What `other` is to `target`, in words; undefined where neither names the other. */
export const relationOf = (target: Known, other: Known): string | undefined => {
  const template = templateOf(target);
  if (template !== undefined) return relationToPods(target, template, other);
  const own = templateOf(other);
  return own !== undefined && relationToPods(other, own, target) !== undefined ? "uses it" : betweenOthers(target, other);
};

export const templateOf = ({ object, content }: Known): PodTemplate | undefined => {
  const spec = content["spec"] as Record<string, unknown> | undefined;
  if (spec === undefined) return undefined;
  if (object.kind === "CronJob") return (spec as unknown as CronJob["spec"]).jobTemplate.spec.template;
  if (object.kind === "Pod")
    return { metadata: content["metadata"] as PodTemplate["metadata"] & object, spec: spec as unknown as PodTemplate["spec"] };
  const template = spec["template"] as PodTemplate | undefined;
  return template?.spec === undefined ? undefined : template;
};

const relationToPods = (workload: Known, template: PodTemplate, other: Known): string | undefined => {
  const { object, content } = other;
  if (object.namespace !== undefined && object.namespace !== workload.object.namespace) return undefined;
  const labels = template.metadata?.labels ?? {};
  const named = referencesOf(template, workload.object.namespace).find(
    (each) => each.object.kind === object.kind && each.object.name === object.name,
  );
  if (named !== undefined) return named.relation === "mounts" ? "mounted by it" : "read by it";
  switch (object.kind) {
    case "Secret":
      return template.spec.imagePullSecrets?.some(({ name }) => name === object.name) === true ? "pulls its images" : undefined;
    case "Service":
      return serviceSelects(specOf<Service>(content).selector, labels) ? "selects it" : undefined;
    case "HorizontalPodAutoscaler": {
      const { scaleTargetRef } = specOf<HorizontalPodAutoscaler>(content);
      return scaleTargetRef.kind === workload.object.kind && scaleTargetRef.name === workload.object.name ? "scales it" : undefined;
    }
    case "PodDisruptionBudget":
      return selects(specOf<PodDisruptionBudget>(content).selector, labels) ? "protects it" : undefined;
    case "NetworkPolicy":
      return selects(specOf<NetworkPolicy>(content).podSelector as LabelSelector | undefined, labels) ? "filters its traffic" : undefined;
    case "RoleBinding":
    case "ClusterRoleBinding":
      return bindsAccount(content, template.spec.serviceAccountName ?? "default", workload.object.namespace)
        ? "gives it rights"
        : undefined;
    case "StorageClass":
      return claimsOf(workload).includes(object.name) ? "provides its volumes" : undefined;
    case "ResourceQuota":
    case "LimitRange":
      return "limits its namespace";
    default:
      return undefined;
  }
};

/** Between two objects that run no pods. */
const betweenOthers = (target: Known, other: Known): string | undefined => {
  const [a, b] = [target.object, other.object];
  if (a.namespace !== undefined && b.namespace !== undefined && a.namespace !== b.namespace) return undefined;
  if (b.kind === "Ingress" && a.kind === "Service" && backendsOf(other.content).includes(a.name)) return "routes to it";
  if (a.kind === "Ingress" && b.kind === "Service" && backendsOf(target.content).includes(b.name)) return "is its backend";
  if (bindsRole(other, a)) return "binds it";
  return bindsRole(target, b) ? "is the role that it binds" : undefined;
};

const specOf = <T extends { spec?: unknown }>(content: Content): NonNullable<T["spec"]> =>
  (content["spec"] ?? {}) as NonNullable<T["spec"]>;

const bindsAccount = (content: Content, account: string, namespace: string | undefined): boolean =>
  ((content as unknown as RoleBinding).subjects ?? []).some((subject) => {
    if (subject.kind === "ServiceAccount") return subject.name === account && subject.namespace === namespace;
    return (
      subject.kind === "Group" && (subject.name === "system:serviceaccounts" || subject.name === `system:serviceaccounts:${namespace}`)
    );
  });

const bindsRole = ({ object, content }: Known, role: ObjectReference): boolean => {
  if (object.kind !== "RoleBinding" && object.kind !== "ClusterRoleBinding") return false;
  const { roleRef } = content as unknown as Partial<RoleBinding>;
  return roleRef !== undefined && roleRef.kind === role.kind && roleRef.name === role.name;
};

const claimsOf = ({ object, content }: Known): readonly (string | undefined)[] => {
  if (object.kind !== "StatefulSet") return [];
  const { volumeClaimTemplates = [] } = specOf<StatefulSet>(content) as {
    volumeClaimTemplates?: { spec?: { storageClassName?: string } }[];
  };
  return volumeClaimTemplates.map(({ spec }) => spec?.storageClassName);
};

const backendsOf = (content: Content): readonly string[] => {
  const { rules = [], defaultBackend } = specOf<Ingress>(content) as {
    rules?: { http?: { paths?: { backend?: { service?: { name?: string } } }[] } }[];
    defaultBackend?: { service?: { name?: string } };
  };
  const backends = [defaultBackend, ...rules.flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend))];
  return backends.flatMap((backend) => backend?.service?.name ?? []);
};
