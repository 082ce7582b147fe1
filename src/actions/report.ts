// What a Job says at its end, through its termination message: written by act, read by the execution's controller. Pure.
import * as z from "zod";
import { redact } from "#lib/redact.ts";

export const Report = z.object({
  result: z.enum(["Applied", "AlreadyApplied", "Failed"]),
  /** Whether this run, or one before it, has changed anything; true as well where that cannot be known. */
  changed: z.boolean(),
  /** Policy forbids the changes by now: none was made. */
  forbidden: z.boolean().optional(),
  message: z.string().max(2048),
});
export type Report = z.output<typeof Report>;

/** The kubelet keeps 4096 bytes of a termination message. */
const maxBytes = 4096;
const maxMessageLength = 1000;

export const encodeReport = (report: Report): string => {
  const text = JSON.stringify({ ...report, message: redact(report.message).slice(0, maxMessageLength) });
  return Buffer.byteLength(text) <= maxBytes ? text : JSON.stringify({ ...report, message: "" });
};

/** Undefined where the text is no report: the Job was killed, or something else wrote it. */
export const decodeReport = (text: string | undefined): Report | undefined => {
  if (text === undefined || text === "" || Buffer.byteLength(text) > maxBytes) return undefined;
  try {
    return Report.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};
