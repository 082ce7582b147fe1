// A database that has given out all the connections it may: new ones are refused, old ones go on.
import { refusalCause } from "#diagnosis/database-refusals.ts";

export const databaseConnectionsExhausted = refusalCause({
  code: "DatabaseConnectionsExhausted",
  title: "A database whose connections are used up",
  reads: "What clients and probes of MySQL, PostgreSQL, Redis, MongoDB and RabbitMQ are told when they connect.",
  means:
    "The server is up and refuses new connections because its limit is reached: one client leaks or the limit is too low for all of them.",
  remedy: "Find the client that holds the connections. Restarting clients or raising the limit only buys time.",
  words: ({ full }) => full,
  does: "has no connection left to give",
  why: "find the client that holds the connections: look for a leaking pool, more replicas than the limit allows, or a lowered limit",
});
