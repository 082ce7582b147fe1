// Where Kintsugi's accounts may write at all: outside their own namespace only what is opted in, and without an approval only where no
// production is. Pure.
import { GROUP } from "#api/define-kind.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { APPROVED_SUFFIX, MANAGED_LABEL } from "#api/labels.ts";
import { accountsOf, celList, clusterScoped, everyRequest, isManaged, policy, user } from "#manifests/admission/policy.ts";
import type { Manifest } from "#manifests/manifest.ts";
import { autoEnvironments, environmentLabels } from "#policy/environment.ts";
import { defaultSettings } from "#policy/settings.ts";

const ofPolicyStatus = `request.resource.group == '${GROUP}' && request.resource.resource == '${RemediationPolicy.plural}' && has(request.subResource) && request.subResource == 'status' && request.operation == 'UPDATE'`;

export const reachPolicy = (namespace: string): Manifest[] => {
  const accounts = accountsOf(namespace);
  const review = "request.resource.group in ['authentication.k8s.io', 'authorization.k8s.io']";
  const approved = `${user}.endsWith('${APPROVED_SUFFIX}')`;
  return policy(`${namespace}-reach`, {
    rules: [everyRequest],
    matchConditions: [
      { name: "our-accounts", expression: accounts.any },
      { name: "outside-our-namespace", expression: `!has(request.namespace) || request.namespace != '${namespace}'` },
      // The status of a namespace's own policy says whether it is in force; it changes nothing there.
      { name: "no-policy-status", expression: `!(${accounts.controllers} && ${ofPolicyStatus})` },
    ],
    variables: [
      { name: "labels", expression: "has(namespaceObject.metadata.labels) ? namespaceObject.metadata.labels : {}" },
      {
        name: "environments",
        expression: `${celList(environmentLabels)}.map(l, l in variables.labels ? variables.labels[l].trim().lowerAscii() : '').filter(v, v != '')`,
      },
    ],
    validations: [
      {
        expression: `${clusterScoped} || !(request.namespace in ${celList(defaultSettings.protectedNamespaces)})`,
        message: "Kintsugi may not change objects in this namespace",
      },
      {
        expression: `${clusterScoped} || (${isManaged("namespaceObject")})`,
        message: `this namespace is not opted in: label it ${MANAGED_LABEL}=true`,
      },
      {
        expression: `!${clusterScoped} || ${review} || (oldObject != null && ${isManaged("oldObject")})`,
        message: `this object is not opted in: label it ${MANAGED_LABEL}=true`,
      },
      {
        expression: `${review} || ${accounts.actions} || (has(request.dryRun) && request.dryRun)`,
        message: "only an action's own account writes outside Kintsugi's namespace; every other one may only dry-run there",
      },
      {
        expression: `!${accounts.actions} || ${approved} || (!${clusterScoped} && size(variables.environments) > 0 && variables.environments[0] in ${celList(autoEnvironments)})`,
        message: `only an approved repair may change this: the label ${environmentLabels[0]} of the namespace names no environment in which Kintsugi repairs without an approval`,
      },
    ],
  });
};
