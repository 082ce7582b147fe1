// What may never be touched, whatever else policy grants. Pure; an empty answer means nothing forbids a repair.
import { type ObjectReference, referenceText } from "#api/object.ts";
import type { Settings } from "#policy/settings.ts";
import { namespaceOf } from "#policy/tenant.ts";

export interface ProtectionQuestion {
  readonly target: ObjectReference;
  /** Kintsugi's own namespace. */
  readonly ownNamespace: string;
  readonly settings: Settings;
}

/** Each protection in words: every one of them forbids a repair. */
export const protectionsOf = ({ target, ownNamespace, settings }: ProtectionQuestion): string[] => {
  const found: string[] = [];
  const namespace = namespaceOf(target);
  if (namespace === ownNamespace) found.push(`namespace ${namespace} is Kintsugi's own`);
  else if (namespace !== undefined && settings.protectedNamespaces.includes(namespace)) found.push(`namespace ${namespace} is protected`);
  if (settings.protectedKinds.includes(target.kind)) found.push(`objects of kind ${target.kind} are protected by policy`);
  if (
    settings.protectedObjects.some((each) => each.kind === target.kind && each.namespace === target.namespace && each.name === target.name)
  )
    found.push(`${referenceText(target)} is protected by policy`);
  return found;
};
