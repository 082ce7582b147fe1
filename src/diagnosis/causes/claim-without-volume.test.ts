// Claims that no volume made by hand fits, on sketches.
import { expect, test } from "vitest";
import { claimWithoutVolume } from "#diagnosis/causes/claim-without-volume.ts";
import { createView } from "#diagnosis/view.ts";
import { evidence, objects } from "#test/evidence-sketch.ts";

const claim = (spec: string, phase = "Pending"): string => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { storageClassName: "", ${spec} }
status: { phase: ${phase} }
`;
const volume = (name: string, spec: string, phase = "Available", labels = "{}"): string => `
apiVersion: v1
kind: PersistentVolume
metadata: { name: ${name}, labels: ${labels} }
spec: { storageClassName: "", ${spec} }
status: { phase: ${phase} }
`;
const named = (document: string, name: string): string => document.replace('storageClassName: ""', `storageClassName: ${name}`);
const rwo = "accessModes: [ReadWriteOnce]";
const asks = `${rwo}, resources: { requests: { storage: 1Gi } }`;
const offers = `${rwo}, capacity: { storage: 1Gi }`;

const foundIn = (...documents: readonly string[]): string[] =>
  claimWithoutVolume.flatMap((cause) =>
    cause
      .find(createView(evidence({ objects: objects(documents.join("\n---\n")) })))
      .flatMap((each) => ("found" in each ? [`${each.found.code} ${each.found.object.name}`] : [])),
  );

const cases: readonly (readonly [name: string, documents: readonly string[], codes: readonly string[]])[] = [
  [
    "modes that the volume does not offer",
    [claim("accessModes: [ReadWriteMany], resources: { requests: { storage: 1Gi } }"), volume("v", offers)],
    ["ClaimAccessModeMismatch data"],
  ],
  [
    "a selector that does not match",
    [claim(`${asks}, selector: { matchLabels: { tier: gold } }`), volume("v", offers, "Available", "{ tier: iron }")],
    ["ClaimSelectorMatchesNothing data"],
  ],
  ["more than the volume has", [claim(`${rwo}, resources: { requests: { storage: 5Gi } }`), volume("v", offers)], ["ClaimTooLarge data"]],
  [
    "a volume that another claim has",
    [claim(asks), volume("v", `${offers}, claimRef: { namespace: shop, name: other }`, "Bound")],
    ["VolumeOccupied data"],
  ],
  [
    "a volume that was released and not cleaned",
    [claim(asks), volume("v", `${offers}, claimRef: { namespace: shop, name: gone }`, "Released")],
    ["VolumeOccupied data"],
  ],
  [
    "a free volume that almost fits says more than one that is taken",
    [
      claim("accessModes: [ReadWriteMany]"),
      volume("taken", "accessModes: [ReadWriteMany], capacity: { storage: 1Gi }, claimRef: { namespace: shop, name: other }", "Bound"),
      volume("free", offers),
    ],
    ["ClaimAccessModeMismatch data"],
  ],
  ["a volume that fits: it will be bound in a moment", [claim(asks), volume("v", offers)], []],
  [
    "two misfits at once point at no one condition",
    [claim("accessModes: [ReadWriteMany], resources: { requests: { storage: 5Gi } }"), volume("v", offers)],
    [],
  ],
  [
    "a class that is only a word that claims and volumes share: nothing provisions it either",
    [named(claim(`${asks}, selector: { matchLabels: { tier: gold } }`), "manual"), named(volume("v", offers), "manual")],
    ["ClaimSelectorMatchesNothing data"],
  ],
  [
    "a class that something provisions",
    [
      named(claim("accessModes: [ReadWriteMany]"), "fast"),
      named(volume("v", offers), "fast"),
      "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: { name: fast }\nprovisioner: csi.example.com\n",
    ],
    [],
  ],
  ["a claim that is bound", [claim("accessModes: [ReadWriteMany]", "Bound"), volume("v", offers)], []],
  ["a volume of another class", [claim(asks), named(volume("v", offers), "fast")], ["ClaimClassMismatch data"]],
  [
    "a class for volumes made by hand, of which there is none",
    [
      named(claim(asks), "local"),
      volume("v", offers),
      "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: { name: local }\nprovisioner: kubernetes.io/no-provisioner\n",
    ],
    ["ClaimClassMismatch data"],
  ],
  [
    "a volume of its class that is taken says more than a free one of another",
    [claim(asks), volume("taken", `${offers}, claimRef: { namespace: shop, name: other }`, "Bound"), named(volume("v", offers), "fast")],
    ["VolumeOccupied data"],
  ],
  ["a volume of another class that fits in nothing else", [claim("accessModes: [ReadWriteMany]"), named(volume("v", offers), "fast")], []],
];

test.each(cases)("%s", (_name, documents, codes) => {
  expect(foundIn(...documents)).toEqual(codes);
});
