// A database that has given out all the connections it may: new ones are refused, old ones go on.
import { refusalCause } from "#diagnosis/database-refusals.ts";

export const databaseConnectionsExhausted = refusalCause({
  code: "DatabaseConnectionsExhausted",
  title: "A database whose connections are used up",
  looksAt: "What clients and probes of MySQL, PostgreSQL, Redis, MongoDB and RabbitMQ are told when they connect.",
  concludes:
    "The server is up and refuses new connections because its limit is reached: one client leaks or the limit is too low for all of them.",
  wouldDo: "Nothing by itself: a person finds who holds the connections; restarting clients or raising the limit only buys time.",
  words: ({ full }) => full,
  does: "has no connection left to give",
  why: "somebody has to find who holds the connections and why: a pool that leaks, more replicas than the limit allows, or a limit that was lowered",
});
