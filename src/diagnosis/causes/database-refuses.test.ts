// A full and a read-only database: the server is at fault, whichever client reports it.
import { expect, test } from "vitest";
import { databaseConnectionsExhausted, databaseReadOnly } from "#diagnosis/causes/database-refuses.ts";
import type { KubeObject } from "#api/object.ts";
import type { Evidence, PodLog } from "#evidence/evidence.ts";
import { answers, deployment, objects, podsOf } from "#test/evidence-sketch.ts";

const server = deployment("db", { ports: [{ containerPort: 3306 }] });
const web = deployment("web");
const api = deployment("api");
const service = objects(`
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { selector: { app: db }, ports: [{ port: 3306 }] }`);
const all: KubeObject[] = [server, web, api, ...service, ...podsOf(server, {}), ...podsOf(web, {}), ...podsOf(api, {})];
const says = (text: string, pod = "web-7d9c5b8f6-bx2z4"): Partial<Evidence> => ({
  objects: all,
  logs: [{ namespace: "shop", pod, run: "current", text } satisfies PodLog],
});

test.each([
  ["the server's number and state", "WARN SqlExceptionHelper : SQL Error: 1040, SQLState: 08004"],
  ["the server's words", "java.sql.SQLNonTransientConnectionException: Too many connections"],
])("a client is refused because the database is full, by %s", (_, text) => {
  expect(answers(databaseConnectionsExhausted, says(text))).toEqual(["DatabaseConnectionsExhausted Deployment db → person"]);
  expect(answers(databaseReadOnly, says(text))).toEqual([]);
});

test("a write is refused because the database is read-only", () => {
  const text = "ERROR The MySQL server is running with the --read-only option so it cannot execute this statement";
  expect(answers(databaseReadOnly, says(text))).toEqual(["DatabaseReadOnly Deployment db → person"]);
  expect(answers(databaseConnectionsExhausted, says(text))).toEqual([]);
});

test("of two servers the one that the client names is at fault", () => {
  const other = deployment("ledger", { ports: [{ containerPort: 3306 }] });
  const [theirs] = objects(`
apiVersion: v1
kind: Service
metadata: { name: ledger }
spec: { selector: { app: ledger }, ports: [{ port: 3306 }] }`);
  const parts = says("jdbc:mysql://ledger:3306/x: Too many connections");
  expect(
    answers(databaseConnectionsExhausted, {
      ...parts,
      objects: [...all, other, ...podsOf(other, {}), ...(theirs === undefined ? [] : [theirs])],
    }),
  ).toEqual(["DatabaseConnectionsExhausted Deployment ledger → person"]);
});

test("an old line of a client, or a line in the log of the server alone, is not a finding", () => {
  const old = "2027-03-01T09:00:00Z ERROR The MySQL server is running with the --read-only option";
  expect(answers(databaseReadOnly, says(old))).toEqual([]);
  expect(answers(databaseReadOnly, says("running with the --read-only option", "db-7d9c5b8f6-bx2z4"))).toEqual([]);
});

const createdAt = (object: KubeObject, creationTimestamp: string): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, creationTimestamp },
});
const ledger = deployment("ledger", { ports: [{ containerPort: 3306 }] });

test.each([
  ["deployed with the client, though the other one changed last", "2026-12-01T08:00:00Z", "2027-03-01T13:00:00Z", "db"],
  ["unknown where both are as old as the client", "2026-12-01T08:00:00Z", "2026-12-01T08:05:00Z", "web"],
])("of two servers that no client names, the one at fault is %s", (_, own, other, at) => {
  const given = {
    ...says("Too many connections"),
    objects: [
      createdAt(server, own),
      createdAt(ledger, other),
      createdAt(web, "2026-12-01T08:10:00Z"),
      ...service,
      ...podsOf(server, {}),
      ...podsOf(ledger, {}),
      ...podsOf(web, {}),
    ],
  };
  expect(answers(databaseConnectionsExhausted, given)).toEqual([`DatabaseConnectionsExhausted Deployment ${at} → person`]);
});
