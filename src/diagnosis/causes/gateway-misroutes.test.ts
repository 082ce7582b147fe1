// A route that leads elsewhere than the rest of its table; against tables in order, deliberate detours and tables without a reader.
import { describe, expect, test } from "vitest";
import { gatewayMisroutes } from "#diagnosis/causes/gateway-misroutes.ts";
import type { KubeObject } from "#api/object.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { answers, deployment, objects, podsOf } from "#test/evidence-sketch.ts";

const names = ["orders", "payments", "users", "carts", "mails"];
const services = names.flatMap((name) =>
  objects(`
apiVersion: v1
kind: Service
metadata: { name: ${name}-svc }
spec: { selector: { app: ${name} }, ports: [{ port: 80 }] }`),
);
const workloads = names.map((name) => deployment(name));
const gateway = deployment("gateway", {}, { pod: { volumes: [{ name: "table", configMap: { name: "table" } }] } });
const around: KubeObject[] = [...services, ...workloads, ...workloads.flatMap((each) => podsOf(each, {})), gateway, ...podsOf(gateway, {})];

const spring = (hosts: Readonly<Record<string, string>>): string =>
  Object.entries(hosts)
    .map(
      ([name, host]) =>
        `        - id: ${name}\n          uri: lb://${host}\n          predicates:\n            - Path=/api/v1/${name}/**\n`,
    )
    .join("");
const nginx = (hosts: Readonly<Record<string, string>>): string =>
  Object.entries(hosts)
    .map(([name, host]) => `  location /${name} {\n    proxy_pass http://${host}:80;\n  }\n`)
    .join("");
const right = { orders: "orders-svc", payments: "payments-svc", users: "users-svc", carts: "carts-svc" };
const wrong = { ...right, orders: "users-svc" };
const scene = (text: string, more: Partial<Evidence> = {}): Partial<Evidence> => ({
  objects: [
    ...around,
    ...objects("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: table }").map(
      (each) => ({ ...each, data: { file: text } }) as KubeObject,
    ),
  ],
  ...more,
});

test.each([
  ["Spring Cloud Gateway", spring],
  ["nginx", nginx],
])("%s: one route of the table leads elsewhere, and none to the service it is called after", (_, written) => {
  expect(answers(gatewayMisroutes, scene(written(wrong)))).toEqual(["GatewayMisroutes ConfigMap table → person"]);
  expect(answers(gatewayMisroutes, scene(written(right)))).toEqual([]);
});

describe("where Services are called otherwise than paths", () => {
  const otherwise = { orders: "kiwi", payments: "plum", users: "pear", carts: "fig", mails: "lime" };
  const programOf = ([name, other]: readonly [string, string], silent: string | undefined): KubeObject[] => {
    const prefix = name.toUpperCase();
    const program = deployment(other, other === silent ? {} : { env: [{ name: `${prefix}_DB_HOST` }, { name: `${prefix}_DB_PORT` }] });
    return [
      program,
      ...podsOf(program, {}),
      ...objects(
        `{ apiVersion: v1, kind: Service, metadata: { name: ${other} }, spec: { selector: { app: ${other} }, ports: [{ port: 80 }] } }`,
      ),
    ];
  };
  const table = (hosts: Readonly<Record<string, string>>, silent?: string): Partial<Evidence> => ({
    objects: [
      ...Object.entries(otherwise).flatMap((pair) => programOf(pair, silent)),
      gateway,
      ...podsOf(gateway, {}),
      ...objects("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: table }").map(
        (each) => ({ ...each, data: { file: spring(hosts) } }) as KubeObject,
      ),
    ],
  });
  const { mails: _unrouted, ...kept } = otherwise;

  test("the program behind a Service says by its variables which path is its own", () => {
    expect(answers(gatewayMisroutes, table({ ...kept, orders: "pear" }))).toEqual(["GatewayMisroutes ConfigMap table → person"]);
    expect(answers(gatewayMisroutes, table(kept))).toEqual([]);
  });

  test("so does the variable that may replace a host, where all others are called as their route is", () => {
    const variables = (name: string): string => `\${${name.toUpperCase()}_HOST:${otherwise[name as keyof typeof otherwise]}}`;
    const written = Object.fromEntries(Object.keys(kept).map((name) => [name, variables(name)]));
    expect(answers(gatewayMisroutes, table({ ...written, orders: variables("users") }))).toEqual([
      "GatewayMisroutes ConfigMap table → person",
    ]);
    expect(answers(gatewayMisroutes, table(written))).toEqual([]);
  });

  test("a program that says nothing of itself is no proof that a path is its own", () => {
    expect(answers(gatewayMisroutes, table({ ...kept, orders: "pear" }, "kiwi"))).toEqual([]);
  });
});

const alerts = [
  {
    name: "RequestsFail",
    fingerprint: "a",
    severity: "warning",
    startsAt: "2027-03-01T13:50:00Z",
    source: "prometheus",
    labels: { service: "orders-svc", url: "/api/v1/orders/list" },
    annotations: { error: "404 Not Found" },
  } as const,
];

test("an alert names the path together with the service that it should reach: no habit is needed", () => {
  expect(answers(gatewayMisroutes, scene(spring({ orders: "users-svc" }), { alerts }))).toEqual([
    "GatewayMisroutes ConfigMap table → person",
  ]);
});

test("an alert of a caller about a route that leads where it is called is no sign", () => {
  const [alert] = alerts;
  const calling = [{ ...alert, labels: { ...alert?.labels, service: "mails-svc" } }] as unknown as NonNullable<Evidence["alerts"]>;
  expect(answers(gatewayMisroutes, scene(spring({ orders: "orders-svc" }), { alerts: calling }))).toEqual([]);
});

test("the service is reached by another route: a detour, not a mistake", () => {
  expect(answers(gatewayMisroutes, scene(spring({ ...wrong, "orders-v2": "orders-svc" })))).toEqual([]);
});

test("a table without a habit proves nothing by its words", () => {
  expect(answers(gatewayMisroutes, scene(spring({ orders: "users-svc", a: "payments-svc", b: "carts-svc", c: "mails-svc" })))).toEqual([]);
});

test("no workload reads the table", () => {
  const parts = scene(spring(wrong));
  expect(
    answers(gatewayMisroutes, { ...parts, objects: (parts.objects ?? []).filter(({ metadata }) => !metadata.name.startsWith("gateway")) }),
  ).toEqual([]);
});
