// The rules of the kind on a real API server, which alone lets what is stored already stay as it is.
import { beforeAll, expect, inject, test } from "vitest";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { crdOf } from "#manifests/crd.ts";
import { toYaml } from "#manifests/manifest.ts";
import { kubectlOf, mustKubectl } from "#test/kubectl.ts";

const namespace = "kintsugi-policy-rules";
const kubectl = kubectlOf(inject("controlPlane"));
const definition = crdOf(RemediationPolicy);
const apply = async (manifest: object): Promise<unknown> => {
  await mustKubectl(kubectl, ["apply", "--server-side", "--force-conflicts", "-f", "-"], JSON.stringify(manifest));
  return mustKubectl(kubectl, ["wait", "--for=condition=Established", "crd", "remediationpolicies.kintsugi.dev", "--timeout=60s"]);
};
const policy = (name: string, spec: object): string =>
  JSON.stringify({ apiVersion: "kintsugi.dev/v1alpha1", kind: "RemediationPolicy", metadata: { name, namespace }, spec });
const older = { autonomy: [{ when: "true", value: "off" }] };

beforeAll(async () => {
  // As a version left it whose definition had no such rule.
  await apply(
    JSON.parse(JSON.stringify(definition, (key, value: unknown) => (key === "x-kubernetes-validations" ? undefined : value))) as object,
  );
  await mustKubectl(kubectl, ["create", "namespace", namespace]);
  await mustKubectl(kubectl, ["create", "-f", "-"], policy("older", older));
  await mustKubectl(kubectl, ["apply", "--server-side", "--force-conflicts", "-f", "-"], toYaml([definition]));
});

test.each([
  ["autonomy", older, "spec.autonomy is not evaluated yet"],
  ["environments", { environments: [{ when: "true", value: "production" }] }, "spec.environments is not evaluated yet"],
  ["priorities", { priorities: [{ when: "true", value: "P0" }] }, "spec.priorities is not evaluated yet"],
  [
    "the condition of a freeze",
    { freezes: [{ name: "x", from: "2030-01-01T00:00:00Z", to: "2030-01-02T00:00:00Z", when: "true" }] },
    "spec.freezes[].when is not evaluated yet",
  ],
])("%s is refused with the reason", async (_name, spec, message) => {
  await expect
    .poll(() => mustKubectl(kubectl, ["create", "-f", "-"], policy("refused", spec)).catch(String), { timeout: 20_000 })
    .toContain(message);
});

test("the status of a policy that is stored with such a rule can be written", async () => {
  const status = JSON.stringify({ status: { observedGeneration: 1 } });
  await mustKubectl(kubectl, ["patch", "rpol", "older", "-n", namespace, "--subresource=status", "--type=merge", "-p", status]);
  expect(await mustKubectl(kubectl, ["get", "rpol", "older", "-n", namespace, "-o", "jsonpath={.status.observedGeneration}"])).toBe("1");
});
