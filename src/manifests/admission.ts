// The ValidatingAdmissionPolicies that hold Kintsugi to its own rules on the API server, whatever its code does. Pure.
import { actions } from "#actions/registry.ts";
import { actionPolicy } from "#manifests/admission/actions.ts";
import { approvalsPolicy } from "#manifests/admission/approvals.ts";
import { jobsPolicy } from "#manifests/admission/jobs.ts";
import { ownNamespacePolicy } from "#manifests/admission/own-namespace.ts";
import { podsPolicy, tokensPolicy } from "#manifests/admission/pods.ts";
import { reachPolicy } from "#manifests/admission/reach.ts";
import { recordsPolicy } from "#manifests/admission/records.ts";
import { requestsPolicy } from "#manifests/admission/requests.ts";
import { tenantPoliciesPolicy } from "#manifests/admission/tenant-policies.ts";
import type { Manifest } from "#manifests/manifest.ts";
import { actionRights, ownWriters } from "#manifests/rights.ts";

export interface AdmissionOptions {
  readonly namespace: string;
  /** The only image that may run in a Job of our namespace. */
  readonly image: string;
}

/** The policy that checks who decides, and how. */
export const approvalsPolicyName = (namespace: string): string => `${namespace}-approvals`;

export const admissionPolicies = ({ namespace, image }: AdmissionOptions): Manifest[] => [
  ...reachPolicy(namespace),
  ...ownNamespacePolicy(namespace, ownWriters),
  ...recordsPolicy(namespace),
  ...requestsPolicy(namespace),
  ...approvalsPolicy(namespace),
  ...tenantPoliciesPolicy(namespace),
  ...jobsPolicy({ namespace, image, accounts: actionRights().flatMap(({ account, twin }) => [account, twin]) }),
  ...podsPolicy(namespace),
  ...tokensPolicy(namespace),
  ...actions.filter(({ writes }) => writes.length > 0).flatMap((action) => actionPolicy(namespace, action)),
];
