// Who may run anything under an account of Kintsugi: Kubernetes' own controllers, from a Job that the controllers created or from Kintsugi's
// own Deployment. And who may get a token of such an account. Pure.
import { ACTION_ACCOUNT_PREFIX, CONTROLLER_ACCOUNT } from "#api/labels.ts";
import { kubernetes, kubernetesController, policy, user } from "#manifests/admission/policy.ts";
import type { Manifest } from "#manifests/manifest.ts";

/** Name of Kintsugi's own Deployment. */
export const DEPLOYMENT_NAME = "kintsugi";

const isGuarded = (account: string): string =>
  `(${account}.startsWith('${ACTION_ACCOUNT_PREFIX}') || ${account} == '${CONTROLLER_ACCOUNT}')`;

const controlledBy = (apiVersion: string, kind: string, more = ""): string =>
  `has(object.metadata.ownerReferences) && object.metadata.ownerReferences.exists(o, o.apiVersion == '${apiVersion}' && o.kind == '${kind}' && has(o.controller) && o.controller${more})`;

const writes = (apiGroups: readonly string[], resources: readonly string[]) => ({
  apiGroups,
  apiVersions: ["v1"],
  operations: ["CREATE", "UPDATE"],
  resources,
});

export const podsPolicy = (namespace: string): Manifest[] =>
  policy(`${namespace}-pods`, {
    namespace,
    rules: [
      writes([""], ["pods", "pods/ephemeralcontainers", "replicationcontrollers"]),
      writes(["apps"], ["deployments", "replicasets", "statefulsets", "daemonsets"]),
    ],
    variables: [
      { name: "kind", expression: "request.resource.resource" },
      {
        name: "pod",
        expression: "variables.kind == 'pods' ? object.spec : (has(object.spec.template) ? object.spec.template.spec : {})",
      },
      { name: "account", expression: "has(variables.pod.serviceAccountName) ? variables.pod.serviceAccountName : ''" },
      { name: "action", expression: `variables.account.startsWith('${ACTION_ACCOUNT_PREFIX}')` },
      { name: "controllers", expression: `variables.account == '${CONTROLLER_ACCOUNT}'` },
      { name: "created", expression: "variables.kind == 'pods' && request.operation == 'CREATE'" },
    ],
    validations: [
      {
        expression: `!variables.action || !variables.created || (${kubernetesController("job-controller")} && ${controlledBy("batch/v1", "Job")})`,
        message: "only the Job controller creates pods under an action's account",
      },
      {
        expression: `!variables.controllers || !variables.created || (${kubernetesController("replicaset-controller")} && ${controlledBy("apps/v1", "ReplicaSet")})`,
        message: "only the ReplicaSet of Kintsugi's own Deployment creates pods under the controllers' account",
      },
      {
        expression: `!${isGuarded("variables.account")} || variables.kind != 'pods' || request.operation != 'UPDATE' || object.spec == oldObject.spec`,
        message: "a pod under an account of Kintsugi is never changed",
      },
      {
        expression: "!variables.action || variables.kind == 'pods'",
        message: "only a Job may run under an action's account",
      },
      {
        expression: `!variables.controllers || variables.kind == 'pods' || (variables.kind == 'deployments' && object.metadata.name == '${DEPLOYMENT_NAME}') || (variables.kind == 'replicasets' && ${kubernetes} && ${controlledBy("apps/v1", "Deployment", ` && o.name == '${DEPLOYMENT_NAME}'`)})`,
        message: `only Deployment ${DEPLOYMENT_NAME} may run under the controllers' account`,
      },
    ],
  });

/** The kubelet asks for the tokens of a pod's account. A Secret may hold one as well. */
export const tokensPolicy = (namespace: string): Manifest[] => {
  const kubelet = `(${user}.startsWith('system:node:') && 'system:nodes' in request.userInfo.groups)`;
  const annotation = "'kubernetes.io/service-account.name'";
  return policy(`${namespace}-tokens`, {
    namespace,
    rules: [
      { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["serviceaccounts/token"] },
      writes([""], ["secrets"]),
    ],
    validations: [
      {
        expression: `request.resource.resource != 'serviceaccounts' || !${isGuarded("request.name")} || ${kubelet} || ${kubernetes}`,
        message: "only the kubelet gets a token of this account",
      },
      {
        expression: `request.resource.resource != 'secrets' || object.type != 'kubernetes.io/service-account-token' || !has(object.metadata.annotations) || !(${annotation} in object.metadata.annotations) || !${isGuarded(`object.metadata.annotations[${annotation}]`)}`,
        message: "no Secret holds a token of this account",
      },
    ],
  });
};
