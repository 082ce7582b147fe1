// A claim that binds to volumes which are created by hand, and none of them fits: all but one condition hold, and that one is named.
// The conditions are those of the volume controller's matching (pkg/volume/util/persistentvolume: FindMatchingVolume).
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  PersistentVolumeClaims,
  PersistentVolumes,
  StorageClasses,
} from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { selects } from "#api/selectors.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { claimants } from "#diagnosis/claimants.ts";
import { eventQuote, objectQuote, quoted } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import { parseQuantity } from "#lib/quantity.ts";

type Misfit = "accessMode" | "selector" | "size" | "occupied" | "class";

interface Kind extends Pick<Cause, "code" | "title" | "means"> {
  readonly misfit: Misfit;
  readonly otherwise: string;
}

const kinds: readonly Kind[] = [
  {
    misfit: "accessMode",
    code: "ClaimAccessModeMismatch",
    title: "A claim whose access modes no volume offers",
    means: "A free volume fits except for its access modes.",
    otherwise: "recreate the claim with the access modes that the volume offers, or create another volume: access modes are immutable",
  },
  {
    misfit: "selector",
    code: "ClaimSelectorMatchesNothing",
    title: "A claim whose selector no volume matches",
    means: "A free volume fits except for its labels.",
    otherwise: "label the volume, or recreate the claim with another selector",
  },
  {
    misfit: "size",
    code: "ClaimTooLarge",
    title: "A claim that is larger than any volume",
    means: "A free volume fits except for its size.",
    otherwise: "create a larger volume, or recreate the claim with a smaller request",
  },
  {
    misfit: "occupied",
    code: "VolumeOccupied",
    title: "A claim whose only volume is taken by another claim",
    means: "The volume that would fit is bound to, or reserved for, another claim.",
    otherwise: "find the user of the volume before you release it: it may hold data",
  },
  {
    misfit: "class",
    code: "ClaimClassMismatch",
    title: "A claim of another class than the volume that would fit",
    means: "A free volume fits except for its class, and nothing provisions one of the claim's class.",
    otherwise:
      "recreate the claim with the class of the volume, or give the volume the class of the claim: the class of a claim is immutable",
  },
];

/** Pending claims that nothing provisions, with the one volume that fits best and its misfit. */
const unboundClaims = (view: View) =>
  view.all(PersistentVolumeClaims).flatMap((claim) => {
    if (claim.status?.phase !== "Pending" || isProvisioned(view, claim)) return [];
    const misfits = view.all(PersistentVolumes).map((volume) => ({ volume, of: misfitsOf(claim, volume) }));
    const near = misfits.filter(({ of }) => of.length === 1);
    // A free volume that almost fits says more than one that is taken.
    const [best] = kinds.flatMap(({ misfit }) => near.filter(({ of }) => of[0] === misfit).map(({ volume }) => ({ volume, misfit })));
    if (best === undefined) return [];
    const users = claimants(view, claim);
    return [
      {
        ...{ ...best, claim, near, users },
        hasFit: misfits.some(({ of }) => of.length === 0),
        event: view.eventsOf(referenceTo(claim)).find(({ reason }) => reason === "FailedBinding"),
        difference: differenceText(claim, best.volume, best.misfit),
        effects: users.map((user) => `pods of ${referenceText(user)} are not scheduled`),
      },
    ];
  });

/** For volumes that are created by hand, the class is often only a label that they share with the claim. */
const isProvisioned = (view: View, { spec: { storageClassName = "" } }: PersistentVolumeClaim): boolean => {
  const storageClass = view.get(StorageClasses, undefined, storageClassName);
  if (storageClassName === "") return false;
  return storageClass === undefined ? !view.knows(StorageClasses, undefined) : storageClass.provisioner !== "kubernetes.io/no-provisioner";
};

