// restore_object: restores a ConfigMap or a NetworkPolicy from the change journal; a deleted ConfigMap is created again.
// Never a Secret (its values are kept nowhere), never rights (a person grants them), and no workload (it has its own revisions).
import * as z from "zod";
import { type ConfigMap, ConfigMaps, NetworkPolicies } from "#api/kubernetes.ts";
import type { KubeObject, ObjectReference } from "#api/object.ts";
import { defineAction, patches, noOp, patched, planned, refused } from "#actions/action.ts";
import { difference } from "#actions/difference.ts";
import { storedEffect } from "#actions/in-place.ts";
import type { Json } from "#lib/canonical-json.ts";

export const restoreObject = defineAction({
  name: "restore_object",
  title: "Restore an object",
  description:
    "Restores an object from the change journal: every field except metadata and status, or the whole ConfigMap if it was deleted. Refuses an object that the journal does not know, an immutable object, and an object that has not changed.",
  targetKinds: ["ConfigMap", "NetworkPolicy"],
  reads: [],
  risk: "medium",
  undo: "inverse",
  writes: [
    ...patches([ConfigMaps], ["/data", "/binaryData", "/immutable"]),
    ...patches([NetworkPolicies], ["/spec"]),
    { verb: "create", type: ConfigMaps },
  ],
  parameters: z.object({
    before: z.iso
      .datetime({ offset: true })
      .max(40)
      .describe("The time before the change, such as 2026-03-01T13:40:00Z: the last content before it is restored."),
  }),
  looksUp: ({ before }) => [{ keptBefore: before }],
  plan: (_parameters, target, { kept }) => {
    if (kept === undefined || "unknown" in kept) return refused(kept?.unknown ?? unread);
    if ((target as ConfigMap).immutable === true) return refused("it is immutable: it can only be replaced under another name");
    const [now, then] = [fieldsOf(target), fieldsOf(kept.content)];
    const operations = [...new Set([...Object.keys(now), ...Object.keys(then)])]
      .toSorted()
      .flatMap((field) => difference([field], now[field], then[field]));
    return operations.length === 0 ? noOp(`its content is the same as at ${kept.at}`) : patched(target, operations);
  },
  planMissing: (_parameters, { kept }) => {
    if (kept === undefined || "unknown" in kept) return refused(kept?.unknown ?? unread);
    const { object, content } = kept;
    if (object.kind !== "ConfigMap") return refused(`a deleted ${object.kind} cannot be restored automatically; restore it manually`);
    return planned({ type: "create", object, content: whole(object, content) });
  },
  verify: ({ target }, changes) => storedEffect(target, changes),
});

const unread = "the change journal was not read";

type Fields = Readonly<Record<string, Json | undefined>>;

/** The content of an object; labels, annotations and owners stay unchanged. */
const fieldsOf = (object: KubeObject | Readonly<Record<string, unknown>>): Fields => {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, status: _status, ...fields } = object as Record<string, Json>;
  return fields;
};

/** Owners may be gone by now, and another object of their name is none. */
const whole = ({ apiVersion, kind, namespace, name }: ObjectReference, content: Readonly<Record<string, unknown>>): Json => {
  const { labels, annotations } = (content["metadata"] ?? {}) as Record<string, Json | undefined>;
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  return { apiVersion, kind, metadata, ...fieldsOf(content) } as Json;
};
