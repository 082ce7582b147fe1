// How a ValidatingAdmissionPolicy is written here, and the CEL that several of them share. Pure.
import { ACTION_ACCOUNT_PREFIX, CONTROLLER_ACCOUNT, MANAGED_LABEL } from "#api/labels.ts";
import type { Manifest } from "#manifests/manifest.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}
interface Named {
  readonly name: string;
  readonly expression: string;
}
export interface Validation {
  readonly expression: string;
  readonly message: string;
}
interface PolicyParts {
  readonly rules: readonly Rule[];
  /** In this namespace only. */
  readonly namespace?: string;
  /** Not in namespaces with one of these values of the label. */
  readonly outside?: { readonly label: string; readonly values: readonly string[] };
  readonly matchConditions?: readonly Named[];
  readonly variables?: readonly Named[];
  readonly validations: readonly Validation[];
}

/** The policy, and the binding that makes it deny. */
export const policy = (name: string, parts: PolicyParts): Manifest[] => {
  const { rules, namespace, outside, ...rest } = parts;
  const selector = {
    ...(namespace === undefined ? {} : { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }),
    ...(outside === undefined
      ? {}
      : { namespaceSelector: { matchExpressions: [{ key: outside.label, operator: "NotIn", values: outside.values }] } }),
  };
  return [
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      spec: { failurePolicy: "Fail", matchConstraints: { ...selector, resourceRules: rules }, ...rest },
    },
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"] },
    },
  ];
};

export const everyRequest: Rule = { apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"] };

export const user = "request.userInfo.username";

/** Kubernetes' own controllers: each has an account of its own, or all share this one name (without --use-service-account-credentials). */
export const kubernetes = `(${user} == 'system:kube-controller-manager' || ${user}.startsWith('system:serviceaccount:kube-system:'))`;

/** One of them. */
export const kubernetesController = (name: string): string =>
  `(${user} == 'system:kube-controller-manager' || ${user} == 'system:serviceaccount:kube-system:${name}')`;

/** What the accounts of an installation are called in a request. */
export const accountsOf = (namespace: string) => {
  const prefix = `system:serviceaccount:${namespace}:`;
  return {
    userNameOf: (account: string): string => `${prefix}${account}`,
    any: `${user}.startsWith('${prefix}')`,
    controllers: `${user} == '${prefix}${CONTROLLER_ACCOUNT}'`,
    actions: `${user}.startsWith('${prefix}${ACTION_ACCOUNT_PREFIX}')`,
  };
};

export const clusterScoped = "(!has(request.namespace) || request.namespace == '')";

export const isManaged = (object: string): string =>
  `has(${object}.metadata.labels) && '${MANAGED_LABEL}' in ${object}.metadata.labels && ${object}.metadata.labels['${MANAGED_LABEL}'] == 'true'`;

/** The variable `what`: group, resource and subresource of a request as one text, such as `apps/deployments/scale` or `/pods`. */
export const what: Named = {
  name: "what",
  expression:
    "request.resource.group + '/' + request.resource.resource + (has(request.subResource) && request.subResource != '' ? '/' + request.subResource : '')",
};

export const celText = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
export const celList = (texts: readonly string[]): string => `[${texts.map(celText).join(", ")}]`;

const unchangedMetadata = (field: string): string =>
  `has(object.metadata.${field}) == has(oldObject.metadata.${field}) && (!has(object.metadata.${field}) || object.metadata.${field} == oldObject.metadata.${field})`;

/** Labels, annotations, finalizers and owners are as they were. */
export const sameMetadata = ["labels", "annotations", "finalizers", "ownerReferences"].map(unchangedMetadata).join(" && ");

/** What garbage collection does to an object: it removes finalizers and owners, and changes how an owner blocks. */
export const onlyReleased = [
  ...["labels", "annotations"].map(unchangedMetadata),
  "(!has(object.metadata.finalizers) || (has(oldObject.metadata.finalizers) && object.metadata.finalizers.all(f, f in oldObject.metadata.finalizers)))",
  "(!has(object.metadata.ownerReferences) || (has(oldObject.metadata.ownerReferences) && object.metadata.ownerReferences.all(o, oldObject.metadata.ownerReferences.exists(p, p.uid == o.uid))))",
  "object.spec == oldObject.spec",
  "has(object.status) == has(oldObject.status) && (!has(object.status) || object.status == oldObject.status)",
].join(" && ");
