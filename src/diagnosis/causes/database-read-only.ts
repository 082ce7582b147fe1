// A database that takes no writes: set so by somebody, or a replica that clients take for the primary.
import { refusalCause } from "#diagnosis/database-refusals.ts";

export const databaseReadOnly = refusalCause({
  code: "DatabaseReadOnly",
  title: "A database that takes no writes",
  reads: "What clients of MySQL, PostgreSQL, Redis and MongoDB are told when they write.",
  means: "The server is up, answers reads and refuses every write: it was switched to read-only, or the address leads to a replica.",
  remedy: "Point the client to the primary, or make this server writable after you checked why it is read-only.",
  words: ({ readOnly }) => readOnly,
  does: "refuses writes, being read-only",
  why: "point the client to the primary, or make this server writable once you know why it is read-only: it may be a replica, or its disk may be full",
});
