// RBAC rights on Kintsugi's own kinds, written short. Pure data.
import type { Kind } from "#api/define-kind.ts";
import type { Need, Verb } from "#api/object.ts";

/** In Kintsugi's namespace only. */
export const ownKind = (kind: Pick<Kind, "group" | "plural">, verbs: readonly Verb[], subresource?: "status"): Need[] => [
  { group: kind.group, resource: subresource === undefined ? kind.plural : `${kind.plural}/${subresource}`, verbs, scope: "own" },
];
