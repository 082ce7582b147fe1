// RemediationPolicy: what Kintsugi may do, where, when and how often. The one kind that people write and may change at any time.
import * as z from "zod";
import { defineKind, type ResourceOf } from "#api/define-kind.ts";
import { approver, Autonomy, conditions, namespaceName, Priority, shortText, timestamp } from "#api/fields.ts";

const celExpression = z
  .string()
  .min(1)
  .max(1024)
  .describe("A CEL expression over namespace, target, alert, environment, action, risk and reversible.");

const quantity = z
  .string()
  .max(40)
  .regex(/^\d{1,15}(\.\d{1,6})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/);

/** Rules that no controller evaluates yet: admission refuses them with this reason, and a stored policy that has one restricts. */
const unevaluated = {
  environments: "the environment comes from the label kintsugi.dev/environment of the namespace",
  priorities: "the priority comes from the severity of the alert and the environment",
  autonomy: "production and unknown environments need an approval, other environments that are opted in do not",
} as const;

const refusal = (field: string, instead: string): { readonly rule: string; readonly message: string } => ({
  rule: `!has(self.${field})`,
  message: `spec.${field} is not evaluated yet, so it is refused: ${instead}`,
});

export const RemediationPolicy = defineKind({
  kind: "RemediationPolicy",
  plural: "remediationpolicies",
  shortName: "rpol",
  description: "What Kintsugi may do by itself, who approves the rest, and how much of it in an hour.",
  spec: z
    .object({
      paused: z.boolean().optional().describe("Stops every repair that has not begun."),
      environments: z
        .array(z.object({ when: celExpression, value: z.string().min(1).max(63) }))
        .max(50)
        .optional()
        .describe(`Refused, because no controller evaluates it yet: ${unevaluated.environments}.`),
      priorities: z
        .array(z.object({ when: celExpression, value: Priority }))
        .max(50)
        .optional()
        .describe(`Refused, because no controller evaluates it yet: ${unevaluated.priorities}.`),
      autonomy: z
        .array(z.object({ when: celExpression, value: Autonomy }))
        .max(50)
        .optional()
        .describe(`Refused, because no controller evaluates it yet: ${unevaluated.autonomy}.`),
      approvers: z
        .array(approver)
        .max(20)
        .optional()
        .describe(
          "Who may decide: user:<name> or group:<name>; group:system:masters by default. A ServiceAccount decides only where it is listed as a user.",
        ),
      minApprovers: z.int().min(1).max(20).optional().describe("How many people have to approve; 1 by default."),
      budgets: z
        .object({ perNamespacePerHour: z.int().min(0).max(10_000).optional(), perHour: z.int().min(0).max(10_000).optional() })
        .optional()
        .describe("How many repairs may begin in an hour."),
      limits: z
        .object({
          memory: quantity.optional().describe("Of one container, such as 4Gi."),
          cpu: quantity.optional().describe("Of one container, such as 2 or 1500m."),
          replicas: z.int().min(0).max(1000).optional(),
        })
        .optional()
        .describe("The most that a repair may set, also where a person asks for other parameters."),
      freezes: z
        .array(z.object({ name: shortText, from: timestamp, to: timestamp, when: celExpression.optional() }))
        .max(50)
        .optional()
        .describe(
          "Windows in which nothing is repaired. A window holds everywhere: a condition (when) is refused, because no controller evaluates it yet.",
        ),
      protected: z
        .object({ namespaces: z.array(namespaceName).max(200).optional(), kinds: z.array(z.string().max(63)).max(50).optional() })
        .optional()
        .describe("Never touched. kube-system and Kintsugi's own namespace always are."),
      stabilisationSeconds: z.int().min(0).max(3600).optional().describe("How long the symptom has to stay away; 60 by default."),
      coolOffSeconds: z
        .int()
        .min(0)
        .max(86_400)
        .optional()
        .describe("How long after an episode its alerts still belong to it; 1800 by default."),
      approvalExpirySeconds: z.int().min(60).max(604_800).optional().describe("How long an approval waits; 14400 by default."),
      verificationSeconds: z.int().min(10).max(3600).optional().describe("How long a repair may take to show its effect; 300 by default."),
      maxAttempts: z.int().min(1).max(10).optional().describe("3 by default."),
      retentionSeconds: z.int().min(60).max(31_536_000).optional().describe("How long a finished request is kept; 86400 by default."),
      noActionRetentionSeconds: z
        .int()
        .min(60)
        .max(31_536_000)
        .optional()
        .describe("How long a request is kept that needed no action; 3600 by default, and never longer than retentionSeconds."),
      maxOpenRequests: z
        .int()
        .min(1)
        .max(10_000)
        .optional()
        .describe("How many requests may be open at once; 500 by default. Beyond that, senders of alerts about other objects get 503."),
    })
    .meta({
      "x-kubernetes-validations": [
        ...Object.entries(unevaluated).map(([field, instead]) => refusal(field, instead)),
        {
          rule: "!has(self.freezes) || self.freezes.all(freeze, !has(freeze.when))",
          message: "spec.freezes[].when is not evaluated yet, so it is refused: a freeze holds everywhere",
        },
      ],
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
export type RemediationPolicy = ResourceOf<typeof RemediationPolicy>;

/** The rules of a policy that no controller evaluates: the policy was stored before admission refused them. */
export const unevaluatedFields = (spec: RemediationPolicy["spec"]): readonly string[] => [
  ...(Object.keys(unevaluated) as (keyof typeof unevaluated)[])
    .filter((field) => spec[field] !== undefined)
    .map((field) => `spec.${field}`),
  ...((spec.freezes ?? []).some(({ when }) => when !== undefined) ? ["spec.freezes[].when"] : []),
];
