// What a RemediationPolicy outside Kintsugi's namespace may say: only what tightens. Pure.
import { GROUP, VERSION } from "#api/define-kind.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { policy, type Validation } from "#manifests/admission/policy.ts";
import type { Manifest } from "#manifests/manifest.ts";
import { reservedBelow, reservedFields } from "#policy/tenant.ts";

export const tenantPoliciesPolicy = (namespace: string): Manifest[] =>
  policy(`${namespace}-tenant-policies`, {
    rules: [{ apiGroups: [GROUP], apiVersions: [VERSION], operations: ["CREATE", "UPDATE"], resources: [RemediationPolicy.plural] }],
    // The policies of another installation are its own. Its label gives a tenant nothing: the controllers take only what tightens from any other namespace.
    outside: { label: "app.kubernetes.io/name", values: ["kintsugi"] },
    matchConditions: [{ name: "outside-our-namespace", expression: `request.namespace != '${namespace}'` }],
    validations: [
      ...reservedFields.map((field) => absent(namespace, field)),
      ...Object.entries(reservedBelow).flatMap(([parent, fields]) => fields.map((field) => absent(namespace, parent, field))),
      {
        expression: "!has(object.spec.autonomy) || object.spec.autonomy.all(rule, !has(rule.approvers))",
        message: message(namespace, "spec.autonomy[].approvers"),
      },
    ],
  });

const absent = (namespace: string, field: string, below?: string): Validation =>
  below === undefined
    ? { expression: `!has(object.spec.${field})`, message: message(namespace, `spec.${field}`) }
    : {
        expression: `!has(object.spec.${field}) || !has(object.spec.${field}.${below})`,
        message: message(namespace, `spec.${field}.${below}`),
      };

const message = (namespace: string, field: string): string =>
  `only a policy in namespace ${namespace} sets ${field}; another one may only tighten`;
