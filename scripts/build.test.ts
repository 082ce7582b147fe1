import { expect, test } from "vitest";
import { built } from "./build.ts";

const manifest = { imports: { "#lib/*": "./src/lib/*", "#kube/*": "./src/kube/*" } };

test("types go, and every import becomes a path that Node finds without package.json", () => {
  const source = [
    'import { a, type B } from "#lib/a.ts";',
    'import type { C } from "#lib/c.ts";',
    'const later = await import("#kube/d.ts");',
    'import manifest from "../../package.json" with { type: "json" };',
    'import { join } from "node:path";',
    "export const f = (b: B): C => a(b, later, manifest, join);",
  ].join("\n");
  const { code, needs } = built(manifest, "src/kube/x.ts", source);
  expect(needs).toEqual(["src/lib/a.ts", "src/kube/d.ts", "package.json"]);
  expect(code).toContain('from "../lib/a.js"');
  expect(code).toContain('import("./d.js")');
  expect(code).toContain('from "../../package.json" with');
  expect(code).not.toMatch(/type B|: C|#lib|#kube/);
});

test("an import that nobody knows is an error and not a broken package", () => {
  expect(() => built(manifest, "src/a.ts", 'import "#nowhere/b.ts";')).toThrow(/which package\.json does not name/);
});
