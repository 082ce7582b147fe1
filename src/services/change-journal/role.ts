// The role change-journal: its rights and metrics. Has no code of its own: the leader runs the keeper that every process can read.
import { journalMetrics } from "#cluster/journal/journal-metrics.ts";
import { needs } from "#cluster/journal/tracked-kinds.ts";
import type { Role } from "#runtime/role.ts";

export const changeJournal: Role = {
  name: "change-journal",
  summary: "Records who changed which object and when",
  needs,
  ports: [],
  metrics: Object.values(journalMetrics),
  start: async () => (deps) => ({ lead: (signal) => deps.journalKeeper.run(signal) }),
};
