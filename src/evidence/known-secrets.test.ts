import { describe, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { knownSecrets, withoutKnown } from "#evidence/known-secrets.ts";

const podOf = (container: object): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web" },
    spec: { containers: [{ name: "web", ...container }] },
  }) as unknown as KubeObject;

describe("a pod's secrets are known from", () => {
  const table: Record<string, [object, readonly string[]]> = {
    "variables with a secret's name": [{ env: [{ name: "DB_PASS", value: "swordfish" }] }, ["swordfish"]],
    "arguments after a secret's flag": [{ args: ["--token", "swordfish"] }, ["swordfish"]],
    "the password of an address": [{ env: [{ name: "URL", value: "postgres://app:p%40ssw0rd@db/app" }] }, ["p%40ssw0rd", "p@ssw0rd"]],
    "nothing else": [{ env: [{ name: "LEVEL", value: "swordfish" }, { name: "DB_PASSWORD" }] }, []],
    "no name of a program and no default": [
      {
        env: [
          { name: "DB_PASSWORD", value: "postgres" },
          { name: "PIN", value: "1" },
        ],
      },
      [],
    ],
  };
  test.each(Object.entries(table))("%s", (_, [container, secrets]) => expect(knownSecrets(podOf(container))).toEqual(secrets));
});

test("they are taken out of what the pod says, wherever they stand; short ones as whole words", () => {
  expect(withoutKnown("login swordfish-canary failed, x=swordfish-canaryx", ["swordfish-canary"])).toBe(
    "login [redacted] failed, x=[redacted]x",
  );
  expect(withoutKnown("tuna, tunas and tuna-fish", ["tuna"])).toBe("[redacted], tunas and [redacted]-fish");
});
