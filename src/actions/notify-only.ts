// notify_only: changes nothing; its message is what people are told. Never makes a Job.
import * as z from "zod";
import { defineAction, planned } from "#actions/action.ts";

export const notifyOnly = defineAction({
  name: "notify_only",
  title: "Tell people",
  description: "Changes nothing in the cluster: the message stands in the record of the request.",
  targetKinds: "any",
  reads: [],
  risk: "low",
  undo: "none-needed",
  writes: [],
  parameters: z.object({ message: z.string().min(1).max(1024).describe("What people are to know.") }),
  plan: () => planned(),
  verify: () => ({ state: "done" }),
});
