import { expect, test } from "vitest";
import { storageClassMissing } from "#diagnosis/causes/storage-class-missing.ts";
import { answers, deployment, objects, warning } from "#test/evidence-sketch.ts";

const web = deployment("web", {}, { pod: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] } });
const claim = (storageClassName: string, phase = "Pending"): ReturnType<typeof objects>[0] =>
  objects(
    `{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: data }, spec: { storageClassName: ${storageClassName} }, status: { phase: ${phase} } }`,
  )[0]!;
const [standard] = objects(
  `{ apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: { name: standard }, provisioner: example.test/disk }`,
);

test("a class that does not exist is corrected to the one that was meant", () => {
  const pending = claim("standart");
  const events = [warning(pending, "ProvisioningFailed", 'storageclass.storage.k8s.io "standart" not found')];
  expect(answers(storageClassMissing, { objects: [web, pending, standard!], events })).toEqual([
    "StorageClassMissing PersistentVolumeClaim data → recreate_pvc_claim storageClassName=standard",
  ]);
});

test("a claim whose class exists and only waits for its pod is not this", () => {
  expect(answers(storageClassMissing, { objects: [web, claim("standard"), standard!] })).toEqual([]);
});

test("volumes of that class contradict it: the class is only a label on volumes made by hand", () => {
  const [volume] = objects(`{ apiVersion: v1, kind: PersistentVolume, metadata: { name: disk-1 }, spec: { storageClassName: manual } }`);
  expect(answers(storageClassMissing, { objects: [web, claim("manual"), volume!] })).toEqual([]);
});

test("where classes could not be listed, nothing is known to be absent", () => {
  expect(answers(storageClassMissing, { objects: [web, claim("standart")], read: [] })).toEqual([]);
});
