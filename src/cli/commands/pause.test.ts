// `kintsugi pause` and `resume` on an API server, and what policy makes of the pause.
import { afterAll, beforeAll, expect, test } from "vitest";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { DEFAULT_NAMESPACE } from "#api/labels.ts";
import { systemClock } from "#lib/system-clock.ts";
import { crdOf } from "#manifests/crd.ts";
import { freezeHold } from "#policy/freeze.ts";
import { subjectVariables } from "#policy/rules.ts";
import { settingsFrom } from "#policy/settings.ts";
import { type Ran, runKintsugi } from "#test/cli-harness.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";

const settingsOf = (policies: readonly RemediationPolicy[]) => settingsFrom(policies, DEFAULT_NAMESPACE);

let cluster: EmbeddedTestCluster;
beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  const namespaces = [DEFAULT_NAMESPACE, "shop", "bank"].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
  await cluster.apply([...namespaces, crdOf(RemediationPolicy)]);
});
afterAll(() => cluster.stop());

const kintsugi = (...args: readonly string[]): Promise<Ran> =>
  runKintsugi(args, undefined, { connect: () => ({ ...cluster.admin, close: () => undefined }), clock: systemClock });

const heldIn = async (namespace: string, afterMs = 0): Promise<string | undefined> => {
  const settings = settingsOf(await cluster.admin.list(RemediationPolicy, { namespace: DEFAULT_NAMESPACE }));
  const target = { apiVersion: "apps/v1", kind: "Deployment", namespace, name: "web" };
  const step = { ...subjectVariables(target, {}), environment: "staging", criticality: "medium", action: "restart_pod" };
  return freezeHold(settings, Date.now() + afterMs, [step])?.why;
};

test("a pause of everything holds until it is resumed", async () => {
  expect(await kintsugi("pause", "-y", "-m", "migration")).toMatchObject({
    code: 0,
    stdout: "Repairs in all namespaces are paused. Resume with: kintsugi resume\n",
  });
  expect(await heldIn("shop")).toMatch(/^freeze "paused by .+: migration", without an end$/);
  expect(await heldIn("bank", 86_400_000)).toBeDefined();
  expect(await kintsugi("resume")).toMatchObject({ code: 0, stdout: "Repairs in all namespaces are resumed.\n" });
  expect(await heldIn("shop")).toBeUndefined();
});

test("a pause of one namespace holds there only, and ends by itself", async () => {
  expect((await kintsugi("pause", "-y", "-n", "shop", "--for", "2h")).code).toBe(0);
  expect([await heldIn("shop"), await heldIn("bank")]).toEqual([expect.stringMatching(/^freeze "paused by /), undefined]);
  expect(await heldIn("shop", 7_201_000)).toBeUndefined();
  // Again: the newer end counts.
  expect((await kintsugi("pause", "-y", "-n", "shop", "--for", "3h")).code).toBe(0);
  expect(await heldIn("shop", 7_201_000)).toBeDefined();
  expect((await kintsugi("resume", "-n", "shop")).code).toBe(0);
  expect(await heldIn("shop")).toBeUndefined();
});

test.each([
  [["resume"], 1, "repairs in all namespaces are not paused by kintsugi pause"],
  [["pause", "-y", "-n", "shpo"], 2, 'namespace "shpo" not found'],
  [["pause"], 2, "--yes"],
  [["pause", "-y", "--for", "soon"], 2, '"soon" is not a duration'],
])("%j fails with exit code %i", async (args, code, message) => {
  const ran = await kintsugi(...args);
  expect([ran.code, ran.stderr]).toEqual([code, expect.stringContaining(message)]);
});
