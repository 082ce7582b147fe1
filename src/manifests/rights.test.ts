import { expect, test } from "vitest";
import { CONTROLLER_ACCOUNT } from "#api/labels.ts";
import { rights } from "#manifests/install.ts";

interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

test("of Secrets the controllers get their keys by name and create them, in their own namespace; nobody else has a right to any", () => {
  const granted = rights("kintsugi-system").flatMap(
    ({ kind, metadata, rules = [] }: { kind: string; metadata: { name: string }; rules?: readonly Rule[] }) =>
      rules
        .filter(({ resources }) => resources.includes("secrets") || resources.includes("*"))
        .map((rule) => ({ kind, account: metadata.name, ...rule })),
  );
  expect(granted.length).toBeGreaterThan(0);
  for (const { kind, account, verbs, resourceNames } of granted) {
    expect([kind, account]).toEqual(["Role", CONTROLLER_ACCOUNT]);
    if (verbs.includes("create")) expect(verbs).toEqual(["create"]);
    else {
      expect(verbs).toEqual(["get"]);
      expect(resourceNames?.every((name) => /^kintsugi-[a-z-]+-key$/.test(name))).toBe(true);
    }
  }
});
