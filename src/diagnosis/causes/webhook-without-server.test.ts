import { expect, test } from "vitest";
import { webhookWithoutServer } from "#diagnosis/causes/webhook-without-server.ts";
import { answers, deployment, objects, podsOf } from "#test/evidence-sketch.ts";

const hook = (failurePolicy: string): ReturnType<typeof objects> =>
  objects(
    `{ apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: { name: guard }, webhooks: [{ name: guard.example.test, failurePolicy: ${failurePolicy}, clientConfig: { service: { namespace: shop, name: guard } } }] }`,
  );
const service = objects(
  `{ apiVersion: v1, kind: Service, metadata: { name: guard }, spec: { selector: { app: guard }, ports: [{ port: 443 }] } }`,
);
const guard = deployment("guard");

test("one whose Service does not exist", () => {
  expect(answers(webhookWithoutServer, { objects: hook("Fail") })).toEqual([
    "WebhookWithoutServer ValidatingWebhookConfiguration guard → person",
  ]);
});

test("one whose Service has nobody behind it", () => {
  expect(answers(webhookWithoutServer, { objects: [...hook("Fail"), ...service] })).toHaveLength(1);
});

test("one that is ignored when it fails does no harm", () => {
  expect(answers(webhookWithoutServer, { objects: hook("Ignore") })).toEqual([]);
});

test("a ready pod behind it contradicts", () => {
  expect(answers(webhookWithoutServer, { objects: [...hook("Fail"), ...service, guard, ...podsOf(guard, {})] })).toEqual([]);
});
