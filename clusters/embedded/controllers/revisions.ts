// Past templates of StatefulSets and DaemonSets: ControllerRevisions, numbered, the newest one the object's own; pkg/controller/history.
import { jsonEqual } from "#lib/canonical-json.ts";
import type { Client } from "#embedded/controllers/controller.ts";
import { claimed, controllerReference } from "#embedded/controllers/ownership.ts";
import { templateHash } from "#embedded/controllers/template-hash.ts";
import { type JsonRecord, type Stored, at, numberOf, recordOf, textOf, without } from "#embedded/json.ts";
import { builtIn } from "#embedded/resources.ts";

export const controllerRevisions = builtIn("apps/v1", "ControllerRevision");
/** Of a pod: a StatefulSet writes the revision's name, a DaemonSet its hash. */
export const revisionLabel = "controller-revision-hash";

export interface History {
  /** Of the template as it is. */
  readonly update: Stored;
  /** The oldest first. */
  readonly all: readonly Stored[];
}

const numberIn = (revision: Stored): number => numberOf(revision["revision"]) ?? 0;

/** `hashLabel` is what the revision keeps its hash under. */
export const historyOf = (client: Client, owner: Stored, hashLabel: string): History => {
  const all = [...claimed(client, owner, controllerRevisions)].toSorted((a, b) => numberIn(a) - numberIn(b));
  const last = all.at(-1);
  const data = { spec: { template: { ...recordOf(at(owner, "spec", "template")), $patch: "replace" } } };
  const same = all.findLast((revision) => jsonEqual(revision["data"], data));
  if (same !== undefined && same === last) return { update: same, all };
  const next = (last === undefined ? 0 : numberIn(last)) + 1;
  if (same !== undefined) {
    const update = client.update(same, (old) => ({ ...old, revision: next }));
    return { update, all: [...all.filter((revision) => revision !== same), update] };
  }
  const hash = templateHash(at(owner, "spec", "template"));
  const labels = { ...recordOf(at(owner, "spec", "template", "metadata", "labels")), [hashLabel]: hash };
  const update = client.create(controllerRevisions, owner.metadata.namespace, {
    metadata: { name: `${owner.metadata.name}-${hash}`, labels, ownerReferences: [controllerReference(owner)] },
    data,
    revision: next,
  });
  return { update, all: [...all, update] };
};

export const templateIn = (revision: Stored): JsonRecord => without(recordOf(at(revision, "data", "spec", "template")), "$patch");

/** Those that no pod has and that are beyond the limit, the oldest first. */
export const trimHistory = (client: Client, owner: Stored, { all, update }: History, isUsed: (revision: Stored) => boolean): void => {
  const limit = numberOf(at(owner, "spec", "revisionHistoryLimit")) ?? 10;
  const idle = all.filter((revision) => revision !== update && !isUsed(revision));
  for (const revision of idle.slice(0, Math.max(0, idle.length - limit))) client.remove(revision);
};

export const revisionOfPod = (pod: Stored): string => textOf(pod.metadata.labels?.[revisionLabel]);
