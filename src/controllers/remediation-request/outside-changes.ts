// What others have changed near the objects of a request, from the change journal: who, when and what, in words. Pure; values of fields are left out.
import { type ObjectReference, referenceText } from "#api/object.ts";
import { changesNear, type NearChange } from "#cluster/journal/changes-near.ts";
import { journalKey } from "#cluster/journal/journal.ts";
import type { Track } from "#cluster/journal/track.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { plainText } from "#lib/plain-text.ts";
import { counted } from "#lib/words.ts";

export interface OutsideChange {
  readonly atMs: number;
  /** Field manager. */
  readonly by: string;
  readonly object: ObjectReference;
  /** `kubectl-edit changed spec.template of Deployment shop/web` */
  readonly text: string;
}

/** Nodes and the cluster change all the time, for reasons of their own. */
const isNearby = ({ object }: Track, namespaces: ReadonlySet<string | undefined>): boolean =>
  object.namespace === undefined ? object.kind === "StorageClass" : namespaces.has(object.namespace);

/** Components of Kubernetes write what others have decided; Kintsugi's own writes are its repairs. */
const isOutsider = (by: string): boolean => !by.startsWith("kube-") && by !== "kubelet" && !by.startsWith("kintsugi");

const maxChanges = 10;

/** The newest last. Only changes of the objects themselves and of what they name, or are named by. */
export const outsideChanges = (
  tracks: readonly Track[],
  objects: readonly ObjectReference[],
  { from, to }: { readonly from: number; readonly to: number },
  isAuthor: (by: string) => boolean = isOutsider,
): readonly OutsideChange[] => {
  const namespaces = new Set(objects.map(({ namespace }) => namespace));
  const own = new Set(objects.map(journalKey));
  const isRecent = (track: Track): boolean => (track.versions.at(-1)?.at ?? 0) >= from;
  const near = tracks.filter((track) => isNearby(track, namespaces) && (isRecent(track) || own.has(journalKey(track.object))));
  if (!near.some(isRecent)) return [];
  const found = objects
    .flatMap((object) => changesNear(near, object, { from, to }))
    .filter(({ isDirect, source, by }) => isDirect && source === "journal" && isAuthor(by));
  const versions = new Map<string, NearChange[]>();
  for (const change of found) {
    const key = `${journalKey(change.object)} ${change.at} ${change.by}`;
    const known = versions.get(key) ?? [];
    if (!known.some(({ field }) => field === change.field)) versions.set(key, [...known, change]);
  }
  return [...versions.values()]
    .map(outsideChange)
    .filter(({ atMs }) => atMs >= from)
    .toSorted((a, b) => a.atMs - b.atMs)
    .slice(-maxChanges);
};

const outsideChange = (version: readonly NearChange[]): OutsideChange => {
  const [{ object, at, by, kind, field } = missing] = version;
  const more = version.length < 2 ? "" : ` and ${counted(version.length - 1, "more field")}`;
  const what = kind === "changed" ? `changed ${field === "" ? "" : `${field}${more} of `}` : `${kind} `;
  const text = plainText(`${by === "unknown" ? "another writer" : by} ${what}${referenceText(object)}`);
  return { atMs: fromTimestamp(at) ?? 0, by, object, text };
};

const missing: NearChange = {
  object: { apiVersion: "", kind: "", name: "" },
  at: "",
  by: "unknown",
  field: "",
  kind: "changed",
  source: "journal",
  relation: "",
  isDirect: false,
};
