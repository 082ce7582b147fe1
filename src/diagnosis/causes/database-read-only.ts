// A database that takes no writes: set so by somebody, or a replica that clients take for the primary.
import { refusalCause } from "#diagnosis/database-refusals.ts";

export const databaseReadOnly = refusalCause({
  code: "DatabaseReadOnly",
  title: "A database that takes no writes",
  looksAt: "What clients of MySQL, PostgreSQL, Redis and MongoDB are told when they write.",
  concludes: "The server is up, answers reads and refuses every write: it was switched to read-only, or the address leads to a replica.",
  wouldDo:
    "Nothing by itself: whether a primary may take writes again is a decision about data; failover_database where an operator manages it.",
  words: ({ readOnly }) => readOnly,
  does: "refuses writes, being read-only",
  why: "whether this server may take writes again is a decision about data: it may have been demoted, or its disk may be full",
});
