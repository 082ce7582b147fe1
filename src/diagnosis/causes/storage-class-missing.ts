// A claim names a StorageClass that does not exist, or names none where no default is: nothing will ever provision it.
// The words are those of the persistent volume controller (pkg/controller/volume/persistentvolume).
import { PersistentVolumeClaims, PersistentVolumes, StorageClasses, type PersistentVolumeClaim } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, eventQuote, objectQuote, person } from "#diagnosis/assess.ts";
import { claimants } from "#diagnosis/claimants.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment, Facts } from "#diagnosis/finding.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const code = "StorageClassMissing";

export const storageClassMissing: Cause = {
  code,
  title: "A claim whose StorageClass does not exist",
  reads: "Pending claims, the classes there are, and what the volume controller says.",
  means: "The claim names a class that does not exist and no volume of that class is free.",
  remedy: "Create the StorageClass, or recreate the claim with one that exists while it is unbound.",
  find: (view) => view.all(PersistentVolumeClaims).map((claim) => find(view, claim)),
};

const defaultAnnotation = "storageclass.kubernetes.io/is-default-class";

const find = (view: View, claim: PersistentVolumeClaim): Assessment => {
  const reference = referenceTo(claim);
  const name = claim.spec.storageClassName ?? "";
  const event = view.eventsOf(reference).find(({ message }) => /storageclass\.storage\.k8s\.io "[^"]+" not found/.test(message));
  const exists = view.get(StorageClasses, undefined, name) !== undefined;
  // Volumes made by hand often have a class that is only a label.
  const ofClass = view.all(PersistentVolumes).filter(({ spec }) => spec.storageClassName === name);
  return assess(
    code,
    {
      required: [
        { claim: `${referenceText(reference)} pending`, holds: claim.status?.phase === "Pending" },
        { claim: "a class that it names", holds: name !== "" },
        { claim: `no StorageClass ${name}`, holds: !exists && (view.knows(StorageClasses, undefined) || event !== undefined) },
      ],
      against: [{ claim: `PersistentVolumes have the class ${name}`, holds: ofClass.length > 0 }],
      supporting: [
        { claim: "the volume controller says so", holds: event !== undefined, weight: 2 },
        { claim: "pods wait for it", holds: claimants(view, claim).length > 0, weight: 1 },
      ],
    },
    () => ({
      object: reference,
      summary: `${referenceText(reference)} asks for StorageClass ${name}, which does not exist.`,
      chain: [
        `there is no StorageClass ${name}`,
        `${referenceText(reference)} stays Pending`,
        ...claimants(view, claim).map((workload) => `pods of ${referenceText(workload)} cannot be scheduled`),
      ],
      quotes: [
        objectQuote(
          reference,
          `phase Pending, storageClassName ${name}; classes: ${
            view
              .all(StorageClasses)
              .map(({ metadata }) => metadata.name)
              .join(", ") || "none"
          }`,
        ),
        ...(event === undefined ? [] : [eventQuote(event)]),
      ],
      explains: claimants(view, claim),
      facts: factsOf(view, name),
    }),
  );
};

const factsOf = (view: View, name: string): Facts => {
  const classes = view.all(StorageClasses);
  const meant =
    nearest(
      name,
      classes.map(({ metadata }) => metadata.name),
    ) ?? classes.find(({ metadata }) => metadata.annotations?.[defaultAnnotation] === "true")?.metadata.name;
  const others = classes.map(({ metadata }) => metadata.name).slice(0, 10);
  return person(
    meant === undefined
      ? `create StorageClass ${name}, or recreate the claim with an existing class (${others.length === 0 ? "none exists" : others.join(", ")})`
      : `recreate the claim with StorageClass ${meant}, or create ${name}: the claim is unbound, and its class is immutable`,
  );
};
