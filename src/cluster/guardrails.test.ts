// The admission policies that bound Kintsugi are compared by content: whatever weakens one of them is seen, and named.
import { afterEach, expect, test } from "vitest";
import { ValidatingAdmissionPolicies, ValidatingAdmissionPolicyBindings } from "#api/kubernetes.ts";
import { guardrailDifference } from "#cluster/guardrail-differences.ts";
import { type Guardrails, watchGuardrails } from "#cluster/guardrails.ts";
import { createCaches } from "#kube/caches.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { admissionPolicies, approvalsPolicyName } from "#manifests/admission.ts";
import type { Manifest } from "#manifests/manifest.ts";
import { createDirectKube, type DirectKube } from "#test/direct-kube.ts";

const ends: AbortController[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end.abort();
});

const expected = admissionPolicies({ namespace: "kintsugi-system", image: "kintsugi:2" });
const approvals = approvalsPolicyName("kintsugi-system");
type Spec = Record<string, unknown>;
type Mutation = (manifest: Manifest & { spec: Spec }) => object | undefined;

const typeOf = (manifest: Pick<Manifest, "kind">) =>
  manifest.kind === "ValidatingAdmissionPolicy" ? ValidatingAdmissionPolicies : ValidatingAdmissionPolicyBindings;
const put = (kube: DirectKube, change: Mutation = (manifest) => manifest): void => {
  for (const manifest of expected) {
    const object = change(structuredClone(manifest) as Manifest & { spec: Spec });
    if (object !== undefined) kube.put(typeOf(manifest), object);
  }
};
const watching = async (kube: DirectKube): Promise<Guardrails> => {
  const caches = createCaches(kube, { log: silentLog });
  const guardrails = watchGuardrails(caches, expected, approvals);
  expect(guardrails.missing()).toHaveLength(expected.length);
  const end = new AbortController();
  ends.push(end);
  caches.start(end.signal);
  await caches.synced();
  return guardrails;
};
const missingWith = async (change: Mutation): Promise<readonly string[]> => {
  const kube = createDirectKube(createManualClock());
  put(kube, change);
  return (await watching(kube)).missing();
};
const only =
  (kind: string, change: (spec: Spec) => object | undefined): Mutation =>
  (manifest) => {
    if (manifest.kind !== kind || manifest.metadata.name !== approvals) return manifest;
    const spec = change(manifest.spec);
    return spec === undefined ? undefined : { ...manifest, spec };
  };
const policy = (change: (spec: Spec) => object | undefined): Mutation => only("ValidatingAdmissionPolicy", change);
const binding = (change: (spec: Spec) => object | undefined): Mutation => only("ValidatingAdmissionPolicyBinding", change);

test("nothing is missing where all are as generated", async () => expect(await missingWith((manifest) => manifest)).toEqual([]));

test("what the API server adds by default is no difference", async () => {
  const defaulted: Mutation = (manifest) => {
    const constraints = manifest.spec["matchConstraints"] as { resourceRules: object[] } | undefined;
    if (constraints === undefined) return manifest;
    const resourceRules = constraints.resourceRules.map((rule) => ({ ...rule, scope: "*" }));
    const matchConstraints = { namespaceSelector: {}, objectSelector: {}, matchPolicy: "Equivalent", ...constraints, resourceRules };
    return { ...manifest, spec: { ...manifest.spec, matchConstraints } };
  };
  expect(await missingWith(defaulted)).toEqual([]);
});

test.each<[string, Mutation, string]>([
  ["a policy that is not there", policy(() => undefined), "ValidatingAdmissionPolicy kintsugi-system-approvals does not exist"],
  ["a policy that lets pass what it cannot judge", policy((spec) => ({ ...spec, failurePolicy: "Ignore" })), "spec.failurePolicy"],
  [
    "a validation that is always true",
    policy((spec) => ({ ...spec, validations: (spec["validations"] as object[]).map((each) => ({ ...each, expression: "true" })) })),
    "spec.validations[0].expression",
  ],
  [
    "a validation that is left out",
    policy((spec) => ({ ...spec, validations: (spec["validations"] as object[]).slice(1) })),
    "spec.validations[0]",
  ],
  [
    "a condition that never matches",
    policy((spec) => ({ ...spec, matchConditions: [{ name: "never", expression: "false" }] })),
    "spec.matchConditions",
  ],
  ["a variable with another meaning", policy((spec) => ({ ...spec, variables: [] })), "spec.variables"],
  [
    "a policy that matches only objects with a label",
    policy((spec) => ({
      ...spec,
      matchConstraints: { ...(spec["matchConstraints"] as object), objectSelector: { matchLabels: { a: "b" } } },
    })),
    "spec.matchConstraints.objectSelector",
  ],
  ["a binding that is not there", binding(() => undefined), "ValidatingAdmissionPolicyBinding kintsugi-system-approvals does not exist"],
  ["a binding that only warns", binding((spec) => ({ ...spec, validationActions: ["Warn", "Audit"] })), "spec.validationActions[0]"],
  ["a binding to another policy", binding((spec) => ({ ...spec, policyName: "other" })), "spec.policyName"],
  [
    "a binding that selects no namespace",
    binding((spec) => ({ ...spec, matchResources: { namespaceSelector: { matchLabels: { none: "such" } } } })),
    "spec.matchResources",
  ],
  [
    "a binding with parameters",
    binding((spec) => ({ ...spec, paramRef: { name: "p", parameterNotFoundAction: "Allow" } })),
    "spec.paramRef",
  ],
])("%s is seen and named", async (_name, change, what) => {
  const missing = await missingWith(change);
  expect(missing).toEqual([expect.stringContaining(what)]);
  expect(missing[0]).toContain(approvals);
});

test("the policies of another version are not this version's", async () => {
  const kube = createDirectKube(createManualClock());
  for (const manifest of admissionPolicies({ namespace: "kintsugi-system", image: "kintsugi:1" })) kube.put(typeOf(manifest), manifest);
  expect((await watching(kube)).missing()).toEqual([expect.stringContaining("kintsugi-system-jobs")]);
});

test("a policy that is being deleted is not relied on", () => {
  const [first] = expected;
  if (first === undefined) throw new Error("there are policies");
  const going = { ...first, metadata: { ...first.metadata, deletionTimestamp: "2030-01-01T00:00:00Z" } };
  expect(guardrailDifference(first, going)).toContain("is being deleted");
});

test("decisions are checked by one version of the policy: a change that was taken back is another version", async () => {
  const kube = createDirectKube(createManualClock());
  let generation = 1;
  const numbered =
    (change: Mutation): Mutation =>
    (manifest) => {
      const object = change(manifest) as Manifest | undefined;
      return object && { ...object, metadata: { ...object.metadata, uid: object.metadata.name, generation } };
    };
  put(
    kube,
    numbered((manifest) => manifest),
  );
  const guardrails = await watching(kube);
  const before = guardrails.approvals();
  expect(before).toEqual(expect.any(String));
  generation = 2;
  put(kube, numbered(policy((spec) => ({ ...spec, validations: [] }))));
  await expect.poll(() => guardrails.approvals()).toBeUndefined();
  generation = 3;
  put(
    kube,
    numbered((manifest) => manifest),
  );
  await expect.poll(() => guardrails.approvals()).toEqual(expect.any(String));
  expect(guardrails.approvals()).not.toBe(before);
});
