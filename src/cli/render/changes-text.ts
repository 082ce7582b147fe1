// The change journal of one object as people read it. Pure; values were redacted where the changes were made of versions.
import { type ObjectReference, referenceText } from "#api/object.ts";
import { ageText, dateAndTime } from "#lib/duration.ts";
import { diffLines, type Page, paragraph, point, section } from "#cli/render/page.ts";
import { counted } from "#lib/words.ts";
import { oneLine } from "#lib/plain-text.ts";
import type { Contest } from "#cluster/journal/change.ts";
import type { NearChange, Window } from "#cluster/journal/changes-near.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { trimmedEnd } from "#lib/trimmed-end.ts";

export interface ChangesPage {
  readonly page: Page;
  readonly now: number;
}

export interface ChangeList {
  readonly asked: ObjectReference;
  readonly target: ObjectReference;
  readonly window: Window;
  readonly changes: readonly NearChange[];
  readonly contests: readonly Contest[];
  readonly notRead: readonly string[];
}

export const changesText = ({ page, now }: ChangesPage, list: ChangeList): string => {
  const { asked, target, window, changes, contests, notRead } = list;
  const count = changes.length === 0 ? "no known change" : counted(changes.length, "change");
  const lines = [
    `${page.paint.bold(referenceText(target))}  ${count} from ${dateAndTime(window.from)} to ${dateAndTime(window.to)} UTC`,
    ...(referenceText(asked) === referenceText(target) ? [] : point(page, 1, "", `${referenceText(asked)} is a part of it.`)),
    ...changes.flatMap((change) => ["", ...block(page, change, target, now)]),
    ...section(
      page,
      "Conflicting writers",
      contests.flatMap((contest) => point(page, 1, "·", contestText(contest))),
    ),
    ...section(
      page,
      "Not read",
      notRead.flatMap((each) => point(page, 1, "·", each)),
    ),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
};

/** Time, object and writer; below them the whole values. */
const block = (page: Page, change: NearChange, target: ObjectReference, now: number): readonly string[] => {
  const { paint } = page;
  const facts = [
    `changed by ${change.by}`,
    `relation: ${change.relation}`,
    `source: ${change.version === undefined || change.source !== "journal" ? change.source : `journal, version ${change.version}`}`,
  ];
  return [
    `${timeText(change)} UTC  ${paint.dim(`${ageText(now - (fromTimestamp(change.at) ?? now))} ago`)}  ${paint.bold(oneLine(objectText(change.object, target)))}`,
    ...paragraph(page, 1, facts.join("; "), paint.dim),
    ...differenceLines(page, change),
  ];
};

const timeText = ({ at, notBefore }: NearChange): string => {
  const time = dateAndTime(fromTimestamp(at) ?? 0);
  return notBefore === undefined ? time : `${dateAndTime(fromTimestamp(notBefore) ?? 0)} to ${time.slice(11)}`;
};

const objectText = ({ kind, namespace, name }: ObjectReference, target: ObjectReference): string =>
  namespace === undefined || namespace === target.namespace ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;

const differenceLines = (page: Page, change: NearChange): readonly string[] => {
  const { kind, field, before, after, undoes } = change;
  if (field === "") return paragraph(page, 1, after === undefined ? kind : `${kind}: ${after}`);
  // Several fields at once, without values.
  if (before === undefined && after?.startsWith("one of ") === true) return paragraph(page, 1, after);
  const same = undoes === undefined ? "" : `  (same as before ${undoes.by}'s change)`;
  return [
    ...paragraph(page, 1, `${field}${same}`),
    ...(before === undefined ? [] : diffLines(page, 2, prefixed("- ", before))),
    ...(after === undefined ? (before === undefined ? [] : paragraph(page, 2, "(removed)")) : diffLines(page, 2, prefixed("+ ", after))),
  ];
};

const prefixed = (mark: string, text: string): string =>
  trimmedEnd(text, "\n")
    .split("\n")
    .map((line) => `${mark}${line}`)
    .join("\n");

const contestText = ({ object, field, by: [last, other], times, lastAt }: Contest): string =>
  `${field} of ${referenceText(object)}: ${last} restored the value that ${other} had changed, ${counted(times, "time")}, last at ${dateAndTime(fromTimestamp(lastAt) ?? 0)}.`;
