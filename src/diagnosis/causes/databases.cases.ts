// Three cases for each cause between a database and its clients.
import type { Evidence, PodLog } from "#evidence/evidence.ts";
import { crashed, deployment, failing, type PodSketch, podsOf } from "#test/evidence-sketch.ts";
import { one, says, service, type CasesByCode, withPod } from "#test/three-cases/three-cases.ts";

const db = deployment("db", { ports: [{ containerPort: 3306 }] });
/** A client of a MySQL server, what it says, and how both are. */
const client = (
  line: string,
  run: PodLog["run"] = "previous",
  pods: { readonly db?: PodSketch; readonly web?: PodSketch } = {},
): Partial<Evidence> => ({
  objects: [
    db,
    ...podsOf(db, pods.db ?? {}),
    service("db", "selector: { app: db }, ports: [{ port: 3306 }]"),
    ...withPod(
      deployment("web", { envFrom: [{ secretRef: { name: "web-db" } }] }),
      pods.web ?? (run === "previous" ? failing(crashed("web", 1)) : {}),
    ),
    one("{ apiVersion: v1, kind: Secret, metadata: { name: web-db } }"),
  ],
  logs: [says("web", line, run)],
});
const linked = "com.mysql.cj.exceptions.CJCommunicationsException: Communications link failure\nCaused by: java.net.";
const crowded = "java.sql.SQLNonTransientConnectionException: Too many connections";
const readOnly = "ERROR The MySQL server is running with the --read-only option so it cannot execute this statement";
const rejected = "java.sql.SQLException: Access denied for user 'web'@'10.0.0.7' (using password: YES)";
const ofServer = (line: string): Partial<Evidence> => ({ ...client("all is well", "current"), logs: [says("db", line)] });

export const cases: CasesByCode = {
  DatabaseConnectionsExhausted: {
    holds: client(crowded, "current"),
    neighbour: "DatabaseReadOnly",
    contradicted: client(`2027-03-01T09:00:00Z ${crowded}`, "current"),
  },
  DatabaseReadOnly: {
    holds: client(readOnly, "current"),
    neighbour: "DatabaseConnectionsExhausted",
    contradicted: client(`2027-03-01T09:00:00Z ${readOnly}`, "current"),
  },
  DatabaseCredentialsRejected: { holds: client(rejected), neighbour: "DatabasePortWrong", contradicted: ofServer(rejected) },
  DatabasePortWrong: {
    holds: client(`${linked}ConnectException: Connection refused`),
    neighbour: "DatabaseHostWrong",
    contradicted: client(`${linked}ConnectException: Connection refused`, "previous", { db: failing(crashed("db", 1)) }),
  },
  DatabaseHostWrong: {
    holds: client(`${linked}UnknownHostException: dbb`),
    neighbour: "DatabasePortWrong",
    contradicted: client(`${linked}UnknownHostException: dbb`, "previous", { web: {} }),
  },
};
