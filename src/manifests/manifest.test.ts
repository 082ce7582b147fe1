import { parseAllDocuments } from "yaml";
import { expect, test } from "vitest";
import { kinds } from "#api/kinds/registry.ts";
import { crdOf } from "#manifests/crd.ts";
import { toYaml } from "#manifests/manifest.ts";

test.each(["off", "on", "yes", "no", "y", "n", "~", "null", "017", "1_000", "1:30", "2030-01-01", "0x1f", "=", "<<"])(
  "the text %j is still a text for kubectl, which reads YAML 1.1",
  (text) => {
    const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { text } };
    expect(parseAllDocuments(toYaml([manifest]), { version: "1.1" }).map((document) => document.toJS() as unknown)).toEqual([manifest]);
  },
);

test("every definition reads the same for it", () => {
  const definitions = kinds.map(crdOf);
  const read = parseAllDocuments(toYaml(definitions), { version: "1.1" }).map((document) => document.toJS() as unknown);
  expect(read).toEqual(JSON.parse(JSON.stringify(definitions)));
});
