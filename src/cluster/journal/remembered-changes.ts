// What Kubernetes itself remembers of the time before anybody watched: field managers' times, revisions of workloads, releases of Helm. Pure.
import type { ControllerRevision, PodTemplate, ReplicaSet } from "#api/kubernetes.ts";
import { type KubeObject, isControlledBy } from "#api/object.ts";
import { type ObjectChange, describe } from "#cluster/journal/change.ts";
import { fieldDifferences } from "#cluster/journal/field-differences.ts";
import { firstWrite, lastWrite, recordedWrites, unknownManager } from "#cluster/journal/field-managers.ts";
import { referenceOf } from "#cluster/journal/track.ts";
import { fromTimestamp, toPreciseTimestamp } from "#lib/clock.ts";

/** `relation`: where it bears on the target in a way that no content shows. */
export type Remembered = ObjectChange & { readonly relation?: string };

/** API server times are whole seconds. */
const togetherMs = 2_000;

/** Each manager's last write: when, and among which of its fields it has to be looked for. */
export const recordedChanges = (object: KubeObject): readonly Remembered[] => {
  const createdAt = fromTimestamp(object.metadata.creationTimestamp) ?? 0;
  const reference = referenceOf(object);
  const base = { object: reference, source: "managedFields" } as const;
  const first = firstWrite(object.metadata.managedFields);
  const by = first !== undefined && first.at <= createdAt + togetherMs ? first.by : unknownManager;
  const creation: Remembered = { ...base, at: toPreciseTimestamp(createdAt), by, field: "", kind: "created" };
  // What its maker writes in the first moments belongs to the making; another's write does not.
  const writes = recordedWrites(object.metadata.managedFields).filter((write) => write.at > createdAt + togetherMs || write.by !== by);
  return [
    creation,
    ...writes.map((write): Remembered => ({
      ...base,
      at: toPreciseTimestamp(write.at),
      by: write.by,
      kind: "changed",
      ...amongText(write.fields),
    })),
  ];
};

const amongText = (fields: readonly string[]): Pick<ObjectChange, "field" | "after"> => {
  const [only, ...others] = fields;
  if (only === undefined || others.length === 0) return { field: only ?? "" };
  return { field: commonField(fields), after: `one of ${fields.join(", ")}` };
};

/** The field in which all of these are; empty where that is the whole object. */
const commonField = (fields: readonly string[]): string => {
  let common = fields[0] ?? "";
  while (common !== "" && !fields.every((field) => field === common || field.startsWith(`${common}.`) || field.startsWith(`${common}[`)))
    common = common.slice(0, Math.max(0, common.lastIndexOf("."), common.lastIndexOf("[")));
  return common;
};

interface TemplateRevision {
  readonly revision: number;
  readonly createdAt: number;
  readonly name: string;
  readonly template: PodTemplate;
}

/** What each release changed in the pods of a workload, from its ReplicaSets or ControllerRevisions; those of others may be given, too. */
export const releaseChanges = (workload: KubeObject, history: readonly (ReplicaSet | ControllerRevision)[]): readonly Remembered[] => {
  const revisions = history
    .filter((each) => isControlledBy(each, workload))
    .flatMap((each) => revisionIn(each))
    .toSorted((a, b) => a.revision - b.revision);
  return revisions.flatMap((revision, index) => {
    const before = revisions[index - 1];
    return before === undefined ? [] : changesBetween(workload, before, revision);
  });
};

const revisionIn = (each: ReplicaSet | ControllerRevision): TemplateRevision[] => {
  const { kind, metadata } = each;
  const isSet = kind === "ReplicaSet";
  const revision = isSet ? Number(metadata.annotations?.["deployment.kubernetes.io/revision"]) : (each as ControllerRevision).revision;
  const template = isSet
    ? (each as ReplicaSet).spec.template
    : ((each as ControllerRevision).data as RevisionData | undefined)?.spec?.template;
  const createdAt = fromTimestamp(metadata.creationTimestamp);
  return !Number.isSafeInteger(revision) || template === undefined || createdAt === undefined
    ? []
    : [{ revision, createdAt, name: `${kind} ${metadata.name}`, template: comparable(template) }];
};
interface RevisionData {
  readonly spec?: { readonly template?: PodTemplate };
}

/** Written by the Deployment's controller, different in every ReplicaSet. */
const comparable = (template: PodTemplate): PodTemplate => {
  const { "pod-template-hash": _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
};

const changesBetween = (workload: KubeObject, before: TemplateRevision, after: TemplateRevision): readonly Remembered[] => {
  const last = lastWrite(workload.metadata.managedFields);
  // A rollback takes an old ReplicaSet again, which keeps its age: the newest write is all there is to go by.
  const isReused = after.createdAt < before.createdAt;
  if (isReused && (last === undefined || last.at < before.createdAt)) return [];
  const at = isReused && last !== undefined ? last.at : after.createdAt;
  const writer = recordedWrites(workload.metadata.managedFields).find((write) => Math.abs(write.at - at) <= togetherMs);
  const source = workload.kind === "Deployment" ? "ReplicaSet" : "ControllerRevision";
  const spec = (template: PodTemplate): object => ({ spec: { template } });
  return fieldDifferences(spec(before.template), spec(after.template))
    .slice(0, maxFields)
    .map((difference): Remembered => ({
      object: referenceOf(workload),
      at: toPreciseTimestamp(at),
      by: writer?.by ?? unknownManager,
      kind: "changed",
      source,
      ...describe(difference),
    }));
};
const maxFields = 20;

/** Releases of Helm, from the names and labels of the Secrets that it keeps them in; never from what these hold. */
export const helmChanges = (secrets: readonly KubeObject[], target: KubeObject | undefined): readonly Remembered[] =>
  secrets.flatMap(({ metadata }): Remembered[] => {
    const { owner, name, version, status = "unknown", modifiedAt, createdAt } = metadata.labels ?? {};
    if (owner !== "helm" || name === undefined || version === undefined) return [];
    const seconds = Number(createdAt ?? modifiedAt);
    const at = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : fromTimestamp(metadata.creationTimestamp);
    const annotations = target?.metadata.annotations ?? {};
    const isItsOwn =
      annotations["meta.helm.sh/release-name"] === name &&
      (annotations["meta.helm.sh/release-namespace"] ?? target?.metadata.namespace) === metadata.namespace;
    return [
      {
        object: {
          apiVersion: "v1",
          kind: "Secret",
          ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
          name: metadata.name,
        },
        at: toPreciseTimestamp(at ?? 0),
        by: "helm",
        field: "",
        kind: "created",
        after: `release ${name}, revision ${version}, ${status}`,
        source: "Helm release",
        ...(isItsOwn ? { relation: "released it" } : {}),
      },
    ];
  });
