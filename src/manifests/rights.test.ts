import { expect, test } from "vitest";
import { ACTION_ACCOUNT_PREFIX, CONTROLLER_ACCOUNT } from "#api/labels.ts";
import { CHANGES_KEY } from "#cluster/sealed-changes.ts";
import { rights } from "#manifests/install.ts";

interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

test("of Secrets the controllers get their keys by name and create them, in their own namespace; actions get the key of the recorded changes", () => {
  const granted = rights("kintsugi-system").flatMap(
    ({ kind, metadata, rules = [] }: { kind: string; metadata: { name: string }; rules?: readonly Rule[] }) =>
      rules
        .filter(({ resources }) => resources.includes("secrets") || resources.includes("*"))
        .map((rule) => ({ kind, account: metadata.name, ...rule })),
  );
  expect(granted.length).toBeGreaterThan(0);
  for (const { kind, account, verbs, resourceNames } of granted) {
    expect(kind).toBe("Role");
    if (account.startsWith(ACTION_ACCOUNT_PREFIX)) {
      expect([verbs, resourceNames]).toEqual([["get"], [CHANGES_KEY]]);
      continue;
    }
    expect(account).toBe(CONTROLLER_ACCOUNT);
    if (verbs.includes("create")) expect(verbs).toEqual(["create"]);
    else {
      expect(verbs).toEqual(["get"]);
      expect(resourceNames?.every((name) => /^kintsugi-[a-z-]+-key$/.test(name))).toBe(true);
    }
  }
});
