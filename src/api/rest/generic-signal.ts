// The generic signal: what any sender may post about an object. Its JSON Schema is published from here. Pure data.
import * as z from "zod";
import { namespaceName, objectName } from "#api/fields.ts";

export const genericSignalsPath = "/api/v1/signals/generic";
/** Served without authentication: it describes the interface and nothing else. */
export const openapiPath = "/api/v1/signals/openapi.json";

const time = z.string().max(64).describe("RFC 3339, such as 2030-01-01T00:00:00Z.");
const texts = z.record(z.string(), z.string());

export const GenericObject = z
  .strictObject({
    apiVersion: z.string().max(253).optional().describe("Such as apps/v1; needed for a custom kind."),
    kind: z
      .string()
      .regex(/^[A-Z][A-Za-z0-9]{0,62}$/, "it is not a kind")
      .describe("Such as Deployment."),
    namespace: namespaceName
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "it is not the name of a namespace")
      .optional()
      .describe("Absent for a cluster-scoped object."),
    name: objectName.regex(/^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/, "it is not the name of an object"),
  })
  .describe("The object in trouble: the one that is seen to fail, such as a Pod. Kintsugi finds its owner.");

/** Strict: a field that is not known would not be obeyed. */
export const GenericSignal = z.strictObject({
  status: z.enum(["firing", "resolved"]).describe("resolved: the trouble that was reported with the same id is over."),
  name: z.string().min(1).max(256).describe("What is wrong, such as CheckoutSlow: the name of the alert."),
  id: z.string().max(64).optional().describe("The same for all signals about one trouble. Default: derived from name, object and labels."),
  severity: z.enum(["critical", "warning", "info"]).optional().describe("Default: unknown."),
  startsAt: time.optional().describe("When the trouble began. Default: when the signal is received."),
  endsAt: time.optional().describe("When it ended; only of a resolved signal."),
  object: GenericObject.optional().describe("Default: the object that the labels name."),
  labels: texts.optional().describe("As Prometheus labels an alert. At most 64 are kept."),
  annotations: texts.optional().describe("For people. At most 64 are kept."),
  url: z.string().max(2048).optional().describe("Where to read more."),
});
export type GenericSignal = z.output<typeof GenericSignal>;

export const GenericSignals = z.object({
  version: z.literal("1"),
  signals: z.array(z.unknown()).describe("At most 10,000. Each is read by itself: a faulty one does not affect the others."),
});
