// What the Gateway answers to a delivery of alerts: one result for each of them. Pure data.
import * as z from "zod";
import { message, objectName } from "#api/fields.ts";

export const SignalResult = z.object({
  fingerprint: z.string().max(64).describe("Of the alert; of its position where it could not be read."),
  result: z
    .enum(["created", "joined", "repeated", "resolved", "logged", "rejected", "ignored"])
    .describe(
      "created: a new request; joined: recorded with an existing request; repeated: known already; resolved: its end was recorded; " +
        "logged: written to the write-ahead log, and recorded when the API server answers again; " +
        "rejected: it could not be read; ignored: it names no object that Kintsugi can repair, or contains nothing new.",
    ),
  request: objectName.optional().describe("The RemediationRequest it belongs to."),
  reason: message
    .optional()
    .describe("Why it was rejected or ignored, or why the target of a new request is the reported object and not its owner."),
});
export type SignalResult = z.output<typeof SignalResult>;

export const SignalResults = z.object({ results: z.array(SignalResult) });
export type SignalResults = z.output<typeof SignalResults>;

export const prometheusSignalsPath = "/api/v1/signals/prometheus";
export const grafanaSignalsPath = "/api/v1/signals/grafana";
