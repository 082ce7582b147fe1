import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { routesIn } from "#diagnosis/routing-tables.ts";

const spring = (id: string, path: string, uri = "http://orders:8080"): string =>
  ["routes:", `- id: ${id}`, `  uri: ${uri}`, "  predicates:", `  - Path=${path}`].join("\n");

describe("a route of Spring Cloud Gateway", () => {
  test.each([
    ["/api/orders/**", ["/api/orders"]],
    ["/api/orders/*/items", ["/api/orders"]],
    ["/api/orders{id}", ["/api/orders"]],
    ["/api/orders*", ["/api/orders"]],
    ["/api/orders", ["/api/orders"]],
    ["/a/**, /b/{id}/c", ["/a", "/b/"]],
    ["/**", [""]],
  ])("path %s leads what begins with %j", (path, paths) => expect(routesIn(spring("orders", path))[0]?.paths).toEqual(paths));

  test.each([
    ["orders", "orders"],
    ['"orders"', "orders"],
    ["orders # the old ones", "orders"],
    ["orders#1", "orders#1"],
    ["  orders  ", "orders"],
  ])("id %j is %j", (id, name) => expect(routesIn(spring(id, "/a"))[0]?.name).toBe(name));
});

test("a path loses what the earlier expression removed", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "/", "*", "{", "}", "-"), minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(text, (path) => {
      expect(routesIn(spring("orders", `/${path}`))[0]?.paths).toEqual([`/${path}`.replace(/\/?\*+.*$|\{.*$/, "")]);
    }),
  );
});

test("a location of nginx ends at its bracket; one without an end takes its first lines", () => {
  const location = (path: string, host: string): string => [`location ${path} {`, `  proxy_pass http://${host};`, "}"].join("\n");
  expect(routesIn([location("/a", "one"), location("/b", "two")].join("\n")).map(({ host }) => host)).toEqual(["one", "two"]);
  expect(routesIn("location /a {\n  proxy_pass http://one;\n").map(({ host }) => host)).toEqual(["one"]);
});
