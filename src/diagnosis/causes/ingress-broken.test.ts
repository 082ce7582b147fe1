import { expect, test } from "vitest";
import { ingressBroken } from "#diagnosis/causes/ingress-broken.ts";
import { createView } from "#diagnosis/view.ts";
import { answers, evidence, objects } from "#test/evidence-sketch.ts";

const world = objects(`
{ apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: { name: nginx } }
---
{ apiVersion: v1, kind: Service, metadata: { name: web }, spec: { ports: [{ name: http, port: 80 }] } }
---
{ apiVersion: v1, kind: Secret, metadata: { name: web-tls } }
`);
const ingress = (spec: string): ReturnType<typeof objects>[0] =>
  objects(`{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: { name: web }, spec: ${spec} }`)[0]!;
const rules = (service: string): string => `[{ http: { paths: [{ path: /, backend: { service: ${service} } }] } }]`;

test.each([
  ["a Service of another name", `{ rules: ${rules("{ name: webb, port: { number: 80 } }")} }`, "instead of Service webb, web exists"],
  ["a port the Service does not have", `{ rules: ${rules("{ name: web, port: { number: 8080 } }")} }`, "instead of port 8080, 80 exists"],
  [
    "a class that does not exist",
    `{ ingressClassName: ngnix, rules: ${rules("{ name: web, port: { name: http } }")} }`,
    "create the missing object",
  ],
  [
    "a TLS Secret that does not exist",
    `{ tls: [{ secretName: web-tsl }], rules: ${rules("{ name: web, port: { name: http } }")} }`,
    "instead of Secret web-tsl, web-tls exists",
  ],
])("%s is left to a person, with the nearest that exists", (_, spec, hint) => {
  const given = { objects: [...world, ingress(spec)] };
  expect(answers(ingressBroken, given)).toEqual(["IngressBroken Ingress web → person"]);
  expect(JSON.stringify(ingressBroken.find(createView(evidence(given))))).toContain(hint);
});

test("one that refers to what exists is well", () => {
  expect(
    answers(ingressBroken, {
      objects: [
        ...world,
        ingress(`{ ingressClassName: nginx, tls: [{ secretName: web-tls }], rules: ${rules("{ name: web, port: { name: http } }")} }`),
      ],
    }),
  ).toEqual([]);
});

test("a class given by annotation needs no IngressClass", () => {
  const old = objects(
    `{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: { name: web, annotations: { kubernetes.io/ingress.class: haproxy } }, spec: { rules: ${rules("{ name: web, port: { number: 80 } }")} } }`,
  );
  expect(answers(ingressBroken, { objects: [...world, ...old] })).toEqual([]);
});

test("where Secrets could not be listed, a TLS Secret is not known to be absent", () => {
  const read = [{ kind: "Service" }, { kind: "IngressClass" }];
  expect(answers(ingressBroken, { objects: [...world, ingress(`{ tls: [{ secretName: other }] }`)], read })).toEqual([]);
});
