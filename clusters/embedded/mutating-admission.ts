// What the server adds to a new object besides its defaults: limits and priority of a pod, the default class of a claim.
// From plugin/pkg/admission of Kubernetes. Only ever asked at a create.
import { type JsonRecord, at, withValue, without } from "#embedded/json.ts";
import { withPodAdmission } from "#embedded/limit-ranges.ts";
import type { Resource } from "#embedded/resources.ts";
import type { ServerContext } from "#embedded/server-context.ts";

/** undefined where nothing is to be added to objects of this kind. */
export const admittedForm = (
  server: ServerContext,
  resource: Resource,
  namespace: string | undefined,
  object: JsonRecord,
  givenName: string,
): JsonRecord | undefined => {
  if (resource.group !== "") return undefined;
  if (resource.kind === "Pod") return without(withPodAdmission(server, namespace, object, givenName), "status");
  if (resource.kind !== "PersistentVolumeClaim") return undefined;
  const isDefault = server.store
    .list("storage.k8s.io/storageclasses")
    .find(({ metadata }) => metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true");
  const isToDefault = at(object, "spec", "storageClassName") === undefined && isDefault !== undefined;
  return isToDefault ? withValue(object, ["spec", "storageClassName"], isDefault.metadata.name) : undefined;
};
