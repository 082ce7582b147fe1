import { expect, test } from "vitest";
import { webhookWithoutServer } from "#diagnosis/causes/webhook-without-server.ts";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import { answers, deployment, evidence, objects, podsOf, warning } from "#test/evidence-sketch.ts";

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

test("one whose Service has no pods", () => {
  expect(answers(webhookWithoutServer, { objects: [...hook("Fail"), ...service] })).toHaveLength(1);
});

test("one that is ignored when it fails does no harm", () => {
  expect(answers(webhookWithoutServer, { objects: hook("Ignore") })).toEqual([]);
});

test("a ready pod behind it contradicts", () => {
  expect(answers(webhookWithoutServer, { objects: [...hook("Fail"), ...service, guard, ...podsOf(guard, {})] })).toEqual([]);
});

test("pods that are refused for it are explained by it: one finding, about the configuration", () => {
  const web = deployment("web");
  const [set] = podsOf(web);
  const refused = (webhook: string): string[] => {
    const message = `Error creating: Internal error occurred: failed calling webhook "${webhook}": failed to call webhook: Post "https://guard.shop.svc:443/": no endpoints available for service "guard"`;
    const parts = { objects: [...hook("Fail"), ...service, web, set!], events: [warning(set!, "FailedCreate", message)] };
    const { findings } = diagnoseCluster(evidence(parts));
    return findings.map(({ code, object }) => `${code} ${object.name}`);
  };
  expect(refused("guard.example.test")).toEqual(["WebhookWithoutServer guard"]);
  expect(refused("other.example.test")).toEqual(["WebhookUnreachable web", "WebhookWithoutServer guard"]);
});
