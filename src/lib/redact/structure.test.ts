import { expect, test } from "vitest";
import { redactValue } from "#lib/redact.ts";

const s = "Zq8Canary7Xk2Lm9P";

test.each<[string, unknown, unknown]>([
  ["the argument after a secret's flag", ["web", "--password", s, "--port", "80"], ["web", "--password", "[redacted]", "--port", "80"]],
  ["the argument after -p", ["fail", "-p", s, "--pass", s], ["fail", "-p", "[redacted]", "--pass", "[redacted]"]],
  [
    "no port, path or flag after -p",
    ["-p", "8080", "-p", "80:8080", "-p", "/var/lib", "-p", "--x"],
    ["-p", "8080", "-p", "80:8080", "-p", "/var/lib", "-p", "--x"],
  ],
  ["the value of a variable", { name: "RABBITMQ_DEFAULT_PASS", value: s }, { name: "RABBITMQ_DEFAULT_PASS", value: "[redacted]" }],
  [
    "a key",
    { labels: { token: s, "example.com/client-secret": s, app: "web" } },
    { labels: { token: "[redacted]", "example.com/client-secret": "[redacted]", app: "web" } },
  ],
  [
    "JSON inside of an annotation",
    { original: JSON.stringify({ env: [{ name: "DB_PASSWORD", value: s }] }) },
    { original: '{"env":[{"name":"DB_PASSWORD","value":"[redacted]"}]}' },
  ],
  [
    "what points at a secret stays",
    { name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } },
    { name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } },
  ],
])("a value is judged by its place: %s", (_, value, expected) => expect(redactValue(value)).toEqual(expected));
