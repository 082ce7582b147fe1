// RemediationPolicy: what Kintsugi may do, where, when and how often. The one kind that people write and may change at any time.
import * as z from "zod";
import { defineKind, type ResourceOf } from "#api/define-kind.ts";
import {
  approvers,
  Autonomy,
  conditions,
  Criticality,
  minApprovers,
  namespaceName,
  objectName,
  Priority,
  shortText,
  timestamp,
} from "#api/fields.ts";

/** The same limit as for the rules of a CRD keeps a policy readable; cost is bounded when the expression is compiled. */
const condition = (...variables: readonly string[]) =>
  z
    .string()
    .min(1)
    .max(1024)
    .describe(`A CEL expression of type bool over ${variables.join(", ")}.`);

/** As a label value is written: a rule and a label name an environment alike. */
const environmentName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9_.]*[a-z0-9])?$/)
  .describe("In lower case, such as production or staging.");

const quantity = z
  .string()
  .max(40)
  .regex(/^\d{1,15}(\.\d{1,6})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/);

const schedule = z
  .object({
    cron: z
      .string()
      .min(9)
      .max(200)
      .describe("The start of the window, in five fields: minute, hour, day of the month, month, day of the week. Such as 0 18 * * FRI."),
    durationMinutes: z.int().min(1).max(10_080).describe("The length of the window, in elapsed time; a week at most."),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe(
        "An IANA time zone, such as Europe/Berlin; UTC by default. A time that the clocks skip begins as if they had not changed; one that they repeat begins twice.",
      ),
  })
  .describe("A recurring window.");

const oneKindOfWindow = {
  rule: "has(self.schedule) ? !has(self.from) && !has(self.to) : has(self.from) && has(self.to)",
  message: "a freeze has a schedule, or else from and to",
};