const misfitsOf = (claim: PersistentVolumeClaim, { metadata, spec, status }: PersistentVolume): readonly Misfit[] => {
  const owner = spec.claimRef;
  const isOwn = owner?.name === claim.metadata.name && owner.namespace === claim.metadata.namespace;
  const asked = parseQuantity(claim.spec.resources?.requests?.storage ?? "0") ?? 0n;
  const offered = parseQuantity(spec.capacity?.storage ?? "0") ?? 0n;
  const fits: Readonly<Record<Misfit, boolean>> = {
    class: (claim.spec.storageClassName ?? "") === (spec.storageClassName ?? ""),
    accessMode: (claim.spec.accessModes ?? []).every((mode) => spec.accessModes?.includes(mode) ?? false),
    selector: claim.spec.selector === undefined || selects(claim.spec.selector, metadata.labels),
    size: offered >= asked,
    occupied: isOwn || (owner === undefined && status?.phase === "Available"),
  };
  return Object.entries(fits).flatMap(([misfit, isMet]) => (isMet ? [] : [misfit as Misfit]));
};

const differenceText = (claim: PersistentVolumeClaim, { metadata, spec, status }: PersistentVolume, misfit: Misfit): string => {
  const volume = `PersistentVolume ${metadata.name}`;
  if (misfit === "accessMode") return `it asks for ${claim.spec.accessModes?.join(", ")}, ${volume} offers ${spec.accessModes?.join(", ")}`;
  if (misfit === "selector")
    return `its selector ${JSON.stringify(claim.spec.selector)} does not match ${volume} (${labelsText(metadata.labels)})`;
  if (misfit === "size") return `it asks for ${claim.spec.resources?.requests?.storage}, ${volume} has ${spec.capacity?.storage}`;
  if (misfit === "class")
    return `it is of class "${claim.spec.storageClassName ?? ""}", ${volume} of class "${spec.storageClassName ?? ""}"`;
  return `${volume}, the only one that fits, is ${spec.claimRef === undefined ? status?.phase : `bound to ${spec.claimRef.namespace}/${spec.claimRef.name}`}`;
};

const claimText = ({ spec, status }: PersistentVolumeClaim): string =>
  [
    ...[`phase ${status?.phase}`, `class "${spec.storageClassName ?? ""}"`, `modes ${spec.accessModes?.join(", ")}`],
    ...[spec.resources?.requests?.storage ?? "?", ...(spec.selector === undefined ? [] : [`selector ${JSON.stringify(spec.selector)}`])],
  ].join(", ");

const volumeText = ({ metadata, spec, status }: PersistentVolume): string =>
  [
    ...[`phase ${status?.phase}`, `class "${spec.storageClassName ?? ""}"`, `modes ${spec.accessModes?.join(", ")}`],
    ...[spec.capacity?.storage ?? "?", `labels ${labelsText(metadata.labels)}`],
    ...(spec.claimRef === undefined ? [] : [`claim ${spec.claimRef.namespace}/${spec.claimRef.name}`]),
  ].join(", ");

const labelsText = (labels: Readonly<Record<string, string>> = {}): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ") || "none";

export const claimWithoutVolume: readonly Cause[] = kinds.map(({ misfit, ...texts }) =>
  cause({
    ...texts,
    reads: "Pending claims that nothing provisions, and every volume: its class, modes, labels, size and claim.",
    needs: ["objects.PersistentVolumeClaim", "objects.PersistentVolume"],
    signs: ["PersistentVolumeClaim Pending"],
    suppressedBy: misfit === "class" ? ["StorageClassMissing"] : [],
    of: (view: View) => view.shared(unboundClaims).filter((each) => each.misfit === misfit),
    unless: [{ is: "a free volume fits", holds: ({ hasFit }) => hasFit }],
    supports: [
      { is: "the volume controller finds none", holds: ({ event }) => event !== undefined },
      { is: "pods wait for the claim", holds: ({ users }) => users.length > 0 },
      { is: "it is the only volume that nearly fits", holds: ({ near }) => near.length === 1 },
    ],
    object: ({ claim }) => claim,
    says: "{claim} is not bound: {difference}.",
    chain: "{difference} → {claim} stays Pending → {effects}",
    quotes: ({ claim, volume, event }) => [
      objectQuote(claim, claimText(claim)),
      objectQuote(volume, volumeText(volume)),
      quoted(event, eventQuote),
    ],
    explains: ({ users }) => users,
  }),
);
