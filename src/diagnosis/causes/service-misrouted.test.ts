// Services that lead nowhere, and addresses that do: which of both is wrong.
import { describe, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import type { Deployment, Pod } from "#api/kubernetes.ts";
import { addressWrong } from "#diagnosis/causes/address-wrong.ts";
import { servicePortWrong, serviceProtocolWrong, serviceSelectorMatchesNothing } from "#diagnosis/causes/service-misrouted.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { evidence, objects, podsOf } from "#test/evidence-sketch.ts";

const causes = [addressWrong, servicePortWrong, serviceProtocolWrong, serviceSelectorMatchesNothing];
const foundIn = (given: Evidence): string[] =>
  causes.flatMap((cause) =>
    cause
      .find(createView(given))
      .flatMap((each) => ("found" in each ? [`${each.found.code} ${each.found.object.kind}/${each.found.object.name}`] : [])),
  );

const deployment = (name: string, port: number, env = "[]", labels = `{ app: ${name} }`): Deployment =>
  objects(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: 1
  selector: { matchLabels: ${labels} }
  template:
    metadata: { labels: ${labels} }
    spec: { containers: [{ name: main, image: "${name}:1", ports: [{ containerPort: ${port}, name: main }], env: ${env} }] }
`)[0] as Deployment;

const service = (spec: string, name = "api"): string =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { type: ClusterIP, clusterIP: 10.2.0.9, ${spec} }\n`;
const api = deployment("api", 7070);
const apiPods = podsOf(api, {});
const caller = (address = "api:70"): Deployment => deployment("web", 8080, `[{ name: API_ADDR, value: "${address}" }]`);

const scene = (yaml: string, more: Partial<Evidence> & { address?: string; log?: string } = {}): Evidence => {
  const { address, log, ...rest } = more;
  const web = caller(address);
  const pods = podsOf(web, {});
  const pod = pods.at(-1) as Pod;
  return evidence({
    objects: [api, ...apiPods, web, ...pods, ...(objects(yaml) as KubeObject[])],
    connections: [],
    logs: log === undefined ? [] : [{ namespace: "shop", pod: pod.metadata.name, container: "main", run: "current", text: log }],
    ...rest,
  });
};
const failed: Evidence["connections"] = [{ namespace: "shop", service: "api", port: 70, result: "failed", text: "Connection Failed" }];
const open: Evidence["connections"] = [{ namespace: "shop", service: "api", port: 70, result: "open", text: "open" }];

describe("a Service's selector", () => {
  test("with a value like none, on a Service with a name like none, is for no workload", () => {
    const yaml = service("selector: { app: kitchen }, ports: [{ port: 70, targetPort: 7070 }]", "cellar");
    expect(foundIn(scene(yaml, { connections: failed }))).toEqual([]);
  });

  test.each([
    ["another key", "selector: { application: api }, ports: [{ port: 70, targetPort: 7070 }]"],
    ["nearly the value", "selector: { app: ap_i }, ports: [{ port: 70, targetPort: 7070 }]"],
    ["a value like none, on a Service called as the program is", "selector: { app: kitchen }, ports: [{ port: 70, targetPort: 7070 }]"],
    ["one label too many", "selector: { app: api, stage: live }, ports: [{ port: 70, targetPort: main }]"],
  ])("with %s matches nothing: found, with the labels that exist", (_name, spec) => {
    const given = scene(service(spec), { connections: failed });
    expect(foundIn(given)).toEqual(["ServiceSelectorMatchesNothing Service/api"]);
    expect(serviceSelectorMatchesNothing.find(createView(given))[0]).toMatchObject({
      found: { advice: { remedies: [{ action: "fix_service", parameters: { selector: "app=api" } }] } },
    });
  });
  test("is not found where a workload has the labels and merely no pods", () => {
    const given = scene(service("selector: { app: api }, ports: [{ port: 70, targetPort: 7070 }]"));
    expect(foundIn({ ...given, objects: given.objects.filter((object) => !apiPods.includes(object)) })).toEqual([]);
  });
  test("is not found of a Service that is for no workload", () => {
    expect(foundIn(scene(service("selector: { app: other }, ports: [{ port: 1, targetPort: 1 }]", "left-over")))).toEqual([]);
  });
});

describe("a Service's port", () => {
  test("that no container has is found where connections fail", () => {
    expect(foundIn(scene(service("selector: { app: api }, ports: [{ port: 70, targetPort: 7071 }]"), { connections: failed }))).toEqual([
      "ServicePortWrong Service/api",
    ]);
    expect(
      foundIn(
        scene(service("selector: { app: api }, ports: [{ port: 70, targetPort: 7071 }]"), {
          log: "dial tcp 10.2.0.9:70: connect: connection refused",
        }),
      ),
    ).toEqual(["ServicePortWrong Service/api"]);
  });
  test("by a name that no container has is found at once", () => {
    expect(foundIn(scene(service("selector: { app: api }, ports: [{ port: 70, targetPort: rpc }]")))).toEqual([
      "ServicePortWrong Service/api",
    ]);
  });
  test("by a name that the endpoints have a port for exists, whatever the pods seem to declare", () => {
    const slice = `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: api-x, labels: { kubernetes.io/service-name: api } }
addressType: IPv4
endpoints: [{ addresses: [10.1.0.7], conditions: { ready: true } }]
`;
    const named = service("selector: { app: api }, ports: [{ port: 70, targetPort: rpc }]");
    expect(foundIn(scene(`${named}${slice}ports: [{ port: 7070 }]\n`))).toEqual([]);
    expect(foundIn(scene(`${named}${slice}ports: []\n`))).toEqual(["ServicePortWrong Service/api"]);
  });
  test("that is merely not declared is not found where connections succeed, or no caller complains", () => {
    expect(foundIn(scene(service("selector: { app: api }, ports: [{ port: 70, targetPort: 7071 }]"), { connections: open }))).toEqual([]);
    expect(foundIn(scene(service("selector: { app: api }, ports: [{ port: 70, targetPort: 7071 }]")))).toEqual([]);
  });
  test("in another protocol is another cause", () => {
    expect(
      foundIn(scene(service("selector: { app: api }, ports: [{ port: 70, targetPort: 7070, protocol: UDP }]"), { connections: failed })),
    ).toEqual(["ServiceProtocolWrong Service/api"]);
  });
  test("in both protocols is right", () => {
    expect(
      foundIn(
        scene(
          service(
            "selector: { app: api }, ports: [{ name: a, port: 70, targetPort: 7070 }, { name: b, port: 70, targetPort: 7070, protocol: UDP }]",
          ),
        ),
      ),
    ).toEqual([]);
  });
});

describe("an address in a variable", () => {
  const right = service("selector: { app: api }, ports: [{ port: 70, targetPort: 7070 }]");
  test("of a Service that does not exist is found of the caller", () => {
    expect(foundIn(scene(right, { address: "apii:70", log: "unable to connect to apii:70" }))).toEqual(["EnvAddressWrong Deployment/web"]);
  });
  test("with a port that the Service does not have is found of the caller", () => {
    expect(foundIn(scene(right, { address: "api:71", log: "dial tcp 10.2.0.9:71: connection refused" }))).toEqual([
      "EnvAddressWrong Deployment/web",
    ]);
  });
  test.each([
    "Error: getaddrinfo ENOTFOUND apii apii:70",
    "java.net.UnknownHostException: apii",
    "UNAVAILABLE: DNS resolution failed for apii:70",
    "dial tcp: lookup apii on 10.0.0.10:53: no such host",
  ])("is complained of in the words of any runtime: %s", (log) => {
    expect(foundIn(scene(right, { address: "apii:70", log }))).toEqual(["EnvAddressWrong Deployment/web"]);
  });
  test("that leads nowhere and that its log does not complain of is not found", () => {
    expect(foundIn(scene(right, { address: "apii:70", log: "all is well" }))).toEqual([]);
  });
  const alert: Evidence["alerts"][number] = {
    name: "HighErrorRate",
    fingerprint: "f",
    severity: "warning",
    startsAt: "2027-03-01T13:50:00Z",
    source: "prometheus",
    labels: { namespace: "shop" },
    annotations: {},
  };
  test("that is nearly right is found without a log if something fails, and one that resembles no Service is not", () => {
    expect(foundIn(scene(right, { address: "apii:70", alerts: [alert] }))).toEqual(["EnvAddressWrong Deployment/web"]);
    expect(foundIn(scene(right, { address: "api:71", alerts: [alert] }))).toEqual(["EnvAddressWrong Deployment/web"]);
    expect(foundIn(scene(right, { address: "assistant:70", alerts: [alert] }))).toEqual([]);
    const unready = { conditions: [{ type: "Ready", status: "False" as const }] };
    const web = caller("apii:70");
    const failing = evidence({ objects: [api, ...apiPods, web, ...podsOf(web, { status: unready }), ...objects(right)] });
    expect(foundIn(failing)).toEqual(["EnvAddressWrong Deployment/web"]);
  });
  test("that is nearly right is not found if nothing fails and no log was read", () => {
    expect(foundIn(scene(right, { address: "apii:70" }))).toEqual([]);
    expect(foundIn(scene(right, { address: "api:71" }))).toEqual([]);
    expect(foundIn(scene(right, { address: "apii:70", alerts: [{ ...alert, labels: { namespace: "billing" } }] }))).toEqual([]);
  });
  test.each([undefined, "connect ECONNREFUSED web-db:5432"])("is never corrected to the workload's own Service (log: %s)", (log) => {
    const own = service("selector: { app: web }, ports: [{ port: 8080 }]", "web");
    const given = scene(`${right}---\n${own}`, { address: "web-db:5432", alerts: [alert], ...(log === undefined ? {} : { log }) });
    const findings = addressWrong.find(createView(given)).flatMap((each) => ("found" in each ? [each.found] : []));
    expect(findings.map(({ code }) => code)).toEqual(log === undefined ? [] : ["EnvAddressWrong"]);
    expect(JSON.stringify(findings)).not.toMatch(/to web:|; web exists/);
  });
  test("is not found where others call the same port: then the Service is wrong", () => {
    const given = scene(right, { address: "api:71", log: "dial tcp 10.2.0.9:71: connection refused" });
    const other = deployment("mail", 25, '[{ name: API_ADDR, value: "api:71" }]');
    expect(foundIn({ ...given, objects: [...given.objects, other, ...podsOf(other, {})] })).toEqual([]);
  });
  test("is not found where the program lacks its Service, or no more may be made", () => {
    const gone = service("selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }]", "web");
    expect(foundIn(scene(gone, { log: "lookup api: no such host" }))).toEqual([]);
    const full = `---\napiVersion: v1\nkind: ResourceQuota\nmetadata: { name: q }\nspec: {}\nstatus: { hard: { services: "1" }, used: { services: "1" } }\n`;
    expect(foundIn(scene(right + full, { address: "mail:25", log: "lookup mail: no such host" }))).toEqual([]);
  });
  test("that leads where it should is not found, whatever the log says", () => {
    expect(foundIn(scene(right, { log: "api:70 timeout" }))).toEqual([]);
  });
});
