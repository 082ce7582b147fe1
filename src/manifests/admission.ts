// The ValidatingAdmissionPolicies that hold Kintsugi to its own rules on the API server, whatever its code does. Pure.
import { GROUP, VERSION } from "#api/define-kind.ts";
import { kinds } from "#api/kinds/registry.ts";
import { ACTION_ACCOUNT_PREFIX, CONTROLLER_ACCOUNT, MANAGED_LABEL } from "#api/labels.ts";
import type { Manifest } from "#manifests/manifest.ts";

export interface AdmissionOptions {
  readonly namespace: string;
  /** The only image that may run in a Job of our namespace. */
  readonly image: string;
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}
interface PolicyParts {
  readonly rules: readonly Rule[];
  readonly namespace?: string;
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  readonly variables?: readonly { readonly name: string; readonly expression: string }[];
  readonly validations: readonly { readonly expression: string; readonly message: string }[];
}

export const admissionPolicies = ({ namespace, image }: AdmissionOptions): Manifest[] => {
  const user = "request.userInfo.username";
  const accounts = `system:serviceaccount:${namespace}:`;
  const controllers = `${user} == '${accounts}${CONTROLLER_ACCOUNT}'`;
  // With --use-service-account-credentials each of Kubernetes' controllers has an account of its own; without it, this one name.
  const kubernetes = `(${user} == 'system:kube-controller-manager' || ${user}.startsWith('system:serviceaccount:kube-system:'))`;
  const managed = (object: string): string =>
    `has(${object}.metadata.labels) && '${MANAGED_LABEL}' in ${object}.metadata.labels && ${object}.metadata.labels['${MANAGED_LABEL}'] == 'true'`;
  const clusterScoped = "(!has(request.namespace) || request.namespace == '')";
  const review = "request.resource.group in ['authentication.k8s.io', 'authorization.k8s.io']";
  const ours = { apiGroups: [GROUP], apiVersions: [VERSION] };
  const children = kinds
    .map((kind) => kind.plural)
    .filter((plural) => plural !== "remediationrequests" && plural !== "remediationpolicies");

  return [
    ...policy(`${namespace}-reach`, {
      rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"] }],
      matchConditions: [
        { name: "our-accounts", expression: `${user}.startsWith('${accounts}')` },
        { name: "outside-our-namespace", expression: `!has(request.namespace) || request.namespace != '${namespace}'` },
      ],
      validations: [
        {
          expression: `${clusterScoped} || (${managed("namespaceObject")})`,
          message: `this namespace is not opted in: label it ${MANAGED_LABEL}=true`,
        },
        {
          expression: `!${clusterScoped} || ${review} || (oldObject != null && ${managed("oldObject")})`,
          message: `this object is not opted in: label it ${MANAGED_LABEL}=true`,
        },
        {
          expression: `${review} || ${user}.startsWith('${accounts}${ACTION_ACCOUNT_PREFIX}') || (has(request.dryRun) && request.dryRun)`,
          message: "only an action's own account writes outside Kintsugi's namespace; every other one may only dry-run there",
        },
      ],
    }),
    ...policy(`${namespace}-records`, {
      namespace,
      rules: [
        { ...ours, operations: ["CREATE", "UPDATE"], resources: children.filter((plural) => plural !== "aiapprovalrequests") },
        { ...ours, operations: ["CREATE"], resources: ["aiapprovalrequests"] },
        { ...ours, operations: ["UPDATE"], resources: kinds.map((kind) => `${kind.plural}/status`) },
      ],
      validations: [
        {
          // Garbage collection takes finalizers and owner references away; nobody else has any business here.
          expression: `${controllers} || (request.operation == 'UPDATE' && ${kubernetes} && object.spec == oldObject.spec && (!has(object.status) && !has(oldObject.status) || object.status == oldObject.status))`,
          message: "only Kintsugi's controllers write this: it is the record of what they saw and did",
        },
      ],
    }),
    ...policy(`${namespace}-approvals`, {
      namespace,
      rules: [{ ...ours, operations: ["CREATE", "UPDATE"], resources: ["aiapprovalrequests"] }],
      variables: [
        { name: "controllers", expression: controllers },
        { name: "kubernetes", expression: kubernetes },
        { name: "before", expression: "oldObject == null ? [] : oldObject.spec.decisions" },
        { name: "added", expression: "object.spec.decisions.filter(d, !variables.before.exists(o, o.by == d.by))" },
        { name: "person", expression: `request.operation == 'UPDATE' && !variables.controllers && !variables.kubernetes` },
      ],
      validations: [
        {
          expression: "request.operation != 'CREATE' || (variables.controllers && size(object.spec.decisions) == 0)",
          message: "only Kintsugi's controllers open an approval, and they open it without decisions",
        },
        {
          expression: "request.operation != 'UPDATE' || variables.person || object.spec == oldObject.spec",
          message: "Kintsugi's own accounts never decide",
        },
        { expression: `!variables.person || !${user}.startsWith('${accounts}')`, message: "Kintsugi's own accounts never decide" },
        {
          expression: `!variables.person || (size(variables.added) == 1 && variables.added[0].by == ${user} && size(object.spec.decisions) == size(variables.before) + 1)`,
          message: "add exactly one decision, in your own name, once",
        },
        {
          expression: "!variables.person || variables.added.all(d, has(d.override) == (d.decision == 'Overridden'))",
          message: "an Overridden decision, and no other, says which parameters are wanted",
        },
        {
          expression:
            "!variables.person || variables.added.all(d, !has(d.override) || (size(d.override.parameters) > 0 && object.spec.steps.exists(s, s.id == d.override.step)))",
          message: "an override sets parameters of a step of this plan",
        },
        {
          expression: "!variables.person || variables.before.all(o, object.spec.decisions.exists(d, d == o))",
          message: "decisions are append-only",
        },
        {
          expression: `!variables.person || oldObject.spec.approvers.exists(a, a == 'user:' + ${user}) || (!${user}.startsWith('system:serviceaccount:') && request.userInfo.groups.exists(g, ('group:' + g) in oldObject.spec.approvers))`,
          message: "you are not among this approval's approvers",
        },
        {
          expression: `!variables.person || (${["labels", "annotations", "finalizers", "ownerReferences"].map(unchangedMetadata).join(" && ")})`,
          message: "add a decision and change nothing else",
        },
      ],
    }),
    ...policy(`${namespace}-jobs`, {
      namespace,
      rules: [
        { apiGroups: ["batch"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["jobs"] },
        { apiGroups: ["batch"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["cronjobs"] },
        { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] },
      ],
      variables: [
        { name: "job", expression: "request.resource.resource == 'jobs'" },
        { name: "pod", expression: "request.resource.resource == 'pods' ? object.spec : object.spec.template.spec" },
        { name: "container", expression: "variables.pod.containers[0]" },
      ],
      validations: [
        { expression: "request.resource.resource != 'cronjobs'", message: "no CronJob runs in Kintsugi's namespace" },
        { expression: `!variables.job || ${controllers}`, message: "only Kintsugi's controllers create Jobs here" },
        {
          expression: `request.resource.resource != 'pods' || !has(variables.pod.serviceAccountName) || !variables.pod.serviceAccountName.startsWith('${ACTION_ACCOUNT_PREFIX}') || ${kubernetes}`,
          message: "only the Job controller creates pods under an action's account",
        },
        {
          expression: `!variables.job || (size(variables.pod.containers) == 1 && !has(variables.pod.initContainers) && variables.container.image == '${image}' && !has(variables.container.command) && has(variables.container.args) && size(variables.container.args) > 0 && variables.container.args[0] == 'act' && !has(variables.container.env) && !has(variables.container.envFrom))`,
          message: "a Job here runs Kintsugi's own image with the verb act, and nothing else",
        },
        {
          expression: `!variables.job || (has(variables.pod.serviceAccountName) && variables.pod.serviceAccountName.startsWith('${ACTION_ACCOUNT_PREFIX}'))`,
          message: "a Job here runs under an action's account",
        },
        {
          expression:
            "!variables.job || (!has(variables.pod.volumes) && !(has(variables.pod.hostPID) && variables.pod.hostPID) && !(has(variables.pod.hostNetwork) && variables.pod.hostNetwork) && !(has(variables.pod.hostIPC) && variables.pod.hostIPC) && !(has(variables.container.securityContext) && has(variables.container.securityContext.privileged) && variables.container.securityContext.privileged))",
          message: "a Job here has no volumes, no host namespaces and no privilege",
        },
        {
          expression:
            "!variables.job || (has(object.spec.backoffLimit) && object.spec.backoffLimit == 0 && variables.pod.restartPolicy == 'Never')",
          message: "a Job here runs once",
        },
      ],
    }),
  ];
};

const unchangedMetadata = (field: string): string =>
  `has(object.metadata.${field}) == has(oldObject.metadata.${field}) && (!has(object.metadata.${field}) || object.metadata.${field} == oldObject.metadata.${field})`;

const policy = (name: string, parts: PolicyParts): Manifest[] => {
  const { rules, namespace, ...rest } = parts;
  const selector = namespace === undefined ? {} : { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } };
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
