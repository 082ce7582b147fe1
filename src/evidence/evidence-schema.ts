// The shape that evidence from a file must have: bounded everywhere, and of the main kinds as much as causes take for granted. Data.
import * as z from "zod";
import { Alert, Reference } from "#api/fields.ts";
import { evidenceForm } from "#evidence/evidence.ts";
import { sourceNames } from "#evidence/source-names.ts";
import { meanings } from "#logs/meaning.ts";
import { levels } from "#logs/record.ts";

const text = (max: number) => z.string().max(max);
const name = text(512);
const time = text(64);

const Metadata = z.looseObject({
  name,
  namespace: name.optional(),
  uid: name.default(""),
  resourceVersion: name.default(""),
  creationTimestamp: time.default(""),
  deletionTimestamp: time.optional(),
  labels: z.record(name, text(4096)).optional(),
  annotations: z.record(name, text(16_384)).optional(),
  ownerReferences: z
    .array(z.looseObject({ apiVersion: name, kind: name, name, uid: name.default(""), controller: z.boolean().optional() }))
    .max(100)
    .optional(),
  managedFields: z.array(z.looseObject({})).max(200).optional(),
});

const Conditions = z
  .array(z.looseObject({ type: name, status: name }))
  .max(100)
  .optional();
const Container = z.looseObject({
  name,
  image: text(4096).optional(),
  command: z.array(text(65_536)).max(1000).optional(),
  args: z.array(text(65_536)).max(1000).optional(),
  env: z
    .array(z.looseObject({ name: text(4096) }))
    .max(2000)
    .optional(),
  envFrom: z.array(z.looseObject({})).max(500).optional(),
  ports: z
    .array(z.looseObject({ containerPort: z.number() }))
    .max(500)
    .optional(),
  volumeMounts: z.array(z.looseObject({ name })).max(500).optional(),
  resources: z.looseObject({ requests: z.record(name, z.unknown()).optional(), limits: z.record(name, z.unknown()).optional() }).optional(),
});
const PodSpec = z.looseObject({
  containers: z.array(Container).max(200),
  initContainers: z.array(Container).max(200).optional(),
  volumes: z.array(z.looseObject({ name })).max(500).optional(),
  nodeName: name.optional(),
  tolerations: z.array(z.looseObject({})).max(500).optional(),
  imagePullSecrets: z.array(z.looseObject({})).max(100).optional(),
});
const Template = z.looseObject({ metadata: z.looseObject({ labels: z.record(name, text(4096)).optional() }).optional(), spec: PodSpec });
const Selector = z.looseObject({
  matchLabels: z.record(name, text(4096)).optional(),
  matchExpressions: z
    .array(z.looseObject({ key: name, operator: name }))
    .max(100)
    .optional(),
});
const RunState = z.looseObject({
  waiting: z.looseObject({}).optional(),
  running: z.looseObject({}).optional(),
  terminated: z.looseObject({ exitCode: z.number() }).optional(),
});
const ContainerStatuses = z
  .array(
    z.looseObject({
      name,
      image: text(4096).default(""),
      ready: z.boolean(),
      restartCount: z.number(),
      state: RunState.optional(),
      lastState: RunState.optional(),
    }),
  )
  .max(200)
  .optional();

const base = { apiVersion: name, metadata: Metadata };
const conditioned = z.looseObject({ conditions: Conditions }).optional();
const workload = (kind: string) =>
  z.looseObject({
    ...base,
    kind: z.literal(kind),
    spec: z.looseObject({ replicas: z.number().optional(), selector: Selector, template: Template }),
    status: conditioned,
  });
const jobSpec = z.looseObject({ template: Template });

const known = [
  z.looseObject({
    ...base,
    kind: z.literal("Pod"),
    spec: PodSpec,
    status: z
      .looseObject({ conditions: Conditions, containerStatuses: ContainerStatuses, initContainerStatuses: ContainerStatuses })
      .optional(),
  }),
  ...["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"].map(workload),
  z.looseObject({ ...base, kind: z.literal("Job"), spec: jobSpec, status: conditioned }),
  z.looseObject({ ...base, kind: z.literal("CronJob"), spec: z.looseObject({ jobTemplate: z.looseObject({ spec: jobSpec }) }) }),
  z.looseObject({
    ...base,
    kind: z.literal("Service"),
    spec: z.looseObject({
      selector: z.record(name, text(4096)).optional(),
      ports: z
        .array(z.looseObject({ port: z.number() }))
        .max(500)
        .optional(),
    }),
  }),
  z.looseObject({
    ...base,
    kind: z.literal("Node"),
    spec: z
      .looseObject({
        taints: z
          .array(z.looseObject({ key: name, effect: name }))
          .max(100)
          .optional(),
      })
      .optional(),
    status: conditioned,
  }),
  z.looseObject({
    ...base,
    kind: z.literal("HorizontalPodAutoscaler"),
    spec: z.looseObject({ scaleTargetRef: z.looseObject({ kind: name, name }) }),
    status: conditioned,
  }),
  z.looseObject({
    ...base,
    kind: z.literal("ConfigMap"),
    data: z.record(name, text(1_048_576)).optional(),
    binaryData: z.record(name, z.string()).optional(),
  }),
] as const;

