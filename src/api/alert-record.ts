// What the Gateway keeps of alerts that became part of no request, for `kintsugi explain-alert`: one ConfigMap, one entry for each fingerprint. Pure data.
import * as z from "zod";
import { message, shortText, timestamp } from "#api/fields.ts";

export const ALERT_RECORDS_NAME = "kintsugi-alerts";
/** The newest are kept. */
export const maxAlertRecords = 300;

export const AlertRecord = z.object({
  name: shortText.describe("The label alertname."),
  source: z.string().max(63),
  status: z.enum(["firing", "resolved", "unread"]),
  result: z.enum(["rejected", "ignored", "notStored"]),
  reason: message,
  at: timestamp.describe("When it was last received with this result, to the minute."),
});
export type AlertRecord = z.output<typeof AlertRecord>;

/** An entry of another writer, or of another version, is left out. */
export const parseAlertRecord = (text: string): AlertRecord | undefined => {
  try {
    return AlertRecord.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};
