// notify_only: changes nothing; its message is for people. Never makes a Job.
import * as z from "zod";
import { defineAction, planned } from "#actions/action.ts";

export const notifyOnly = defineAction({
  name: "notify_only",
  title: "Notify people",
  description: "Changes nothing in the cluster. The message is part of the record of the request.",
  targetKinds: "any",
  reads: [],
  risk: "low",
  undo: "none-needed",
  writes: [],
  parameters: z.object({ message: z.string().min(1).max(1024).describe("The message to people.") }),
  plan: () => planned(),
  verify: () => ({ state: "done" }),
});
