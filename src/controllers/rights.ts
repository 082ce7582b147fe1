// RBAC rights on Kintsugi's own kinds, written short. Pure data.
import type { Kind } from "#api/define-kind.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { Need, Verb } from "#api/object.ts";

/** Policies are read everywhere: a namespace's own tighten what holds there. */
export const readPolicies: readonly Need[] = [
  { group: RemediationPolicy.group, resource: RemediationPolicy.plural, verbs: ["get", "list", "watch"], scope: "cluster" },
];

/** In Kintsugi's namespace only. */
export const ownKind = (kind: Pick<Kind, "group" | "plural">, verbs: readonly Verb[], subresource?: "status"): Need[] => [
  { group: kind.group, resource: subresource === undefined ? kind.plural : `${kind.plural}/${subresource}`, verbs, scope: "own" },
];
