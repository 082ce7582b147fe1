// What separates two workloads that are well: a NetworkPolicy, a certificate, the cluster's DNS.
import { expect, test } from "vitest";
import { certificateExpired } from "#diagnosis/causes/certificate-expired.ts";
import { clusterDnsDown } from "#diagnosis/causes/cluster-dns-down.ts";
import { networkPolicyIsolates } from "#diagnosis/causes/network-policy-isolates.ts";
import type { KubeObject } from "#api/object.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { answers, deployment, failing, objects, podsOf } from "#test/evidence-sketch.ts";

const web = deployment("web", { env: [{ name: "API_ADDR", value: "api:80" }] });
const api = deployment("api");
const around: KubeObject[] = [
  web,
  api,
  ...podsOf(web, {}),
  ...podsOf(api, {}),
  ...objects(
    "apiVersion: v1\nkind: Service\nmetadata: { name: api }\nspec: { selector: { app: api }, clusterIP: 10.0.0.9, ports: [{ port: 80 }] }",
  ),
];
const policy = (spec: string, name = "closed"): KubeObject[] =>
  objects(`apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name} }\nspec: ${spec}`);
const scene = (pod: "web" | "api", text: string, more: readonly KubeObject[] = []): Partial<Evidence> => ({
  objects: [...around, ...more],
  logs: [{ namespace: "shop", pod: `${pod}-7d9c5b8f6-bx2z4`, run: "current", text }],
});
const late = "ERROR dial tcp api:80: i/o timeout";

test.each([
  ["selects the workload", "{ podSelector: { matchLabels: { app: api } }, policyTypes: [Ingress] }"],
  ["selects every pod by an empty selector", "{ podSelector: {}, policyTypes: [Ingress] }"],
  ["says no types", "{ podSelector: {} }"],
])("a policy without rules that %s: callers time out", (_, spec) => {
  expect(answers(networkPolicyIsolates, scene("web", late, policy(spec)))).toEqual(["NetworkPolicyIsolates NetworkPolicy closed → person"]);
});

test("nothing may go out: the workload's own calls time out", () => {
  const parts = scene("web", late, policy("{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress] }"));
  expect(answers(networkPolicyIsolates, parts)).toEqual(["NetworkPolicyIsolates NetworkPolicy closed → person"]);
});

test.each([
  ["another policy lets callers in", [...policy("{ podSelector: {} }"), ...policy("{ podSelector: {}, ingress: [{}] }", "open")]],
  ["it selects others", policy("{ podSelector: { matchLabels: { app: other } } }")],
  ["it is about what goes out", policy("{ podSelector: { matchLabels: { app: api } }, policyTypes: [Egress] }")],
])("%s: no finding", (_, policies) => {
  expect(answers(networkPolicyIsolates, scene("web", late, policies))).toEqual([]);
});

test("no caller complains, or a connection was opened: the policy has no effect on callers", () => {
  const closed = policy("{ podSelector: {}, policyTypes: [Ingress] }");
  expect(answers(networkPolicyIsolates, scene("web", "all is well", closed))).toEqual([]);
  const connections = [{ namespace: "shop", service: "api", port: 80, result: "open", text: "open" } as const];
  expect(answers(networkPolicyIsolates, { ...scene("web", late, closed), connections })).toEqual([]);
});

test.each([
  'Get "https://api:443/x": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2027-03-01T14:00:00Z is after 2027-02-28T00:00:00Z',
  "Error: certificate has expired { code: 'CERT_HAS_EXPIRED', host: 'api:443' }",
])("a certificate is refused for its dates: its owner, where the words name it", (text) => {
  expect(answers(certificateExpired, scene("web", text))).toEqual(["CertificateExpired Service api → person"]);
});

test("a certificate of an authority that is not known is another fault, and one of last week is over", () => {
  expect(answers(certificateExpired, scene("web", "x509: certificate signed by unknown authority"))).toEqual([]);
  expect(answers(certificateExpired, scene("web", "2027-02-22T10:00:00Z x509: certificate has expired"))).toEqual([]);
});

const dns = deployment("dns", { ports: [{ containerPort: 53, protocol: "UDP" }] });
const dnsService = objects(
  "apiVersion: v1\nkind: Service\nmetadata: { name: dns }\nspec: { selector: { app: dns }, clusterIP: 10.0.0.10, ports: [{ port: 53, protocol: UDP }] }",
);
const mute = "dial tcp: lookup api on 10.0.0.10:53: read udp 10.0.0.7:1->10.0.0.10:53: i/o timeout";

test("no pod of the cluster's DNS is ready, and lookups get no answer", () => {
  const parts = scene("web", mute, [dns, ...dnsService, ...podsOf(dns, failing())]);
  expect(answers(clusterDnsDown, parts)).toEqual(["ClusterDnsDown Deployment dns → person"]);
});

test("one workload gets no answer from a DNS that is ready: not the cluster's fault", () => {
  expect(answers(clusterDnsDown, scene("web", mute, [dns, ...dnsService, ...podsOf(dns, {})]))).toEqual([]);
});

test("a name that does not exist was answered", () => {
  const parts = scene("web", "lookup apii on 10.0.0.10:53: no such host", [dns, ...dnsService, ...podsOf(dns, failing())]);
  expect(answers(clusterDnsDown, parts)).toEqual([]);
});
