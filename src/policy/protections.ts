// What may never be touched, whatever else policy grants. Pure; an empty answer means nothing forbids a repair.
import type { ObjectReference } from "#api/object.ts";
import type { Settings } from "#policy/settings.ts";

export interface ProtectionQuestion {
  readonly target: ObjectReference;
  /** Kintsugi's own namespace. */
  readonly ownNamespace: string;
  readonly settings: Settings;
}

/** Each protection in words: every one of them forbids a repair. */
export const protectionsOf = ({ target, ownNamespace, settings }: ProtectionQuestion): string[] => {
  const found: string[] = [];
  // A namespace is a target by its own name, and all in it by theirs.
  const namespace = target.kind === "Namespace" ? target.name : target.namespace;
  if (namespace === ownNamespace) found.push(`namespace ${namespace} is Kintsugi's own`);
  else if (namespace !== undefined && settings.protectedNamespaces.includes(namespace)) found.push(`namespace ${namespace} is protected`);
  if (settings.protectedKinds.includes(target.kind)) found.push(`objects of kind ${target.kind} are protected by policy`);
  return found;
};
