// Three cases for each cause of pods that are not created, and of webhooks without a server.
import type { CauseCode } from "#api/cause-codes.ts";
import type { KubeObject } from "#api/object.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { deployment, podsOf, warning } from "#test/evidence-sketch.ts";
import { one, service, type CasesByCode, type ThreeCases, withPod } from "#test/three-cases/three-cases.ts";

const web = deployment("web", {}, { pod: { serviceAccountName: "robot" } });
const [set] = podsOf(web) as [KubeObject];
const robot = one("{ apiVersion: v1, kind: ServiceAccount, metadata: { name: robot } }");
const others = one("{ apiVersion: v1, kind: ServiceAccount, metadata: { name: default } }");
const refused = (message: string, ...objects: readonly KubeObject[]): Partial<Evidence> => ({
  objects: [web, set, ...objects],
  events: [warning(set, "FailedCreate", `Error creating: ${message}`)],
});
const pods = podsOf(web, {}).slice(1);
const forbidden = 'pods "web-x" is forbidden:';
/** Found by these words; contradicted by pods that exist. */
const words = (message: string, neighbour: CauseCode): ThreeCases => ({
  holds: refused(message, robot),
  neighbour,
  contradicted: refused(message, robot, ...pods),
});
const quota = (used: string): KubeObject =>
  one(
    `{ apiVersion: v1, kind: ResourceQuota, metadata: { name: team }, spec: { hard: { pods: "2" } }, status: { hard: { pods: "2" }, used: { pods: "${used}" } } }`,
  );
const exceeded = `${forbidden} exceeded quota: team, requested: pods=1, used: pods=2, limited: pods=2`;
const lookup = `${forbidden} error looking up service account shop/robot: serviceaccount "robot" not found`;
const hook = (failurePolicy: string): KubeObject =>
  one(
    `{ apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: { name: guard }, webhooks: [{ name: guard.example.test, failurePolicy: ${failurePolicy}, clientConfig: { service: { namespace: shop, name: guard } } }] }`,
  );

export const cases: CasesByCode = {
  PodSecurityRefuses: words(
    `${forbidden} violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false`,
    "LimitRangeRefuses",
  ),
  LimitRangeRefuses: words(`${forbidden} maximum memory usage per Container is 64Mi, but limit is 128Mi`, "QuotaExceeded"),
  AdmissionPolicyRefuses: words(
    `${forbidden} ValidatingAdmissionPolicy 'no-latest' with binding 'no-latest' denied request: images need a tag`,
    "WebhookRefuses",
  ),
  WebhookUnreachable: words(
    'Internal error occurred: failed calling webhook "guard.example.test": failed to call webhook: Post "https://guard.shop.svc:443/": no endpoints available for service "guard"',
    "WebhookRefuses",
  ),
  WebhookRefuses: words('admission webhook "guard.example.test" denied the request: no', "WebhookUnreachable"),
  WebhookWithoutServer: {
    holds: { objects: [hook("Fail"), service("guard", "selector: { app: guard }, ports: [{ port: 443 }]")] },
    neighbour: "WebhookRefuses",
    contradicted: {
      objects: [hook("Fail"), service("guard", "selector: { app: guard }, ports: [{ port: 443 }]"), ...withPod(deployment("guard"))],
    },
  },
  QuotaExceeded: {
    holds: refused(exceeded, robot, quota("2")),
    neighbour: "LimitRangeRefuses",
    contradicted: refused(exceeded, robot, quota("2"), ...pods),
  },
  ServiceAccountMissing: { holds: refused(lookup, others), neighbour: "QuotaExceeded", contradicted: refused(lookup, others, robot) },
};
