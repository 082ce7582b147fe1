import { expect, test } from "vitest";
import { asAscii, isAsciiOnly } from "#cli/render/ascii.ts";
import { runKintsugi } from "#test/cli-harness.ts";

test.each([
  [{ LC_ALL: "C" }, true],
  [{ LC_ALL: "C.UTF-8", LANG: "C" }, false],
  [{ LANG: "POSIX" }, true],
  [{}, false],
])("%j", (env, isAscii) => expect(isAsciiOnly(env)).toBe(isAscii));

test("marks become ASCII, and the output under LC_ALL=C has nothing else", async () => {
  expect(asAscii("• a → b │ “c” ✓ ✗ …")).toBe('* a -> b | "c" + x ...');
  const ran = await runKintsugi(["actions", "rollback_deployment"], { objects: [] }, { env: { LC_ALL: "C" } });
  // eslint-disable-next-line no-control-regex
  expect(ran.stdout).toMatch(/^[\x00-\x7f]+$/);
  expect(ran.stdout).toContain("* works on: Deployment");
});
