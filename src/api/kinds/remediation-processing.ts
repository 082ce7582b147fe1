// RemediationProcessing: who the target is, what surrounds it, how urgent it is, what protects it. Written once, then never changed.
import * as z from "zod";
import { defineKind, type ResourceOf, type Transitions } from "#api/define-kind.ts";
import {
  maxAttemptNumber,
  AlertReference,
  Autonomy,
  message,
  objectName,
  phaseStatus,
  Priority,
  Reference,
  Reported,
  shortText,
  timestamp,
} from "#api/fields.ts";

export const ProcessingPhase = z.enum(["Pending", "Completed", "Failed"]);
export type ProcessingPhase = z.output<typeof ProcessingPhase>;
export type ProcessingReason = ProcessingPhase;
export const processingTransitions: Transitions<ProcessingPhase> = { Pending: ["Completed", "Failed"], Completed: [], Failed: [] };

export const ContainerState = z.object({
  pod: objectName,
  container: z.string().max(63),
  image: z.string().max(512),
  state: z.enum(["Waiting", "Running", "Terminated", "Unknown"]),
  reason: z.string().max(128).optional(),
  exitCode: z.int().optional(),
  restarts: z.int(),
  ready: z.boolean(),
});
export type ContainerState = z.output<typeof ContainerState>;

export const Neighbour = z.object({
  relation: z.enum([
    ...(["selectedBy", "scaledBy", "protectedBy", "limitedBy", "runsOn", "mounts", "readsFrom", "restrictedBy"] as const),
    ...(["routedBy", "routesTo", "selects", "scales", "protects", "limits", "hosts", "contains", "mountedBy", "readBy", "runs"] as const),
  ]),
  object: Reference,
  detail: shortText.optional().describe("Details of it, such as minAvailable or the node's conditions."),
});
export type Neighbour = z.output<typeof Neighbour>;

/** Another request that is open near the target. */
export const Sibling = z.object({
  request: objectName,
  alert: shortText.describe("The name of its first alert."),
  object: Reference.describe("Its target."),
  startsAt: timestamp,
});
export type Sibling = z.output<typeof Sibling>;

export const Revision = z.object({
  revision: z.int(),
  object: objectName.describe("The ReplicaSet or ControllerRevision that holds it."),
  createdAt: timestamp,
  images: z.array(z.string().max(512)).max(20),
  current: z.boolean(),
  changeCause: shortText.optional(),
});
export type Revision = z.output<typeof Revision>;

export const Context = z.object({
  exists: z.boolean().optional().describe("Whether the target existed; absent where it was not looked for."),
  uid: z.string().max(64).optional(),
  ownerChain: z.array(Reference).max(10).describe("From the reported object to the target."),
  replicas: z.object({ desired: z.int(), ready: z.int(), updated: z.int(), available: z.int() }).optional(),
  containers: z.array(ContainerState).max(50),
  neighbours: z.array(Neighbour).max(50),
  siblings: z.array(Sibling).max(20).optional().describe("Open requests in the same namespace, about a neighbour, or about the node."),
  revisions: z.array(Revision).max(10).describe("Newest first."),
  managedBy: z
    .object({
      tool: z.enum(["Argo CD", "Flux", "Helm", "operator"]),
      object: shortText.describe("The release, the application, or the resource of the operator."),
      proof: shortText,
      forbids: shortText.optional().describe("What becomes of a live change, and where to make it instead."),
    })
    .optional()
    .describe("The tool that would revert a live change."),
});
export type Context = z.output<typeof Context>;

export const RemediationProcessing = defineKind({
  kind: "RemediationProcessing",
  plural: "remediationprocessings",
  shortName: "rp",
  description: "The context of a target for its analysis: neighbours, environment, priority, autonomy, protections.",
  spec: z.object({
    request: objectName.describe("The RemediationRequest."),
    attempt: z.int().min(1).max(maxAttemptNumber).describe("The attempt of the request, from 1."),
    alert: AlertReference.describe("The first alert of the episode; the request holds all of it."),
    reported: Reported.describe("The object the alert named."),
    target: Reference.describe("The object to repair."),
  }),
  status: z.object({
    ...phaseStatus(ProcessingPhase, "Pending, then Completed or Failed."),
    context: Context.optional().describe("The surroundings of the target: owners, neighbours, revisions."),
    environment: z
      .object({ value: z.string().max(63), source: shortText })
      .optional()
      .describe("From the namespace's label kintsugi.dev/environment, else environment, else unknown."),
    priority: Priority.optional().describe("P0 is the most urgent."),
    autonomy: Autonomy.optional().describe("The highest autonomy of a repair here; a plan may be granted less."),
    managed: z.boolean().optional().describe("Whether the namespace (or the cluster-scoped object) is opted in."),
    protections: z.array(message).max(20).optional().describe("The rules that forbid or limit a repair."),
    quality: z
      .object({ missing: z.array(shortText).max(20) })
      .optional()
      .describe("Objects and sources that could not be read."),
  }),
  mutable: [],
  columns: [
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Environment", type: "string", jsonPath: ".status.environment.value" },
    { name: "Priority", type: "string", jsonPath: ".status.priority" },
    { name: "Autonomy", type: "string", jsonPath: ".status.autonomy" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
});
export type RemediationProcessing = ResourceOf<typeof RemediationProcessing>;
