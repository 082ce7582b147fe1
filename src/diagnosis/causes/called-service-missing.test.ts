// A host that only the log names, and no Service has: what is said of it, in the words of each runtime, and that nothing is changed for it.
import { describe, expect, test } from "vitest";
import { calledServiceMissing } from "#diagnosis/causes/called-service-missing.ts";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { answers, crashed, deployment, evidence, failing, podsOf, type PodSketch } from "#test/evidence-sketch.ts";
import { says, service } from "#test/three-cases/three-cases.ts";

const crashing = failing(crashed("web", 1));
const unready: PodSketch = { status: { conditions: [{ type: "Ready", status: "False" }] } };
const rates = service("rates-v2");
const scene = (log: string, pod: PodSketch = crashing, more: Partial<Evidence> = {}): Partial<Evidence> => ({
  objects: [deployment("web"), ...podsOf(deployment("web"), pod), rates],
  logs: [says("web", log, pod === crashing ? "previous" : "current")],
  ...more,
});
const line = "GET http://rates-v1:8080/rates failed: getaddrinfo ENOTFOUND rates-v1";

test.each([
  ["crashes", crashing],
  ["does not become ready", unready],
])("a program that %s is explained by the Service that it calls, and nothing denies what its log says", (_, pod) => {
  const { findings } = diagnoseCluster(evidence(scene(line, pod)));
  expect(findings.map(({ code }) => code)).toEqual(["CalledServiceMissing"]);
  expect(findings[0]?.summary).toBe(`Deployment shop/web calls Service rates-v1, which does not exist; rates-v2 exists: "${line}".`);
  expect(findings[0]?.advice).toEqual({ remedies: [], otherwise: "correct the host rates-v1, probably to rates-v2" });
});

test.each([
  "java.net.UnknownHostException: rates-v1",
  "dial tcp: lookup rates-v1 on 10.96.0.10:53: no such host",
  'could not translate host name "rates-v1" to address: Name or service not known',
  "curl: (6) Could not resolve host: rates-v1",
  "wget: bad address 'rates-v1'",
  "Failed to resolve 'rates-v1' ([Errno -2] Name or service not known)",
  "System.Net.Http.HttpRequestException: Name or service not known (rates-v1:8080)",
  "Failed to open TCP connection to rates-v1:8080 (getaddrinfo: Name or service not known)",
  "getaddrinfo ENOTFOUND rates-v1.shop.svc.cluster.local",
])("is understood in the words of any runtime: %s", (log) => {
  expect(answers(calledServiceMissing, scene(log))).toEqual(["CalledServiceMissing Deployment web → person"]);
});

describe("is not found", () => {
  test.each<[string, Partial<Evidence>]>([
    ["of a host outside of the cluster", scene("getaddrinfo ENOTFOUND api.example.com")],
    ["of a Service that exists", scene("getaddrinfo ENOTFOUND rates-v2")],
    ["where Services were not read", scene(line, crashing, { read: [] })],
    ["where nothing fails and no name is near", scene("getaddrinfo ENOTFOUND metadata", {})],
    ["where no answer came: the name may be fine", scene("getaddrinfo EAI_AGAIN rates-v1")],
  ])("%s", (_, parts) => expect(answers(calledServiceMissing, parts)).toEqual([]));
});

test("the workload's own Service is never the one that is proposed", () => {
  const parts = scene("getaddrinfo ENOTFOUND web-v1", crashing);
  const own = { ...parts, objects: [...(parts.objects ?? []), service("web")] };
  expect(JSON.stringify(calledServiceMissing.find(createView(evidence(own))))).not.toContain("probably to web");
});
