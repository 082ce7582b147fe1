// A full and a read-only database: the server is to blame, whichever client says so.
import { expect, test } from "vitest";
import { databaseConnectionsExhausted } from "#diagnosis/causes/database-connections-exhausted.ts";
import { databaseReadOnly } from "#diagnosis/causes/database-read-only.ts";
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

test("of two servers the one that the client names is meant", () => {
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

test("a server that is read-only for a moment long past, or says so of itself alone in its log, is no finding", () => {
  const old = "2027-03-01T09:00:00Z ERROR The MySQL server is running with the --read-only option";
  expect(answers(databaseReadOnly, says(old))).toEqual([]);
  expect(answers(databaseReadOnly, says("running with the --read-only option", "db-7d9c5b8f6-bx2z4"))).toEqual([]);
});
