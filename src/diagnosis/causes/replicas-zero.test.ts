// A workload at zero that others need; against one that rests, one that sleeps by design, and one whose pods are merely not ready.
import { expect, test } from "vitest";
import { replicasZero } from "#diagnosis/causes/replicas-zero.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { answers, deployment, failing, objects, podsOf, warning } from "#test/evidence-sketch.ts";

const service = objects(`
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }`);
const web = deployment("web", {}, { spec: { replicas: 0 } });
const down = (lastAt: string): Partial<Evidence> => ({
  events: [warning(web, "ScalingReplicaSet", "Scaled down replica set web-7d9c5b8f6 to 0 from 3", { type: "Normal", lastAt })],
});

test("it was scaled to zero minutes ago: back to what it had", () => {
  expect(answers(replicasZero, { objects: [web, ...service], ...down("2027-03-01T13:55:00Z") })).toEqual([
    "ReplicasZero Deployment web → scale_deployment replicas=3",
  ]);
});

test("an alert misses it, whenever it was scaled", () => {
  const alert = {
    name: "RequestsFail",
    fingerprint: "a",
    severity: "warning",
    startsAt: "2027-03-01T13:50:00Z",
    source: "prometheus",
  } as const;
  const alerts = [{ ...alert, labels: { service: "web" }, annotations: {} }];
  expect(answers(replicasZero, { objects: [web, ...service], alerts })).toEqual([
    "ReplicasZero Deployment web → scale_deployment replicas=1",
  ]);
});

test("it was scaled down long ago and no caller misses it", () => {
  expect(answers(replicasZero, { objects: [web, ...service], ...down("2027-02-20T13:55:00Z") })).toEqual([]);
});

test("it sleeps until there is something to do", () => {
  const sleeping = { ...web, metadata: { ...web.metadata, labels: { "scaledobject.keda.sh/name": "web" } } };
  expect(answers(replicasZero, { objects: [sleeping, ...service], ...down("2027-03-01T13:55:00Z") })).toEqual([]);
});

test("it wants a pod that is not ready: another cause", () => {
  const wanting = deployment("web");
  expect(answers(replicasZero, { objects: [wanting, ...service, ...podsOf(wanting, failing())] })).toEqual([]);
});

test("no Service selects it: no caller can miss it", () => {
  expect(answers(replicasZero, { objects: [web], ...down("2027-03-01T13:55:00Z") })).toEqual([]);
});
