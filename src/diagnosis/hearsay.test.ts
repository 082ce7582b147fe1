// What only a log, or another namespace, says of an object is no ground to change it; what its own objects prove is.
import { expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { networkPolicyIsolates } from "#diagnosis/causes/network-policy-isolates.ts";
import { replicasZero } from "#diagnosis/causes/replicas-zero.ts";
import { servicePortWrong } from "#diagnosis/causes/service-misrouted.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { evidence, objects, podsOf, warning } from "#test/evidence-sketch.ts";

const workload = (namespace: string, name: string, replicas = 1, env = "[]"): KubeObject =>
  objects(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: main, image: "${name}:1", ports: [{ containerPort: 8080 }], env: ${env} }] }`)[0] as KubeObject;
const service = (targetPort: number): readonly KubeObject[] =>
  objects(`
apiVersion: v1
kind: Service
metadata: { name: api }
spec: { selector: { app: api }, clusterIP: 10.0.0.9, ports: [{ port: 80, targetPort: ${targetPort} }] }`);
const closed = objects("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: closed }\nspec: { podSelector: {} }");

const line = "Error: dial tcp api.shop.svc:80: connection refused: i/o timeout";
/** A pod of that namespace prints the line; where it has the address in its configuration, too, it is a caller. */
const tenant = (namespace: string, env = "[]"): Partial<Evidence> & { readonly objects: readonly KubeObject[] } => {
  const caller = workload(namespace, "caller", 1, env);
  const pods = podsOf(caller, {});
  return { objects: [caller, ...pods], logs: [{ namespace, pod: pods.at(-1)?.metadata.name ?? "", run: "current", text: line }] };
};
const hearsayOf = (cause: Cause, parts: Partial<Evidence>, of: { readonly objects: readonly KubeObject[] }): string | undefined => {
  const given = evidence({ ...of, ...parts, objects: [...of.objects, ...(parts.objects ?? [])] });
  const found = cause.find(createView(given)).flatMap((each) => ("found" in each ? [each.found] : []));
  expect(found.map(({ code }) => code)).toEqual([cause.code]);
  return found[0]?.hearsay;
};

const api = workload("shop", "api");
const resting = workload("shop", "api", 0);
const address = '[{ name: API_URL, value: "http://api.shop.svc:80" }]';
const failed = [{ namespace: "shop", service: "api", port: 80, result: "failed", text: "failed" }] as const;
const alert = (namespace: string) => ({
  name: "Down",
  fingerprint: "a",
  severity: "warning" as const,
  startsAt: "2027-03-01T13:50:00Z",
  source: "prometheus" as const,
  labels: { namespace, service: "api" },
  annotations: {},
});
const scaledDown = warning(resting, "ScalingReplicaSet", "Scaled down replica set api-1 to 0 from 3", {
  type: "Normal",
  lastAt: "2027-03-01T13:55:00Z",
});
const wrongPort = { objects: [api, ...podsOf(api, {}), ...service(9999)] };
const isolated = { objects: [api, ...podsOf(api, {}), ...service(8080), ...closed] };
const atRest = { objects: [resting, ...service(8080)] };

test.each<[string, Cause, Partial<Evidence>, ReturnType<typeof tenant>]>([
  ["a target port, by a log of another namespace", servicePortWrong, wrongPort, tenant("evil")],
  ["a target port, by another namespace that has the address in its configuration", servicePortWrong, wrongPort, tenant("evil", address)],
  ["a NetworkPolicy, by a log of another namespace", networkPolicyIsolates, isolated, tenant("evil", address)],
  ["a workload at rest, by a log of another namespace", replicasZero, atRest, tenant("evil")],
  ["a workload at rest, by another namespace that has the address in its configuration", replicasZero, atRest, tenant("evil", address)],
  ["a workload at rest, by a log of its own namespace alone", replicasZero, atRest, tenant("shop")],
  ["a workload at rest, by the alert of another namespace", replicasZero, { ...atRest, alerts: [alert("evil")] }, tenant("evil")],
])("%s, is not faulty enough to be changed", (_name, cause, parts, of) => expect(hearsayOf(cause, parts, of)).toMatch(/^only logs/));

test.each<[string, Cause, Partial<Evidence>, ReturnType<typeof tenant>]>([
  ["a target port, by a caller of its own namespace", servicePortWrong, wrongPort, tenant("shop")],
  ["a target port, by connections that were tried", servicePortWrong, { ...wrongPort, connections: failed }, tenant("evil")],
  ["a NetworkPolicy, by a caller of its own namespace", networkPolicyIsolates, isolated, tenant("shop")],
  ["a workload at rest, by when it was scaled down", replicasZero, { ...atRest, events: [scaledDown] }, tenant("evil")],
  ["a workload at rest, by connections that were tried", replicasZero, { ...atRest, connections: failed }, tenant("evil")],
  ["a workload at rest, by an alert of its own namespace", replicasZero, { ...atRest, alerts: [alert("shop")] }, tenant("evil")],
  ["a workload at rest, by a caller of its own namespace", replicasZero, atRest, tenant("shop", address)],
])("%s, may be changed", (_name, cause, parts, of) => expect(hearsayOf(cause, parts, of)).toBeUndefined());
