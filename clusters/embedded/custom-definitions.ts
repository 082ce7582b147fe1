// What makes a CustomResourceDefinition established: its status, as apiextensions-apiserver's controllers write it, without their delay. Pure.
import { type JsonRecord, type Stored, at, listOf, recordOf } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";

/** The definition with its status; any other object as it is. */
export const withCustomStatus = (resource: Pick<Resource, "group" | "plural">, object: Stored, now: string): Stored => {
  if (resource.group !== "apiextensions.k8s.io") return object;
  const before = recordOf(object["status"]);
  const stored = listOf(at(object, "spec", "versions")).filter((version) => at(version, "storage") === true);
  const conditions = listOf(before["conditions"]);
  const condition = (type: string, reason: string, message: string): JsonRecord =>
    recordOf(conditions.find((item) => at(item, "type") === type) ?? { type, status: "True", lastTransitionTime: now, reason, message });
  return {
    ...object,
    status: {
      conditions: [
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
      ],
      acceptedNames: at(object, "spec", "names"),
      storedVersions: stored.map((version) => at(version, "name")),
    },
  };
};
