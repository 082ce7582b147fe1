// `kintsugi explain-alert` on an API server: one answer for each thing that may become of an alert.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALERT_RECORDS_NAME } from "#api/alert-record.ts";
import { ConfigMaps } from "#api/kubernetes.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { DEFAULT_NAMESPACE } from "#api/labels.ts";
import { systemClock } from "#lib/system-clock.ts";
import { crds } from "#manifests/install.ts";
import { type Ran, runKintsugi } from "#test/cli-harness.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";

const namespace = DEFAULT_NAMESPACE;
const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
const at = "2030-01-01T00:00:00Z";
const record = (name: string, result: string, reason: string, status = "firing") =>
  JSON.stringify({ name, source: "prometheus", status, result, reason, at });

let cluster: EmbeddedTestCluster;
beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  const { admin } = cluster;
  await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }, ...crds()]);
  const request = await admin.create(RemediationRequest, {
    apiVersion: "kintsugi.dev/v1alpha1",
    kind: "RemediationRequest",
    metadata: { namespace, name: "rr-1" },
    spec: {
      alert: { name: "Crashing", fingerprint: "f1", severity: "critical", startsAt: at, source: "prometheus", labels: {}, annotations: {} },
      reported: { kind: "Pod", namespace: "shop", name: "web-1" },
      target,
      unresolved: "Pod shop/web-1 was taken as reported: it was not found",
    },
  });
  await admin.mergePatch(
    RemediationRequest,
    { namespace, name: request.metadata.name },
    {
      status: {
        phase: "Completed",
        outcome: "Suggested",
        message: "Repair suggested.",
        attempts: [{ number: 1, processing: "rp-1" }],
        alerts: {
          f1: { name: "Crashing", startsAt: at, lastSeen: at, count: 1 },
          f2: { name: "Slow", startsAt: at, lastSeen: at, count: 1, resolvedAt: at },
        },
      },
    },
    { subresource: "status" },
  );
  await admin.create(RemediationProcessing, {
    apiVersion: "kintsugi.dev/v1alpha1",
    kind: "RemediationProcessing",
    metadata: { namespace, name: "rp-1" },
    spec: {
      request: "rr-1",
      attempt: 1,
      alert: { name: "Crashing", fingerprint: "f1", severity: "critical", startsAt: at },
      reported: { kind: "Pod", name: "web-1" },
      target,
    },
  });
  await admin.mergePatch(
    RemediationProcessing,
    { namespace, name: "rp-1" },
    { status: { phase: "Completed", managed: false, autonomy: "suggest" } },
    { subresource: "status" },
  );
  await admin.create(ConfigMaps, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name: ALERT_RECORDS_NAME },
    data: {
      w1: record("Watchdog", "ignored", "its labels name no object of the cluster"),
      r1: record("Gone", "ignored", "no request knows this alert", "resolved"),
      n1: record("Storm", "notStored", "500 requests are open"),
      b1: record("Broken", "rejected", "labels/a: it is not a text", "unread"),
      odd: "not JSON",
    },
  });
});
afterAll(() => cluster.stop());

const kintsugi = (...args: readonly string[]): Promise<Ran> =>
  runKintsugi(["explain-alert", ...args], undefined, { connect: () => ({ ...cluster.admin, close: () => undefined }), clock: systemClock });

describe("an answer for each alert", () => {
  test.each<[string, string, readonly string[]]>([
    [
      "by its fingerprint, that is part of a request",
      "f1",
      [
        "Alert Crashing (f1): part of a request",
        "rr-1, Deployment shop/web: Completed, Suggested",
        "Namespace shop is not opted in",
        "Unresolved: Pod shop/web-1",
      ],
    ],
    ["by its name, that joined one and is resolved", "Slow", ["Alert Slow (f2)", "Resolved  2030-01-01T00:00:00Z"]],
    ["that names no object", "Watchdog", ["Alert Watchdog (w1): ignored", "Its labels name no object of the cluster."]],
    ["that was resolved without a request", "r1", ["Resolved without a request: no request knows this alert."]],
    ["that was limited", "Storm", ["not stored", "500 requests are open."]],
    ["with a wrong label", "Broken", ["rejected", "Labels/a: it is not a text."]],
  ])("%s", async (_name, text, expected) => {
    const ran = await kintsugi(text);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    for (const part of expected) expect(ran.stdout).toContain(part);
  });

  test("as data", async () => {
    expect(JSON.parse((await kintsugi("f2", "-o", "json")).stdout)).toMatchObject([{ answer: "joined", request: "rr-1", resolvedAt: at }]);
  });

  test("that is not known: exit code 1 and what to check", async () => {
    expect(await kintsugi("Unheard")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining('no request contains alert "Unheard"'),
    });
  });

  test("-n shows requests of that namespace only", async () => {
    expect((await kintsugi("f1", "-n", "other")).code).not.toBe(0);
  });
});
