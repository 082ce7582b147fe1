import { expect, test } from "vitest";
import { isTelling } from "#lib/redact/literal.ts";

test.each([
  ...[
    "",
    "0",
    "8080",
    "0.5",
    "512Mi",
    "250m",
    "30s",
    "1h30m",
    "99%",
    "true",
    "info",
    "INFO",
    "SCRAM-SHA-512",
    "read_only",
    "Europe/Berlin",
  ],
  ...["production", "db", "db-1", "shop.orders.svc.cluster.local", "shop.orders:8080", "10.96.12.7:5432", "http://orders:8080/v1"],
  ...["jdbc:postgresql://db:5432/shop", "/etc/app/config.yaml", "registry.example.com/web:1.2.3", "kafka-0:9092,kafka-1:9092"],
  ...[
    "-Xmx512m",
    "-Xmx512m -XX:MaxRAMPercentage=75.0",
    "web-7d9c5b6f4-x2x1z",
    "2027-03-01",
    "0b9c1c3e-7c1e-4b4f-9f0a-1d2e3f4a5b6c",
    "CrashLoopBackOff",
  ],
])("a person may read %j", (text) => expect(isTelling(text)).toBe(true));

test.each([
  ...[
    "Zq8Canary7Xk2Lm9P",
    "hunter2canary",
    "p4ss!word",
    "YWRtaW46aHVudGVyMg==",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "correct horse 9battery!",
  ],
  ...["x7Kp2-9Qz4R-Lm8Tn", "ab12cd34ef56ab12cd34ef56ab12cd34", "-----BEGIN KEY-----", '{"a":1}'],
])("%j is not worth showing", (text) => expect(isTelling(text)).toBe(false));
