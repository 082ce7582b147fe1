// Redaction: what must never get through, what must not be lost, and how long it may take at most.
import { Buffer } from "node:buffer";

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { redact, redactValue } from "#lib/redact.ts";

// Put together here, so that no scanner takes this file for a leak.
const jwt = ["eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ", "eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQifQ", "c2lnbmF0dXJlc2lnbmF0dXJl"].join(".");
const awsKey = `AKIAIOSFODNN7EXAMPLE`;
const githubToken = `ghp_${"a1B2c3D4e5".repeat(4)}`;
const pem = `-----BEGIN RSA PRIVATE KEY-----\n${"MIIEowIBAAKCAQEA0Z3VS5JJ".repeat(20)}\n-----END RSA PRIVATE KEY-----`;

describe("a secret in a text is taken out", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["a JSON Web Token", `token ${jwt} expired`, jwt],
    [
      "a token as a Secret's data has it",
      `token: ${Buffer.from(jwt).toString("base64")}`,
      Buffer.from(jwt).toString("base64").slice(0, 40),
    ],
    ["a bearer header", "Authorization: Bearer abcdef0123456789", "abcdef0123456789"],
    ["a basic header in JSON", '{"authorization":"Basic dXNlcjpodW50ZXIy"}', "dXNlcjpodW50ZXIy"],
    ["a bearer alone", "curl -H 'bearer abcdef0123456789'", "abcdef0123456789"],
    ["a password in an address", "cannot reach postgres://app:hunter2@db:5432/shop", "hunter2"],
    ["a password with an at sign's neighbours in an address", "amqp://u:p4ss!word$@mq/", "p4ss!word$"],
    ["a password without a user", "redis://:hunter2@cache:6379", "hunter2"],
    ["an AWS access key", `using ${awsKey} now`, awsKey],
    ["an AWS secret", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"],
    ["a GitHub token", `remote ${githubToken}`, githubToken],
    ["a private key", `key:\n${pem}\ndone`, "MIIEowIBAAKCAQEA"],
    ["a private key that was cut off", pem.slice(0, 300), "MIIEowIBAAKCAQEA"],
    ["a private key in JSON", JSON.stringify({ key: pem }), "MIIEowIBAAKCAQEA"],
    ["a variable of a secret's name", "DB_PASSWORD=hunter2 started", "hunter2"],
    ["a variable in quotes", 'export API_KEY="hunter 2"', "hunter 2"],
    ["a member of JSON", '{"clientSecret": "hunter2", "user": "ann"}', "hunter2"],
    ["a member of JSON with an escaped quote", '{"password":"hun\\"ter2"}', "ter2"],
    ["a member of JSON inside of JSON", JSON.stringify({ body: JSON.stringify({ password: "hunter2", user: "ann" }) }), "hunter2"],
    ["a member three levels deep", JSON.stringify(JSON.stringify(JSON.stringify({ api_key: "hunter2" }))), "hunter2"],
    ["a line of YAML", "password: hunter2", "hunter2"],
    ["a flag", "mysqld --root-password hunter2 --port 1", "hunter2"],
    ["a flag with an equals sign", "--db-password=hunter2", "hunter2"],
    ["a query parameter", "GET /login?user=ann&token=hunter2&x=1", "hunter2"],
    ["a Slack webhook", "posting to https://hooks.slack.com/services/T0/B0/xyzzy", "xyzzy"],
    ["a webhook's address", "WEBHOOK_URL=https://example.com/hook/xyzzy", "xyzzy"],
    ["a cookie", "Cookie: session=abcdef; theme=dark", "abcdef"],
    ["a bootstrap token", "kubeadm join --token abcdef.0123456789abcdef", "0123456789abcdef"],
  ];
  test.for(cases)("%s", ([, text, secret]) => {
    expect(text).toContain(secret);
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain("[redacted]");
  });
});

test.for([
  "Deployment shop/web has 2 of 3 replicas ready",
  'container "web" in pod "web-7d9c5b6f4-x2x1z" is waiting to start: CrashLoopBackOff',
  'secret "db-credentials" not found',
  "Error: secret db-credentials has no key password",
  "the token has expired",
  "GET https://10.96.0.1:443/api/v1/namespaces/shop/pods?limit=500",
  "image registry.example.com:5000/shop/web@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
  "secretName: db-credentials",
  '{"secretKeyRef":{"name":"db","key":"password"}}',
  "tokenExpirationSeconds: 3600",
  "input_tokens=1200",
  "mountPath: /var/run/secrets/kubernetes.io/serviceaccount",
])("what is no secret stays as it is: %s", (text) => {
  expect(redact(text)).toBe(text);
});

test("around the secret nothing is lost", () => {
  expect(redact("postgres://app:hunter2@db:5432/shop failed for PASSWORD=x after 3 tries")).toBe(
    "postgres://app:[redacted]@db:5432/shop failed for PASSWORD=[redacted] after 3 tries",
  );
});

test("redacting twice changes nothing more", () => {
  const pieces = [
    "password",
    "=",
    ": ",
    " ",
    '"',
    "'",
    "token",
    "hunter2",
    "Authorization: ",
    "Bearer ",
    "://",
    "u:",
    "@",
    "--api-key ",
    "\n",
    "Cookie: ",
    jwt,
    "[redacted]",
    "}",
  ];
  const text = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 5 }))).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (before) => {
      expect(redact(redact(before))).toBe(redact(before));
    }),
    { numRuns: 500 },
  );
});

test("a hostile text of a megabyte ends, because no pattern can go back beyond a constant", () => {
  const pieces = ["password", "eyJ", "a.", "-----BEGIN ", "://", "secret_", "=", "\\", '"', "bearer ", "x:", "-", "token: '"];
  for (const piece of pieces) expect(redact(piece.repeat(Math.ceil(200_000 / piece.length))).length).toBeGreaterThan(0);
  expect(redact("a".repeat(3_000_000)).length).toBeLessThan(1_100_000);
}, 60_000);

describe("a value", () => {
  test("has its texts redacted and its secret fields emptied, whatever they hold", () => {
    const value = {
      user: "ann",
      password: "hunter2",
      nested: [{ apiKey: { a: 1 }, note: "PASSWORD=x" }],
      secretName: "db",
      tokens: 12,
      at: new Date(0),
    };
    expect(redactValue(value)).toEqual({
      user: "ann",
      password: "[redacted]",
      nested: [{ apiKey: "[redacted]", note: "PASSWORD=[redacted]" }],
      secretName: "db",
      tokens: 12,
      at: "1970-01-01T00:00:00.000Z",
    });
  });

  test("that is an error is told with its cause", () => {
    const error = new Error("cannot log in with password=hunter2", { cause: new Error("token=abc") });
    const told = redactValue(error) as { message: string; stack: string; cause: { message: string } };
    expect([told.message, told.cause.message]).toEqual(["cannot log in with password=[redacted]", "token=[redacted]"]);
    expect(told.stack).not.toContain("hunter2");
  });

  test("is bounded in depth and length, also where it contains itself", () => {
    const circle: Record<string, unknown> = { name: "circle", map: new Map([["a", 1]]), big: 10n };
    circle["self"] = circle;
    expect(JSON.stringify(redactValue(circle))).toContain("[deeper]");
    expect(redactValue(Array.from({ length: 1_000 }, () => 1))).toHaveLength(200);
  });
});
