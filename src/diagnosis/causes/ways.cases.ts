// Three cases for each cause between programs that run: Services, addresses, names, policies and certificates.
import type { KubeObject } from "#api/object.ts";
import type { Evidence, PodLog } from "#evidence/evidence.ts";
import { containerStatus, crashed, deployment, failing, type PodSketch, warning } from "#test/evidence-sketch.ts";
import { one, says, service, type CasesByCode, withPod } from "#test/three-cases/three-cases.ts";

const api = deployment("api", { ports: [{ containerPort: 7070, name: "main" }] });
const calling = (address: string): KubeObject => deployment("web", { env: [{ name: "API_ADDR", value: address }] });
/** A caller, a program, and what is between them. */
const between = (spec: string, more: Partial<Evidence> & { readonly address?: string } = {}): Partial<Evidence> => {
  const { address = "api:70", objects = [], ...rest } = more;
  return { objects: [...withPod(api), ...withPod(calling(address)), service("api", spec), ...objects], ...rest };
};
const right = "selector: { app: api }, ports: [{ port: 70, targetPort: 7070 }]";
const attempts = (result: "open" | "failed") => ({ connections: [{ namespace: "shop", service: "api", port: 70, result, text: result }] });
const failed = attempts("failed");
const open = attempts("open");
const policy = (spec: string, name = "closed"): KubeObject =>
  one(`{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: ${name} }, spec: ${spec} }`);
const late = [says("web", "ERROR dial tcp api:70: i/o timeout")];
const world = [
  one("{ apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: { name: nginx } }"),
  service("web", "ports: [{ port: 80 }]"),
];
const ingress = (name: string): KubeObject =>
  one(
    `{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: { name: web }, spec: { rules: [{ http: { paths: [{ path: /, backend: { service: { name: ${name}, port: { number: 80 } } } }] } }] } }`,
  );

const names = ["orders", "payments", "users", "carts"];
const gateway = deployment("gateway", {}, { pod: { volumes: [{ name: "table", configMap: { name: "table" } }] } });
const routes = (orders: string): Partial<Evidence> => ({
  objects: [
    ...names.flatMap((name) => [...withPod(deployment(name)), service(`${name}-svc`, `selector: { app: ${name} }, ports: [{ port: 80 }]`)]),
    ...withPod(gateway),
    {
      ...one("{ apiVersion: v1, kind: ConfigMap, metadata: { name: table } }"),
      data: {
        file: names.map((name) => `location /${name} {\n proxy_pass http://${name === "orders" ? orders : name}-svc:80;\n}\n`).join(""),
      },
    } as KubeObject,
  ],
});

const own = { dnsPolicy: "None", dnsConfig: { nameservers: ["192.0.2.53"] } };
const lookingUp = (pod: object, line: string): Partial<Evidence> => ({
  objects: withPod(deployment("web", {}, { pod }), failing(crashed("web", 1))),
  logs: [says("web", line, "previous")],
});
const elsewhere = "dial tcp: lookup db.shop.svc on 192.0.2.53:53: read udp 10.0.0.7:4242->192.0.2.53:53: i/o timeout";
const dns = deployment("dns", { ports: [{ containerPort: 53, protocol: "UDP" }] });
const mute = [says("web", "dial tcp: lookup api on 10.2.0.10:53: read udp 10.0.0.7:1->10.2.0.10:53: i/o timeout")];
const resolving = (pod: PodSketch): Partial<Evidence> => ({
  objects: [
    ...withPod(deployment("web")),
    ...withPod(dns, pod),
    one(
      "{ apiVersion: v1, kind: Service, metadata: { name: dns }, spec: { selector: { app: dns }, clusterIP: 10.2.0.10, ports: [{ port: 53, protocol: UDP }] } }",
    ),
  ],
  logs: mute,
});
const down = failing(containerStatus("api", { running: { startedAt: "2027-03-01T13:00:30Z" } }));
const depending = (pod: PodSketch): Partial<Evidence> => ({
  objects: [...withPod(calling("api:70"), failing(crashed("web", 1))), ...withPod(api, pod), service("api", right)],
  logs: [says("web", "dial tcp 10.2.0.9:70: connect: connection refused", "previous")],
});
const expired = (at: string): PodLog[] => [
  says("web", `${at} Get "https://api:70/x": tls: x509: certificate has expired or is not yet valid`),
];
const lookedUp = (host: string): PodLog => says("web", `GET http://${host}:8080/rates failed: getaddrinfo ENOTFOUND ${host}`, "previous");
const atZero = deployment("api", {}, { spec: { replicas: 0 } });
const scaled = (lastAt: string): Partial<Evidence> => ({
  objects: [atZero, service("api")],
  events: [warning(atZero, "ScalingReplicaSet", "Scaled down replica set api-7d9c5b8f6 to 0 from 3", { type: "Normal", lastAt })],
});

