import { expect, test } from "vitest";
import { podRefused } from "#diagnosis/causes/pod-refused.ts";
import { answers, deployment, podsOf, warning } from "#test/evidence-sketch.ts";

const web = deployment("web");
const [set] = podsOf(web);
const says = (message: string, lastAt = "2027-03-01T13:59:00Z"): string[] =>
  podRefused.flatMap((cause) => answers(cause, { objects: [web, set!], events: [warning(set!, "FailedCreate", message, { lastAt })] }));

test.each([
  [
    'Error creating: pods "web-x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false)',
    "PodSecurityRefuses",
  ],
  ['Error creating: pods "web-x" is forbidden: maximum memory usage per Container is 64Mi, but limit is 128Mi', "LimitRangeRefuses"],
  [
    "Error creating: pods \"web-x\" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'no-latest' denied request: images need a tag",
    "AdmissionPolicyRefuses",
  ],
  [
    'Error creating: Internal error occurred: failed calling webhook "guard.example.test": failed to call webhook: Post "https://guard.shop.svc:443/": no endpoints available for service "guard"',
    "WebhookUnreachable",
  ],
  ['Error creating: admission webhook "guard.example.test" denied the request: no', "WebhookRefuses"],
])("%s", (message, code) => {
  expect(says(message)).toEqual([`${code} Deployment web → person`]);
});

test("a quota that is used up is another cause", () => {
  expect(
    says('Error creating: pods "web-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2'),
  ).toEqual([]);
});

test("pods that are all there contradict an old refusal, and so does a refusal of long ago", () => {
  const message = 'Error creating: admission webhook "guard.example.test" denied the request: no';
  const pods = podsOf(web, {});
  const found = podRefused.flatMap((cause) =>
    answers(cause, { objects: [web, ...pods], events: [warning(set!, "FailedCreate", message)] }),
  );
  expect(found).toEqual([]);
  expect(says(message, "2027-03-01T12:00:00Z")).toEqual([]);
});
