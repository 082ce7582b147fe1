// What people see of a change: per object, before and after, a few lines around each difference, secrets masked. Pure; for reading only.
import type { Change } from "#api/change.ts";
import type { ObjectDiff } from "#api/fields.ts";
import { type KubeObject, referenceText, controllerOf } from "#api/object.ts";
import { preview } from "#actions/change.ts";
import { type Inverse, irreversible, type LiveOf } from "#actions/invert.ts";
import { maskPair } from "#actions/mask.ts";
import { hunksOf } from "#actions/hunks.ts";
import { linesOf } from "#actions/lines.ts";
import { escapedText } from "#lib/plain-text.ts";

const maxDiffBytes = 65_536;

/** One entry a change. Assumption: the guards of the changes hold on the objects given. */
export const objectDiffs = (changes: readonly Change[], inverse: Inverse, liveOf: LiveOf): ObjectDiff[] =>
  changes.map((change) => {
    const before = liveOf(change.object);
    const after = preview(change, before);
    const undo =
      inverse === irreversible ? undefined : inverse.filter((other) => referenceText(other.object) === referenceText(change.object));
    return {
      object: { ...change.object },
      diff: bounded(changeText(change, before, after)),
      inverse: bounded(undoText(inverse, undo, after)),
    };
  });

const changeText = (change: Change, before: KubeObject | undefined, after: KubeObject | undefined): string => {
  const name = referenceText(change.object);
  switch (change.type) {
    case "patch":
      return diffText(before, after);
    case "create":
      return `${name} is created:\n${diffText(undefined, after)}`;
    case "delete":
      return `${name} is deleted.`;
    case "evict":
      return `${name} is evicted, as far as its PodDisruptionBudgets allow${replacement(before)}.`;
  }
};

const replacement = (pod: KubeObject | undefined): string => {
  const owner = pod && controllerOf(pod);
  return owner === undefined ? "" : `; ${owner.kind} ${owner.name} makes a new one`;
};

const undoText = (inverse: Inverse, undo: readonly Change[] | undefined, after: KubeObject | undefined): string => {
  if (inverse === irreversible) return "This cannot be undone.";
  if (undo === undefined || undo.length === 0) return "There is nothing to undo.";
  return undo.map((change) => changeText(change, after, preview(change, after))).join("\n");
};

/** Unified form: `-` before, `+` after, and above each hunk its place in the object. Empty if nothing differs. */
export const diffText = (before: KubeObject | undefined, after: KubeObject | undefined): string => {
  const [shownBefore, shownAfter] = maskPair(shown(before), shown(after), after?.kind ?? before?.kind ?? "");
  return hunksOf(linesOf(shownBefore), linesOf(shownAfter))
    .map((hunk) => [`@@ ${hunk.place} @@`, ...hunk.lines].join("\n"))
    .join("\n");
};

/** What the server and other controllers keep for themselves is no part of a change. */
const shown = (object: KubeObject | undefined): unknown => {
  if (object === undefined) return undefined;
  const { status: _status, metadata = {}, ...rest } = object as Partial<KubeObject> & { status?: unknown };
  const {
    resourceVersion: _version,
    generation: _generation,
    managedFields: _fields,
    uid: _uid,
    ...shownMetadata
  } = metadata as Partial<KubeObject["metadata"]>;
  return { ...rest, metadata: shownMetadata };
};

/** What cannot be seen could deceive who approves: it is written out. */
const bounded = (unsafe: string): string => {
  const text = escapedText(unsafe);
  if (Buffer.byteLength(text) <= maxDiffBytes) return text;
  const note = "\n… (longer than can be shown)";
  // A cut may halve a character: what is left of it is dropped.
  return `${Buffer.from(text)
    .subarray(0, maxDiffBytes - Buffer.byteLength(note) - 4)
    .toString("utf8")
    .replace(/\uFFFD$/, "")}${note}`;
};