const byKind = new Map(known.map((schema) => [schema.shape.kind.value as string, schema as z.ZodType]));
const Other = z.looseObject({
  ...base,
  kind: name,
  spec: z.looseObject({}).optional(),
  status: z.looseObject({}).optional(),
});

/** The rule of its own kind, where there is one. */
const Obj = z.looseObject({ kind: name }).transform((object, context): unknown => {
  const read = (byKind.get(object.kind) ?? Other).safeParse(object);
  if (read.success) return read.data;
  for (const issue of read.error.issues.slice(0, 3))
    context.addIssue({ code: "custom", message: `${object.kind}: ${issue.message}`, path: issue.path });
  return z.NEVER;
});

const Quantity = z.number();

export const EvidenceSchema = z.object({
  form: z.literal(evidenceForm),
  collectedAt: time.refine((at) => !Number.isNaN(Date.parse(at)), "no time"),
  scope: z.object({
    namespaces: z.union([z.literal("all"), z.array(name).max(10_000)]),
    called: z.array(name).max(10_000).optional(),
    target: Reference.optional(),
  }),
  alerts: z.array(Alert).max(10_000).default([]),
  objects: z.array(Obj).max(300_000),
  read: z
    .array(z.object({ kind: name, namespace: name.optional() }))
    .max(100_000)
    .default([]),
  events: z
    .array(
      z.object({
        object: text(1024),
        uid: name.optional(),
        type: z.enum(["Normal", "Warning"]),
        reason: text(1024),
        message: text(8192),
        count: Quantity,
        firstAt: time.optional(),
        lastAt: time.optional(),
      }),
    )
    .max(50_000)
    .default([]),
  logs: z
    .array(
      z.object({
        namespace: name,
        pod: name,
        container: name.optional(),
        run: z.enum(["current", "previous"]),
        text: text(262_144),
        digest: z
          .object({
            messages: z
              .array(
                z.object({
                  template: text(1024),
                  level: z.enum(levels),
                  meaning: z.enum(meanings).optional(),
                  count: Quantity,
                  firstMs: Quantity.optional(),
                  lastMs: Quantity.optional(),
                  line: text(1024),
                  message: text(1024),
                }),
              )
              .max(100),
            records: Quantity,
            fromMs: Quantity.optional(),
          })
          .optional(),
        count: Quantity.optional(),
      }),
    )
    .max(5_000)
    .default([]),
  metrics: z
    .array(
      z.object({ object: Reference, container: name.optional(), name, value: Quantity, usual: Quantity.optional(), at: time.optional() }),
    )
    .max(100_000)
    .default([]),
  firing: z
    .array(z.object({ name, since: time.optional(), labels: z.record(text(128), text(1024)) }))
    .max(1_000)
    .default([]),
  connections: z
    .array(
      z.object({
        from: Reference.optional(),
        namespace: name,
        service: name,
        port: Quantity,
        result: z.enum(["open", "refused", "timeout", "unresolved", "unknown"]),
        durationMs: Quantity.optional(),
        text: text(8192),
      }),
    )
    .max(10_000)
    .default([]),
  components: z
    .array(
      z.object({ component: name, node: name.optional(), state: z.enum(["running", "stopped", "failing", "unknown"]), text: text(8192) }),
    )
    .max(50_000)
    .default([]),
  changes: z
    .array(
      z.object({
        object: Reference,
        at: time,
        by: name,
        field: text(2048),
        kind: z.enum(["created", "changed", "deleted"]),
        before: text(65_536).optional(),
        after: text(65_536).optional(),
      }),
    )
    .max(50_000)
    .default([]),
  gaps: z.array(text(4096)).max(1000).default([]),
  // Names of a later version say nothing here.
  lacks: z
    .array(z.string().max(64))
    .max(200)
    .transform((names) => sourceNames.filter((each) => names.includes(each)))
    .optional(),
});
