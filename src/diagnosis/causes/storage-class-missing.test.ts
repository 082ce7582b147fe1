import { expect, test } from "vitest";
import { storageClassMissing } from "#diagnosis/causes/storage-class-missing.ts";
import { answers, deployment, manualSteps, objects, warning } from "#test/evidence-sketch.ts";

const web = deployment("web", {}, { pod: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] } });
const claim = (storageClassName: string, phase = "Pending"): ReturnType<typeof objects>[0] =>
  objects(
    `{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: data }, spec: { storageClassName: ${storageClassName} }, status: { phase: ${phase} } }`,
  )[0]!;
const [standard] = objects(
  `{ apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: { name: standard }, provisioner: example.test/disk }`,
);

test("a class that does not exist: the manual step names the class with the nearest name", () => {
  const pending = claim("standart");
  const events = [warning(pending, "ProvisioningFailed", 'storageclass.storage.k8s.io "standart" not found')];
  const given = { objects: [web, pending, standard!], events };
  expect(answers(storageClassMissing, given)).toEqual(["StorageClassMissing PersistentVolumeClaim data → person"]);
  expect(manualSteps(storageClassMissing, given)).toEqual([
    "recreate the claim with StorageClass standard, or create standart: the claim is unbound, and its class is immutable",
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
