// How much evidence keeps of a thing that a cluster may have any number of. Data.

/** The most that one collection holds: an incident of a thousand pods must not become a status of a megabyte. */
export const bounds = {
  pods: 50,
  revisions: 10,
  events: 60,
  logs: 8,
  logLines: 100,
  logBytes: 16 * 1024,
  configs: 20,
  nodes: 10,
  messageLength: 1024,
  gaps: 20,
} as const;
