import { afterEach, expect, test } from "vitest";
import { ValidatingAdmissionPolicies, ValidatingAdmissionPolicyBindings } from "#api/kubernetes.ts";
import { watchGuardrails } from "#cluster/guardrails.ts";
import { createCaches } from "#kube/caches.ts";
import { silentLog } from "#lib/log.ts";
import { createMemoryKube } from "#test/memory-kube.ts";

const ends: AbortController[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end.abort();
});

const names = ["reach", "jobs", "approvals"];
const [first = ""] = names;

const missingWith = async (change: { policy?: object | "none"; binding?: object | "none" }): Promise<readonly string[]> => {
  const kube = createMemoryKube(() => 0);
  for (const name of names) {
    const isFirst = name === first;
    if (!isFirst || change.policy !== "none") {
      kube.put(ValidatingAdmissionPolicies, {
        metadata: { name },
        spec: { failurePolicy: "Fail", ...(isFirst ? (change.policy as object) : {}) },
      });
    }
    if (!isFirst || change.binding !== "none") {
      const spec = { policyName: name, validationActions: ["Deny"], ...(isFirst ? (change.binding as object) : {}) };
      kube.put(ValidatingAdmissionPolicyBindings, { metadata: { name }, spec });
    }
  }
  const caches = createCaches(kube, { log: silentLog });
  const missing = watchGuardrails(caches, names);
  expect(missing()).toEqual(names);
  const end = new AbortController();
  ends.push(end);
  caches.start(end.signal);
  await caches.synced();
  return missing();
};

test("nothing is missing where every policy is bound and denies", async () => expect(await missingWith({})).toEqual([]));

test.each([
  ["a policy that is not there", { policy: "none" }],
  ["a policy that lets pass what it cannot judge", { policy: { failurePolicy: "Ignore" } }],
  ["a policy that nobody bound", { binding: "none" }],
  ["a binding that only warns", { binding: { validationActions: ["Warn", "Audit"] } }],
  ["a binding to another policy", { binding: { policyName: "other" } }],
] as const)("%s is missing", async (_name, change) => expect(await missingWith(change)).toEqual([first]));