export const cases: CasesByCode = {
  ServiceSelectorMatchesNothing: {
    holds: between("selector: { application: api }, ports: [{ port: 70, targetPort: 7070 }]", failed),
    neighbour: "ServicePortWrong",
    contradicted: between(right, failed),
  },
  ServicePortWrong: {
    holds: between("selector: { app: api }, ports: [{ port: 70, targetPort: 7071 }]", failed),
    neighbour: "ServiceProtocolWrong",
    contradicted: between("selector: { app: api }, ports: [{ port: 70, targetPort: 7071 }]", open),
  },
  ServiceProtocolWrong: {
    holds: between("selector: { app: api }, ports: [{ port: 70, targetPort: 7070, protocol: UDP }]", failed),
    neighbour: "ServicePortWrong",
    contradicted: between(
      "selector: { app: api }, ports: [{ name: a, port: 70, targetPort: 7070 }, { name: b, port: 70, targetPort: 7070, protocol: UDP }]",
    ),
  },
  EnvAddressWrong: {
    holds: between(right, { address: "apii:70", logs: [says("web", "unable to connect to apii:70")] }),
    neighbour: "ServicePortWrong",
    contradicted: between(right, { logs: [says("web", "unable to connect to apii:70")] }),
  },
  IngressBroken: {
    holds: { objects: [...world, ...withPod(deployment("web")), ingress("webb")] },
    neighbour: "ServicePortWrong",
    contradicted: { objects: [...world, ...withPod(deployment("web")), ingress("web")] },
  },
  GatewayMisroutes: { holds: routes("users"), neighbour: "ServiceSelectorMatchesNothing", contradicted: routes("orders") },
  NetworkPolicyIsolates: {
    holds: between(right, { objects: [policy("{ podSelector: { matchLabels: { app: api } }, policyTypes: [Ingress] }")], logs: late }),
    neighbour: "DependencyDown",
    contradicted: between(right, {
      objects: [policy("{ podSelector: {} }"), policy("{ podSelector: {}, ingress: [{}] }", "open")],
      logs: late,
    }),
  },
  CertificateExpired: {
    holds: between(right, { logs: expired("2027-03-01T13:59:00Z") }),
    neighbour: "NetworkPolicyIsolates",
    contradicted: between(right, { logs: expired("2027-02-22T10:00:00Z") }),
  },
  NameResolutionFails: {
    holds: lookingUp(own, elsewhere),
    neighbour: "ClusterDnsDown",
    contradicted: lookingUp({}, "dial tcp: lookup db.shop.svc on 10.2.0.10:53: no such host"),
  },
  CalledServiceMissing: {
    holds: { objects: [...withPod(deployment("web"), failing(crashed("web", 1))), service("rates-v2")], logs: [lookedUp("rates-v1")] },
    neighbour: "EnvAddressWrong",
    contradicted: {
      objects: [...withPod(deployment("web"), failing(crashed("web", 1))), service("rates-v1")],
      logs: [lookedUp("rates-v1")],
    },
  },
  ClusterDnsDown: { holds: resolving(failing()), neighbour: "NameResolutionFails", contradicted: resolving({}) },
  DependencyDown: { holds: depending(down), neighbour: "ReplicasZero", contradicted: depending({}) },
  ReplicasZero: { holds: scaled("2027-03-01T13:55:00Z"), neighbour: "DependencyDown", contradicted: scaled("2027-02-20T13:55:00Z") },
};