export const RemediationPolicy = defineKind({
  kind: "RemediationPolicy",
  plural: "remediationpolicies",
  shortName: "rpol",
  description:
    "The autonomy, the approvers, the limits and the freezes of repairs. In Kintsugi's own namespace a policy holds everywhere; in another namespace it holds there only, and may only tighten.",
  spec: z.object({
    paused: z.boolean().optional().describe("Stops every repair that has not begun."),
    environments: z
      .array(z.object({ when: condition("namespaceObject", "target"), value: environmentName }))
      .max(50)
      .optional()
      .describe(
        "The environment of an object, before its labels. The most specific rule that holds decides; the environment is unknown where two disagree. Without a label that says the same, a repair still needs an approval.",
      ),
    priorities: z
      .array(z.object({ when: condition("namespaceObject", "target", "environment", "alert"), value: Priority }))
      .max(50)
      .optional()
      .describe("The priority of a request, before the default by severity and environment. The most specific rule that holds decides."),
    criticality: z
      .array(z.object({ when: condition("namespaceObject", "target", "environment"), value: Criticality }))
      .max(50)
      .optional()
      .describe(
        "How much depends on an object, before the label kintsugi.dev/criticality of its namespace; medium by default. The most specific rule that holds decides; two that disagree mean critical.",
      ),
    autonomy: z
      .array(
        z.object({
          when: condition("namespaceObject", "target", "environment", "criticality", "action", "risk", "reversible", "blast"),
          value: Autonomy,
          approvers: approvers.min(1).optional().describe("Who may approve what this rule decides, instead of the policy's approvers."),
          minApprovers: minApprovers.optional().describe("How many of them have to approve."),
        }),
      )
      .max(50)
      .optional()
      .describe(
        "Restricts repairs without approval. The most specific rule that holds decides, and never allows more than the default: auto for reversible actions outside production. If two equally specific rules disagree, nothing is repaired.",
      ),
    approvers: approvers
      .optional()
      .describe(
        "The approvers: user:<name> or group:<name>; group:system:masters by default. A ServiceAccount may decide only if it is listed as a user.",
      ),
    minApprovers: minApprovers.optional().describe("The number of people who have to approve; 1 by default."),
    budgets: z
      .object({
        perNamespacePerHour: z.int().min(0).max(10_000).optional(),
        perHour: z.int().min(0).max(10_000).optional(),
        podsPerNamespacePerHour: z
          .int()
          .min(0)
          .max(1_000_000)
          .optional()
          .describe("How many pods of a namespace the repairs of an hour may affect."),
        podsPerHour: z.int().min(0).max(1_000_000).optional().describe("The same, of all namespaces."),
      })
      .optional()
      .describe("The number of repairs that may begin in an hour."),
    limits: z
      .object({
        memory: quantity.optional().describe("Of one container, such as 4Gi."),
        cpu: quantity.optional().describe("Of one container, such as 2 or 1500m."),
        replicas: z.int().min(0).max(1000).optional(),
      })
      .optional()
      .describe("The highest values that a repair may set, also with an override."),
    blastRadius: z
      .object({
        maxObjects: z.int().min(0).max(100).optional(),
        maxPods: z.int().min(0).max(100_000).optional().describe("Pods that a step may replace, add, remove or evict."),
        maxPercent: z.int().min(0).max(100).optional().describe("The share of the workload's pods."),
      })
      .optional()
      .describe("The most that one step may affect; what affects more is not repaired."),
    freezes: z
      .array(
        z
          .object({
            name: shortText,
            from: timestamp.optional(),
            to: timestamp.optional(),
            schedule: schedule.optional(),
            when: condition("namespaceObject", "target", "environment", "criticality", "action").optional(),
          })
          .meta({ "x-kubernetes-validations": [oneKindOfWindow] }),
      )
      .max(50)
      .optional()
      .describe(
        "Windows in which nothing is repaired: once, from one time to another, or repeatedly by a schedule. With a condition (when), a window holds only for the steps that match it.",
      ),
    protected: z
      .object({
        namespaces: z.array(namespaceName).max(200).optional(),
        kinds: z.array(z.string().max(63)).max(50).optional(),
        objects: z
          .array(
            z.object({
              kind: z.string().min(1).max(63),
              namespace: namespaceName.optional().describe("Absent for a cluster-scoped object."),
              name: objectName,
            }),
          )
          .max(200)
          .optional(),
      })
      .optional()
      .describe("Never touched. kube-system and Kintsugi's own namespace always are."),
    stabilisationSeconds: z.int().min(0).max(3600).optional().describe("The time that the symptom has to stay away; 60 by default."),
    coolOffSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .optional()
      .describe("The time after an episode in which its alerts still belong to it; 1800 by default."),
    approvalExpirySeconds: z
      .int()
      .min(60)
      .max(604_800)
      .optional()
      .describe("The time until an approval request expires; 14400 by default."),
    verificationSeconds: z.int().min(10).max(3600).optional().describe("The time limit for a repair to show its effect; 300 by default."),
    reminderSeconds: z
      .int()
      .min(60)
      .max(604_800)
      .optional()
      .describe("How long a request awaits a person before it is announced again; 14400 by default."),
    maxAttempts: z.int().min(1).max(10).optional().describe("The number of attempts in one episode; 3 by default."),
    retentionSeconds: z.int().min(60).max(31_536_000).optional().describe("The time that a finished request is kept; 86400 by default."),
    noActionRetentionSeconds: z
      .int()
      .min(60)
      .max(31_536_000)
      .optional()
      .describe("The time that a request without a repair is kept; 3600 by default, and never longer than retentionSeconds."),
    maxOpenRequests: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe(
        "The number of requests that may be open at once; 500 by default. Beyond that, alerts about other objects are answered with 503.",
      ),
  }),
  status: z.object({
    observedGeneration: z.int().optional().describe("The generation of the spec that is in force."),
    conditions: conditions.optional().describe("Positive claims about this object, in the standard form."),
  }),
  mutable: "all",
  columns: [
    { name: "Paused", type: "string", jsonPath: ".spec.paused" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
});
export type PolicyReason = "RulesCompiled" | "RulesInvalid";
export type RemediationPolicy = ResourceOf<typeof RemediationPolicy>;
