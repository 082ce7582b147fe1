import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AuditEvent } from "#embedded/audit.ts";
import { fileAuditTrail, memoryAuditTrail } from "#scenarios/audit-trail.ts";

const about = (auditID: string, namespace: string, verb = "patch"): AuditEvent => ({
  auditID,
  stage: "ResponseComplete",
  verb,
  requestURI: `/api/v1/namespaces/${namespace}/configmaps/a`,
  user: { username: "ann" },
  objectRef: { resource: "configmaps", namespace, name: "a" },
  requestReceivedTimestamp: "2027-01-01T00:00:00Z",
  stageTimestamp: "2027-01-01T00:00:00Z",
});
const ids = (events: readonly AuditEvent[]): string[] => events.map(({ auditID }) => auditID);

test("of a file only what was written since, about this namespace and whole, is read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "audit-"));
  const path = join(folder, "audit.log");
  const line = (event: AuditEvent): string => `${JSON.stringify(event)}\n`;
  await writeFile(path, line(about("before", "shop")));
  const trail = fileAuditTrail(path);
  const from = await trail.position();
  await appendFile(path, line(about("other", "shop-2")) + line(about("after", "shop")));
  await appendFile(path, line(about("torn", "shop")).slice(0, -20));
  expect(ids(await trail.about("shop", from))).toEqual(["after"]);
  expect(ids(await trail.mentioning("shop-2"))).toEqual(["other"]);
  await rm(folder, { recursive: true });
});

test("in memory the newest writes are kept, and positions outlast what was dropped", async () => {
  const trail = memoryAuditTrail(2);
  trail.record(about("before", "shop"));
  trail.record(about("read", "shop", "get"));
  const from = await trail.position();
  expect(from).toBe(1);
  for (const id of ["b", "c"]) trail.record(about(id, "shop"));
  trail.record(about("other", "shop-2"));
  expect(ids(await trail.about("shop", from))).toEqual(["c"]);
  expect(ids(await trail.about("shop", 0))).toEqual(["c"]);
  expect(ids(await trail.mentioning("shop-2"))).toEqual(["other"]);
});
