// The printed manifests are those of deploy/kintsugi.yaml, for any image and namespace.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { runKintsugi } from "#test/cli-harness.ts";

test("prints what deploy/kintsugi.yaml holds, and asks no cluster", async () => {
  const ran = await runKintsugi(["install"]);
  expect(ran).toMatchObject({ code: 0, stderr: "", requests: [] });
  expect(ran.stdout).toBe(await readFile(join(import.meta.dirname, "../../../deploy/kintsugi.yaml"), "utf8"));
});

test("takes an image for Kintsugi and its Jobs, and a namespace", async () => {
  const { stdout } = await runKintsugi(["install", "--image", "registry.example/k:2", "--kintsugi-namespace", "kintsugi-two"]);
  const text = stdout;
  expect(text).toContain("image: registry.example/k:2");
  expect(text).not.toContain("ghcr.io");
  expect(text).not.toContain("kintsugi-system");
  expect(parseAllDocuments(text).length).toBeGreaterThan(20);
});

test("with a Secret for TLS the Gateway serves HTTPS from its files, and only then", async () => {
  const withTls = (await runKintsugi(["install", "--tls-secret", "gateway-cert"])).stdout;
  for (const text of ["secretName: gateway-cert", "/etc/kintsugi/tls/tls.crt", "name: https"]) expect(withTls).toContain(text);
  expect(withTls).not.toContain("--plain-http");
  expect((await runKintsugi(["install"])).stdout).toContain("--plain-http");
});

test("the write-ahead log is in an emptyDir, or in a claim that one pod at a time uses", async () => {
  const text = (await runKintsugi(["install"])).stdout;
  expect(text).toMatch(/name: wal\n\s+emptyDir:\n\s+sizeLimit: 320Mi/);
  expect(text).not.toContain("Recreate");
  const withClaim = (await runKintsugi(["install", "--wal-claim", "kintsugi-wal"])).stdout;
  for (const part of ["claimName: kintsugi-wal", "type: Recreate", "--wal-dir"]) expect(withClaim).toContain(part);
  expect(withClaim).not.toContain("emptyDir");
});

test("shared secrets of senders come from a Secret, and only on request", async () => {
  const text = (await runKintsugi(["install", "--sender-secret", "alert-senders"])).stdout;
  for (const part of ["secretName: alert-senders", "/etc/kintsugi/senders/secrets"]) expect(text).toContain(part);
  expect((await runKintsugi(["install"])).stdout).not.toContain("--sender-secret-file");
});

test("-o json is one List, for kubectl as well", async () => {
  const list = JSON.parse((await runKintsugi(["install", "-o", "json"])).stdout) as { kind: string; items: readonly { kind: string }[] };
  expect(list.kind).toBe("List");
  expect(list.items.map(({ kind }) => kind)).toContain("CustomResourceDefinition");
});

test("settings of alerts become arguments, and a faulty order of labels is refused before it is installed", async () => {
  const { stdout } = await runKintsugi(["install", "--label-order", "pod,default", "--watch-events"]);
  for (const text of ["--label-order", "pod,default", "--watch-events"]) expect(stdout).toContain(text);
  const refused = await runKintsugi(["install", "--label-order", "pod,pod"]);
  expect(refused).toMatchObject({ stdout: "", stderr: expect.stringContaining('"pod" is in the order twice') });
});
