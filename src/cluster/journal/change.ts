// One change of one field of one object, as plain data for people and for evidence. Pure; values are redacted and short here, never whole.
import type { ObjectReference } from "#api/object.ts";
import type { FieldDifference, Step } from "#cluster/journal/field-differences.ts";
import { fieldDifferences } from "#cluster/journal/field-differences.ts";
import { contentsOf, isHashOnly, type Track, type Version } from "#cluster/journal/track.ts";
import { canonicalJson } from "#lib/canonical-json.ts";
import { toPreciseTimestamp } from "#lib/clock.ts";
import { redact, redactValue } from "#lib/redact.ts";

export interface ObjectChange {
  readonly object: ObjectReference;
  /** RFC 3339. */
  readonly at: string;
  /** Not watched when it happened: between this and `at`. */
  readonly notBefore?: string;
  /** Field manager; `unknown` without a record. */
  readonly by: string;
  /** `spec.template.spec.containers[web].image`; empty for a whole object. */
  readonly field: string;
  readonly kind: "created" | "changed" | "deleted";
  readonly before?: string;
  readonly after?: string;
  /** The version of the object that it made, where the journal has it. */
  readonly version?: number;
  /** It puts back what another manager had changed then. */
  readonly undoes?: { readonly at: string; readonly by: string };
  readonly source: ChangeSource;
}

/** Who remembers it. */
export type ChangeSource = "journal" | "managedFields" | "ReplicaSet" | "ControllerRevision" | "Helm release";

const maxFields = 20;
const maxValueLength = 200;

/** All that is known to have happened to one object, oldest first. */
export const changesOf = (track: Track): readonly ObjectChange[] => {
  const contents = contentsOf(track);
  const changes: ObjectChange[] = [];
  for (const [index, { version, content }] of contents.entries()) {
    const base = baseOf(track, version);
    const before = contents[index - 1]?.content;
    if (version.kind !== "changed" || before === undefined || content === undefined) {
      changes.push({ ...base, field: "", kind: version.kind });
      continue;
    }
    const differences = isHashOnly(content) || isHashOnly(before) ? [] : fieldDifferences(before, content);
    if (differences.length === 0) changes.push({ ...base, field: "", kind: "changed" });
    changes.push(...fieldChanges(base, version, differences));
  }
  return marked(changes);
};

type Base = Pick<ObjectChange, "object" | "at" | "notBefore" | "by" | "version" | "source">;

const baseOf = ({ object }: Track, { at, notBefore, by, number, source }: Version): Base => ({
  object,
  at: toPreciseTimestamp(at),
  ...(notBefore === undefined ? {} : { notBefore: toPreciseTimestamp(notBefore) }),
  by,
  version: number,
  source: source === "watch" ? "journal" : "managedFields",
});

const fieldChanges = (base: Base, { others = [] }: Version, differences: readonly FieldDifference[]): readonly ObjectChange[] => {
  const writers = new Map(others);
  const shown = differences.slice(0, maxFields).map((each): ObjectChange => ({
    ...base,
    by: writers.get(each.field) ?? base.by,
    kind: "changed",
    ...describe(each),
  }));
  const more = differences.length - shown.length;
  return more > 0 ? [...shown, { ...base, field: "", kind: "changed", after: `${more} more fields` }] : shown;
};

/** Path and values of a difference, safe to show and to save. */
export const describe = ({ field, steps, before, after }: FieldDifference): Pick<ObjectChange, "field" | "before" | "after"> => {
  const [from, to] = differingLines(textOf(steps, before), textOf(steps, after));
  return { field, ...(from === undefined ? {} : { before: clipped(from) }), ...(to === undefined ? {} : { after: clipped(to) }) };
};

const textOf = (steps: readonly Step[], value: unknown): string | undefined => (value === undefined ? undefined : safeText(steps, value));

/** Of a file only the lines from the first to the last that differ: the rest would hide them. */
const differingLines = (before: string | undefined, after: string | undefined): readonly [string | undefined, string | undefined] => {
  if (before === undefined || after === undefined || before === after) return [before, after];
  const [from, to] = [before.split("\n"), after.split("\n")];
  const shorter = Math.min(from.length, to.length);
  let start = 0;
  while (start < shorter && from[start] === to[start]) start += 1;
  let end = 0;
  while (end < shorter - start && from.at(-1 - end) === to.at(-1 - end)) end += 1;
  const middle = (lines: readonly string[]): string => lines.slice(start, lines.length - end).join("\n");
  return [middle(from), middle(to)];
};

/** A secret may be known as one by its own text, or by the name of the field, variable or key that holds it. */
const safeText = (steps: readonly Step[], value: unknown): string => {
  let safe: unknown = redactValue(value);
  for (const step of steps.toReversed()) {
    const name = "field" in step ? step.field : step.name;
    const masked = (redactValue({ [name]: typeof safe === "string" ? safe : canonicalJson(safe) }) as Record<string, unknown>)[name];
    if (masked === redactedMark) return redactedMark;
  }
  if (typeof safe === "string") safe = redact(safe);
  return typeof safe === "string" ? safe : canonicalJson(safe);
};
const clipped = (text: string): string => (text.length <= maxValueLength ? text : `${text.slice(0, maxValueLength)}…`);
const redactedMark = "[redacted]";

/** Says of a change that it takes a field back to what it was before another manager's change. */
const marked = (changes: readonly ObjectChange[]): readonly ObjectChange[] => {
  const last = new Map<string, ObjectChange>();
  return changes.map((change) => {
    if (change.field === "") {
      if (change.kind !== "changed") last.clear();
      return change;
    }
    const earlier = last.get(change.field);
    const isBack = earlier !== undefined && earlier.before === change.after && earlier.after === change.before && earlier.by !== change.by;
    const shown = isBack ? { ...change, undoes: { at: earlier.at, by: earlier.by } } : change;
    last.set(change.field, shown);
    return shown;
  });
};

export interface Contest {
  readonly object: ObjectReference;
  readonly field: string;
  /** The two that undo each other's writes, the one that wrote last first. */
  readonly by: readonly [string, string];
  readonly times: number;
  readonly lastAt: string;
}

/** Fields that two managers keep taking from each other: at least one has put back what the other wrote. */
export const contestsOf = (changes: readonly ObjectChange[]): readonly Contest[] => {
  const contests = new Map<string, Contest>();
  for (const change of changes) {
    if (change.undoes === undefined) continue;
    const key = canonicalJson([change.object, change.field, [change.by, change.undoes.by].toSorted()]);
    const times = (contests.get(key)?.times ?? 0) + 1;
    contests.set(key, { object: change.object, field: change.field, by: [change.by, change.undoes.by], times, lastAt: change.at });
  }
  return [...contests.values()];
};
