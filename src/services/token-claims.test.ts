import * as fc from "fast-check";
import { expect, test } from "vitest";
import { faultOfToken, issuerOf } from "#services/token-claims.ts";
import { senderToken, testIssuer } from "#test/sender-tokens.ts";

const nowMs = Date.UTC(2030, 0, 1);
const expected = { audience: "kintsugi", issuer: testIssuer, nowMs };
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

test.each<[string, string, string | undefined]>([
  ["for Kintsugi", senderToken("a"), undefined],
  ["for Kintsugi and others", senderToken("a", { aud: ["vault", "kintsugi"] }), undefined],
  ["for Kintsugi, as a text", senderToken("a", { aud: "kintsugi" }), undefined],
  ["for the API server", senderToken("a", { aud: [testIssuer] }), "it is not for the audience kintsugi"],
  ["of another cluster", senderToken("a", { iss: "https://elsewhere" }), "another cluster issued it"],
  ["that ended two minutes ago", senderToken("a", { exp: nowMs / 1000 - 120 }), "it has expired"],
  ["that ended just now, by our clock", senderToken("a", { exp: nowMs / 1000 - 30 }), undefined],
  ["that is a password", "hunter2", "it is not a JSON Web Token"],
  ["of two parts", `${part({})}.${part({ aud: "kintsugi" })}`, "it is not a JSON Web Token"],
  ["of which the claims are no JSON", "a.b.c", "it is not a JSON Web Token"],
  ["of which the claims are a list", `a.${part([])}.c`, "it is not a JSON Web Token"],
  ["of which the audience is a number", `a.${part({ iss: testIssuer, aud: 1, exp: 1 })}.c`, "it is not a JSON Web Token"],
])("a token %s", (_, token, fault) => {
  expect(faultOfToken(token, expected)).toBe(fault);
});

test("where our own issuer is not known, every issuer's token is asked about", () => {
  expect(faultOfToken(senderToken("a", { iss: "https://elsewhere" }), { ...expected, issuer: undefined })).toBe(undefined);
  expect(issuerOf(senderToken("a"))).toBe(testIssuer);
  expect([issuerOf(undefined), issuerOf("hunter2")]).toEqual([undefined, undefined]);
});

test("no text makes it fail, and none that is not a token for Kintsugi passes", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.tuple(fc.string(), fc.json(), fc.string())), (made) => {
      const token = typeof made === "string" ? made : `${made[0]}.${Buffer.from(made[1]).toString("base64url")}.${made[2]}`;
      expect(faultOfToken(token, expected)).toBeDefined();
    }),
  );
});
