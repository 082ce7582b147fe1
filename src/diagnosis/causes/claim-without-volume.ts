// A claim that binds to volumes made by hand, and none of them fits: all but one condition hold, and that one is named.
// The conditions are those of the volume controller's matching (pkg/volume/util/persistentvolume: FindMatchingVolume).
import type { CauseCode } from "#api/cause-codes.ts";
import {
  PersistentVolumeClaims,
  PersistentVolumes,
  StorageClasses,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { selects } from "#api/selectors.ts";
import { parseQuantity } from "#lib/quantity.ts";
import { assess, eventQuote, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { claimants } from "#diagnosis/claimants.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

type Misfit = "accessMode" | "selector" | "size" | "occupied" | "class";

interface Kind {
  readonly misfit: Misfit;
  readonly code: CauseCode;
  readonly title: string;
  readonly means: string;
  readonly why: string;
}

const kinds: readonly Kind[] = [
  {
    misfit: "accessMode",
    code: "ClaimAccessModeMismatch",
    title: "A claim whose access modes no volume offers",
    means: "A free volume fits but for its access modes.",
    why: "recreate the claim with the access modes that the volume offers, or create another volume: access modes are immutable",
  },
  {
    misfit: "selector",
    code: "ClaimSelectorMatchesNothing",
    title: "A claim whose selector no volume matches",
    means: "A free volume fits but for its labels.",
    why: "label the volume, or recreate the claim with another selector",
  },
  {
    misfit: "size",
    code: "ClaimTooLarge",
    title: "A claim that is larger than any volume",
    means: "A free volume fits but for its size.",
    why: "create a larger volume, or recreate the claim with a smaller request",
  },
  {
    misfit: "occupied",
    code: "VolumeOccupied",
    title: "A claim whose only volume is taken by another claim",
    means: "The volume that would fit is bound to, or reserved for, another claim.",
    why: "find out who uses the volume before you release it: it may hold data",
  },
  {
    misfit: "class",
    code: "ClaimClassMismatch",
    title: "A claim of another class than the volume that would fit",
    means: "A free volume fits but for its class, and nothing provisions one of the claim's class.",
    why: "recreate the claim with the class of the volume, or give the volume the class of the claim: the class of a claim is immutable",
  },
];

const causeOf = (kind: Kind): Cause => ({
  code: kind.code,
  title: kind.title,
  reads: "Pending claims that nothing provisions, and every volume: its class, modes, labels, size and claim.",
  means: kind.means,
  remedy:
    kind.misfit === "occupied"
      ? "Find out who uses the volume before you release it: it may hold data."
      : "Recreate the claim while it is unbound, or create a volume that fits.",
  ...(kind.misfit === "class" ? { suppressedBy: ["StorageClassMissing"] } : {}),
  find: (view) => view.all(PersistentVolumeClaims).map((claim) => find(view, claim, kind)),
});

const find = (view: View, claim: PersistentVolumeClaim, { misfit, code, why }: Kind): Assessment => {
  const reference = referenceTo(claim);
  const name = claim.spec.storageClassName ?? "";
  const storageClass = view.get(StorageClasses, undefined, name);
  // Where volumes are made by hand, their class is often only a word that they share with the claim.
  const isProvisioned =
    name !== "" &&
    (storageClass === undefined ? !view.knows(StorageClasses, undefined) : storageClass.provisioner !== "kubernetes.io/no-provisioner");
  const volumes = view.all(PersistentVolumes);
  const near = volumes.map((volume) => ({ volume, misfits: misfitsOf(claim, volume) })).filter(({ misfits }) => misfits.length > 0);
  // A free volume that almost fits says more than one that is taken.
  const best = kinds.find((kind) => near.some(({ misfits }) => misfits.length === 1 && misfits[0] === kind.misfit))?.misfit;
  const match = near.find(({ misfits }) => misfits.length === 1 && misfits[0] === misfit);
  const users = claimants(view, claim);
  const event = view.eventsOf(reference).find(({ reason }) => reason === "FailedBinding");
  return assess(
    code,
    {
      required: [
        { claim: `${referenceText(reference)} pending`, holds: claim.status?.phase === "Pending" },
        { claim: "a class that nothing provisions", holds: !isProvisioned },
        { claim: "a volume that fits but for this", holds: match !== undefined && best === misfit },
      ],
      against: [{ claim: "a free volume fits", holds: near.length < volumes.length }],
      supporting: [
        { claim: "the volume controller finds none", holds: event !== undefined, weight: 1 },
        { claim: "pods wait for it", holds: users.length > 0, weight: 1 },
        {
          claim: "it is the only volume that is near",
          holds: near.filter(({ misfits }) => misfits.length === 1).length === 1,
          weight: 1,
        },
      ],
    },
    () => {
      const words = match === undefined ? "" : wordsOf(claim, match.volume, misfit);
      return {
        object: reference,
        summary: `${referenceText(reference)} is not bound: ${words}.`,
        chain: [
          words,
          `${referenceText(reference)} stays Pending`,
          ...users.map((user) => `pods of ${referenceText(user)} are not scheduled`),
        ],
        quotes: [
          objectQuote(reference, claimText(claim)),
          ...(match === undefined ? [] : [objectQuote(referenceTo(match.volume), volumeText(match.volume))]),
          ...(event === undefined ? [] : [eventQuote(event)]),
        ],
        explains: users,
        facts: person(why),
      };
    },
  );
};

const misfitsOf = (claim: PersistentVolumeClaim, { metadata, spec, status }: PersistentVolume): readonly Misfit[] => {
  const owner = spec.claimRef;
  const isOwn = owner?.name === claim.metadata.name && owner.namespace === claim.metadata.namespace;
  const asked = parseQuantity(claim.spec.resources?.requests?.storage ?? "0") ?? 0n;
  const offered = parseQuantity(spec.capacity?.storage ?? "0") ?? 0n;
  return [
    ...((claim.spec.storageClassName ?? "") === (spec.storageClassName ?? "") ? [] : ["class" as const]),
    ...((claim.spec.accessModes ?? []).every((mode) => spec.accessModes?.includes(mode) ?? false) ? [] : ["accessMode" as const]),
    ...(claim.spec.selector === undefined || selects(claim.spec.selector, metadata.labels) ? [] : ["selector" as const]),
    ...(offered >= asked ? [] : ["size" as const]),
    ...((owner === undefined || isOwn) && (status?.phase === "Available" || isOwn) ? [] : ["occupied" as const]),
  ];
};

const wordsOf = (claim: PersistentVolumeClaim, { metadata, spec, status }: PersistentVolume, misfit: Misfit): string => {
  if (misfit === "accessMode")
    return `it asks for ${claim.spec.accessModes?.join(", ")}, PersistentVolume ${metadata.name} offers ${spec.accessModes?.join(", ")}`;
  if (misfit === "selector")
    return `its selector ${JSON.stringify(claim.spec.selector)} does not match PersistentVolume ${metadata.name} (${labelsText(metadata.labels)})`;
  if (misfit === "size")
    return `it asks for ${claim.spec.resources?.requests?.storage}, PersistentVolume ${metadata.name} has ${spec.capacity?.storage}`;
  if (misfit === "class")
    return `it is of class "${claim.spec.storageClassName ?? ""}", PersistentVolume ${metadata.name} of class "${spec.storageClassName ?? ""}"`;
  return `PersistentVolume ${metadata.name}, the only one that fits, is ${spec.claimRef === undefined ? status?.phase : `bound to ${spec.claimRef.namespace}/${spec.claimRef.name}`}`;
};

const claimText = ({ spec, status }: PersistentVolumeClaim): string =>
  `phase ${status?.phase}, class "${spec.storageClassName ?? ""}", modes ${spec.accessModes?.join(", ")}, ${spec.resources?.requests?.storage ?? "?"}${spec.selector === undefined ? "" : `, selector ${JSON.stringify(spec.selector)}`}`;

const volumeText = ({ metadata, spec, status }: PersistentVolume): string =>
  `phase ${status?.phase}, class "${spec.storageClassName ?? ""}", modes ${spec.accessModes?.join(", ")}, ${spec.capacity?.storage ?? "?"}, labels ${labelsText(metadata.labels)}${spec.claimRef === undefined ? "" : `, claim ${spec.claimRef.namespace}/${spec.claimRef.name}`}`;

const labelsText = (labels: Readonly<Record<string, string>> = {}): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ") || "none";

export const claimWithoutVolume: readonly Cause[] = kinds.map(causeOf);
