// Whose an object is: controller references, adoption by selector and letting go, as pkg/controller/controller_ref_manager.go. Writes only
// owner references.
import type { Client } from "#embedded/controllers/controller.ts";
import { type JsonRecord, type Stored, type StoredOwner, at, recordOf, withValue } from "#embedded/json.ts";
import type { Change } from "#embedded/object-store.ts";
import type { Place } from "#embedded/objects.ts";
import { type Resource, apiVersionOf } from "#embedded/resources.ts";
import { matchesSelector } from "#embedded/selectors.ts";
import { refusalOf } from "#embedded/system-client.ts";

export const controllerOf = (object: Stored | undefined): StoredOwner | undefined =>
  object?.metadata.ownerReferences?.find(({ controller }) => controller === true);

export const isControlledBy = (object: Stored, owner: Stored): boolean => controllerOf(object)?.uid === owner.metadata.uid;

export const controllerReference = ({ apiVersion, kind, metadata }: Stored): StoredOwner => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

export const selects = (owner: Stored, labels: unknown): boolean => matchesSelector(at(owner, "spec", "selector"), recordOf(labels));

/** The owners of a kind that a change of a dependent concerns: whose it is and was, and, of nobody's, who would take it. */
export const ownersAffected = (client: Client, owner: Resource, { object, previous, type }: Change): readonly Place[] => {
  const apiVersion = apiVersionOf(owner);
  const { namespace } = object.metadata;
  const named = [object, previous].flatMap((each) => {
    const reference = controllerOf(each);
    return reference?.kind === owner.kind && reference.apiVersion === apiVersion ? [{ namespace, name: reference.name }] : [];
  });
  if (controllerOf(object) !== undefined || type === "DELETED") return named;
  const takers = client.list(owner, namespace).filter((each) => selects(each, object.metadata.labels));
  return [...named, ...takers.map(({ metadata }) => ({ namespace, name: metadata.name }))];
};

/** Its own dependents; on the way it takes those that nobody owns, and lets those go that it no longer selects. */
export const claimed = (client: Client, owner: Stored, resource: Resource): readonly Stored[] =>
  client.list(resource, owner.metadata.namespace).flatMap((object) => {
    const reference = controllerOf(object);
    const isSelected = selects(owner, object.metadata.labels);
    if (reference !== undefined) {
      if (reference.uid !== owner.metadata.uid) return [];
      return isSelected || owner.metadata.deletionTimestamp !== undefined ? [object] : released(client, owner, object);
    }
    if (!isSelected || owner.metadata.deletionTimestamp !== undefined || object.metadata.deletionTimestamp !== undefined) return [];
    const owners = [...(object.metadata.ownerReferences ?? []), controllerReference(owner)];
    return [client.update(object, (old) => withValue(old, ["metadata", "ownerReferences"], owners))];
  });

const released = (client: Client, owner: Stored, object: Stored): Stored[] => {
  const rest = (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
  refusalOf(() => client.update(object, (old) => withValue(old, ["metadata", "ownerReferences"], rest)));
  return [];
};

/** A pod as the template says, in its owner's name. */
export const podFrom = (owner: Stored, template: unknown, metadata: JsonRecord): JsonRecord => {
  const { labels, annotations, finalizers } = recordOf(at(template, "metadata"));
  return {
    metadata: {
      labels,
      annotations,
      finalizers,
      ownerReferences: [controllerReference(owner)],
      ...metadata,
    },
    spec: at(template, "spec"),
  };
};
