// Clients that a database does not let in, or that ask where it is not: the client is to blame, as long as the server serves others.
import { expect, test } from "vitest";
import { databaseAddressWrong } from "#diagnosis/causes/database-address-wrong.ts";
import { databaseCredentialsRejected } from "#diagnosis/causes/database-credentials-rejected.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { KubeObject } from "#api/object.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { answers, crashed, deployment, failing, objects, podsOf, type PodSketch } from "#test/evidence-sketch.ts";

const [portWrong, hostWrong] = databaseAddressWrong as [Cause, Cause];
const server = deployment("db", { ports: [{ containerPort: 3306 }] });
const service = objects(`
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { selector: { app: db }, ports: [{ port: 3306 }] }`);
const crashing = (name: string): PodSketch => failing(crashed(name, 1));

const scene = (
  text: string,
  more: { readonly web?: PodSketch; readonly db?: PodSketch; readonly pods?: readonly string[]; readonly pod?: object } = {},
): Partial<Evidence> => {
  const clients = (more.pods ?? ["web"]).map((name) =>
    deployment(name, { envFrom: [{ secretRef: { name: `${name}-db` } }] }, { pod: more.pod ?? {} }),
  );
  const all: KubeObject[] = [
    server,
    ...service,
    ...podsOf(server, more.db ?? {}),
    ...clients.flatMap((each) => [each, ...podsOf(each, more.web ?? crashing(each.metadata.name))]),
  ];
  return {
    objects: all,
    logs: clients.map(({ metadata }) => ({ namespace: "shop", pod: `${metadata.name}-7d9c5b8f6-bx2z4`, run: "previous", text })),
  };
};
const refused =
  "com.mysql.cj.exceptions.CJCommunicationsException: Communications link failure\nCaused by: java.net.ConnectException: Connection refused";
const unknown =
  "com.mysql.cj.exceptions.CJCommunicationsException: Communications link failure\nCaused by: java.net.UnknownHostException: dbb";

test.each([
  ["MySQL", "java.sql.SQLException: Access denied for user 'web'@'10.0.0.7' (using password: YES)"],
  ["PostgreSQL", 'FATAL: password authentication failed for user "web"'],
  ["Redis", "WRONGPASS invalid username-password pair or user is disabled."],
  ["RabbitMQ", "connection error; reply-code=403, reply-text=ACCESS_REFUSED - Login was refused"],
])("%s rejects the client's credentials", (_, text) => {
  expect(answers(databaseCredentialsRejected, scene(text))).toEqual(["DatabaseCredentialsRejected Deployment web → person"]);
  expect(answers(portWrong, scene(text))).toEqual([]);
});

test("the server's own log has rejected logins of others: no finding about the server", () => {
  const parts = scene("");
  const text = "[Note] Access denied for user 'x'@'10.0.0.9' (using password: YES)";
  expect(
    answers(databaseCredentialsRejected, { ...parts, logs: [{ namespace: "shop", pod: "db-7d9c5b8f6-bx2z4", run: "current", text }] }),
  ).toEqual([]);
});

test("the driver is refused while the server is ready: the port is wrong", () => {
  expect(answers(portWrong, scene(refused))).toEqual(["DatabasePortWrong Deployment web → person"]);
  expect(answers(databaseCredentialsRejected, scene(refused))).toEqual([]);
  expect(answers(hostWrong, scene(refused))).toEqual([]);
});

test("the driver's host has no address: the name is wrong", () => {
  expect(answers(hostWrong, scene(unknown))).toEqual(["DatabaseHostWrong Deployment web → person"]);
  expect(answers(portWrong, scene(unknown))).toEqual([]);
});

test("the server is not ready: no address is to blame", () => {
  expect(answers(portWrong, scene(refused, { db: failing(crashed("db", 1)) }))).toEqual([]);
});

test("three clients are refused alike: it is the way to the server, not the address of each", () => {
  expect(answers(portWrong, scene(refused, { pods: ["web", "api", "jobs"] }))).toEqual([]);
});

test("it runs by now: what was refused before is over", () => {
  expect(answers(portWrong, scene(refused, { web: {} }))).toEqual([]);
});

test("a pod with nameservers of its own resolves nothing: the host may be right", () => {
  expect(answers(hostWrong, scene(unknown, { pod: { dnsPolicy: "None" } }))).toEqual([]);
});
