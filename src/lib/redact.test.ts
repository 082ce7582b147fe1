// Redaction: what must never get through, what must not be lost, and how long it may take at most.
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redact, redactValue } from "#lib/redact.ts";
import { encodedForms, knownForms, notations, secretNames, secretValues, shapedForms } from "#test/secret-forms.ts";

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

const canary = "Zq8Canary7Xk2Lm9P";

describe("a secret is found however it is written", () => {
  test.each(Object.entries({ ...knownForms, ...shapedForms }))("%s", (_, write) => {
    expect(write(canary).toLowerCase()).toContain(canary.toLowerCase());
    expect(redact(write(canary)).toLowerCase()).not.toContain(canary.toLowerCase());
  });

  test.each(Object.entries(encodedForms))("in base64: %s", (_, write) => {
    const { text, encoded } = write(canary);
    expect(text).toContain(encoded);
    expect(redact(text)).not.toContain(encoded);
  });

  test.each(Object.entries(notations))("whatever its name and value are: %s", (_, write) => {
    const leaks = secretNames.flatMap((name) =>
      secretValues.filter((value) => redact(write(name, value)).includes(value.slice(-8))).map((value) => write(name, value)),
    );
    expect(leaks).toEqual([]);
  });

  test("also in the middle of a long log, between ordinary lines", () => {
    const forms = Object.values(notations).map((write) => write("DB_PASSWORD", canary));
    const log = forms.flatMap((form) => ["2027-03-01T13:00:00Z INFO order 42 was created", form, "Error: cannot go on"]).join("\n");
    expect(redact(log)).not.toContain(canary);
    expect(redact(log).split("order 42 was created")).toHaveLength(forms.length + 1);
  });
});

const ordinary = readFileSync(join(import.meta.dirname, "redact/ordinary-messages.txt"), "utf8")
  .trim()
  .split("\n");

test("no word is lost of what Kubernetes, its runtimes and ordinary programs say", () => {
  expect(ordinary.length).toBeGreaterThan(400);
  expect(ordinary.filter((message) => redact(message) !== message)).toEqual([]);
  expect(redact(ordinary.join("\n"))).toBe(ordinary.join("\n"));
});

describe("the time it takes grows as the text does", () => {
  const cpu = (text: string): number => {
    const before = process.threadCpuUsage();
    redact(text);
    const { user, system } = process.threadCpuUsage(before);
    return user + system;
  };
  const pieces = [
    ...["password", "eyJ", "eyJ-", "eyJa.", "a.", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n"],
    ...["-----END PRIVATE KEY-----", "-----END PRIVATE KEY-----\n", "QUJD\n-----END PRIVATE KEY-----\n", "://", "a://b:c@", "a://b:", "@"],
    ...[
      "a:b@c:80",
      "secret_",
      "=",
      "\\",
      '"',
      "bearer ",
      "x:",
      "-",
      "token: '",
      'token="',
      'token=\\"',
      'token=\\\\\\"',
      "token:{",
      "token:{\n",
    ],
    ...["token: [", "password:\n ", "password: |\n", "<password>", "<password ", "--token ", '"--token",', 'name="DB_PASSWORD" '],
    ...["name: token\nvalue: ", '("token",', "[token] ", "token is ", "token for a: ", "token = a,", "token=a;b=", "Authorization: "],
    ...["authorization: x y,a=", "cookie: ", "$apr1$", "a:100:b:c:", "mysql -p", "curl -u a:b ", "IDENTIFIED BY '", "%22", "&quot;"],
    ...[
      "\\u0022",
      "Private-Lines: 99\n",
      ":AA",
      "123456789:AA",
      "ghp_",
      "sk-",
      "AKIA",
      "Zq8Canary7Xk2Lm9P/",
      "A1b2",
      "kind: Secret\ndata:\n",
    ],
    ...['{"kty":"', "\n", " ", "[redacted]", "[redacted", "token=[redacted]", "API key ", "token\t", "password 'x", "token='''", "token=}"],
    ...["https://hooks.slack.com/", "token:map[", "tokens:[", "secret:\n  a: b\n", "secret:\n- a\n", "--token=\n- ", "passphrase "],
  ];
  const [small, large] = [8 * 1024, 64 * 1024];
  const noise = 2_000;

  test("for each text that tries to make it slow: eight times the text in no more than thirty times the time", () => {
    const slow = pieces.filter((piece) => {
      const short = Math.max(noise, cpu(piece.repeat(small / piece.length)));
      return cpu(piece.repeat(large / piece.length)) > 30 * short;
    });
    expect(slow).toEqual([]);
  });

  test("and for a megabyte of all of them: within fifty times what an ordinary megabyte takes", () => {
    const share = (1024 * 1024) / pieces.length;
    const hostile = pieces.map((piece) => piece.repeat(share / piece.length)).join("\n");
    const usual = "2027-03-01T13:00:00Z INFO order 42 of customer 7 was created in 12 ms\n".repeat(15_000);
    expect(cpu(hostile)).toBeLessThan(50 * cpu(usual));
    expect(redact("a".repeat(3_000_000)).length).toBeLessThan(1_100_000);
  });
});

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

  test("that is an error keeps its cause", () => {
    const error = new Error("cannot log in with password=hunter2", { cause: new Error("token=abc") });
    const redacted = redactValue(error) as { message: string; stack: string; cause: { message: string } };
    expect([redacted.message, redacted.cause.message]).toEqual(["cannot log in with password=[redacted]", "token=[redacted]"]);
    expect(redacted.stack).not.toContain("hunter2");
  });

  test("is bounded in depth and length, also where it contains itself", () => {
    const circle: Record<string, unknown> = { name: "circle", map: new Map([["a", 1]]), big: 10n };
    circle["self"] = circle;
    expect(JSON.stringify(redactValue(circle))).toContain("[deeper]");
    expect(redactValue(Array.from({ length: 1_000 }, () => 1))).toHaveLength(200);
  });
});
