// A claim that names a StorageClass which does not exist: nothing will ever provision it.
// The words are those of the persistent volume controller (pkg/controller/volume/persistentvolume).
import { PersistentVolumeClaims, PersistentVolumes, StorageClasses } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { claimants } from "#diagnosis/claimants.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { eventQuote, objectQuote, quoted } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const defaultAnnotation = "storageclass.kubernetes.io/is-default-class";

const adviceOn = (view: View, name: string, names: readonly string[]): string => {
  const isDefault = view.all(StorageClasses).find(({ metadata }) => metadata.annotations?.[defaultAnnotation] === "true");
  const similar = nearest(name, names) ?? isDefault?.metadata.name;
  return similar === undefined
    ? `create StorageClass ${name}, or recreate the claim with an existing class (${names.slice(0, 10).join(", ") || "none exists"})`
    : `recreate the claim with StorageClass ${similar}, or create ${name}: the claim is unbound, and its class is immutable`;
};

export const storageClassMissing = cause({
  code: "StorageClassMissing",
  title: "A claim whose StorageClass does not exist",
  reads: "Pending claims, the StorageClasses, and the events of the volume controller.",
  means: "The claim names a class that does not exist, and no volume of that class is free.",
  needs: ["objects.PersistentVolumeClaim", "objects.StorageClass", "objects.PersistentVolume"],
  signs: ["PersistentVolumeClaim Pending"],
  of: (view: View) =>
    view.all(PersistentVolumeClaims).flatMap((claim) => {
      const name = claim.spec.storageClassName ?? "";
      const event = view
        .eventsOf(referenceTo(claim))
        .find(({ message }) => /storageclass\.storage\.k8s\.io "[^"]+" not found/.test(message));
      const isMissing =
        view.get(StorageClasses, undefined, name) === undefined && (view.knows(StorageClasses, undefined) || event !== undefined);
      if (claim.status?.phase !== "Pending" || name === "" || !isMissing) return [];
      const names = view.all(StorageClasses).map(({ metadata }) => metadata.name);
      const users = claimants(view, claim);
      const effects = users.map((user) => `pods of ${referenceText(user)} cannot be scheduled`);
      return [{ claim, name, event, names, users, effects, step: adviceOn(view, name, names) }];
    }),
  // For volumes that are created by hand, the class is often a label only.
  unless: [
    {
      is: ({ name }) => `PersistentVolumes have the class ${name}`,
      holds: ({ name }, view) => view.all(PersistentVolumes).some(({ spec }) => spec.storageClassName === name),
    },
  ],
  supports: [
    { is: "the volume controller reports it", holds: ({ event }) => event !== undefined, weight: 2 },
    { is: "pods wait for the claim", holds: ({ users }) => users.length > 0 },
  ],
  object: ({ claim }) => claim,
  says: "{claim} requires StorageClass {name}, which does not exist.",
  chain: "StorageClass {name} does not exist → {claim} stays Pending → {effects}",
  quotes: ({ claim, name, names, event }) => [
    objectQuote(claim, `phase Pending, storageClassName ${name}; classes: ${names.join(", ") || "none"}`),
    quoted(event, eventQuote),
  ],
  explains: ({ users }) => users,
  remedy: "Create the StorageClass, or recreate the claim with one that exists while it is unbound.",
  otherwise: "{step}",
});
