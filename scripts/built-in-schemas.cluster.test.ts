import { readFileSync } from "node:fs";
import { expect, inject, test } from "vitest";
import { openCluster } from "#test/cluster.ts";
import { builtInSchemas, schemaPaths } from "./built-in-schemas.ts";

test("the schemas of the embedded cluster are those of the real API server", async () => {
  const { admin, close } = await openCluster(inject("controlPlane"));
  const documents = await Promise.all(schemaPaths.map((path) => admin.request("GET", path)));
  close();
  expect(builtInSchemas(documents)).toBe(readFileSync("clusters/embedded/built-in-schemas.json", "utf8"));
});
