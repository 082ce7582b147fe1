// The change journal of one object as people read it. Pure; values were redacted where the changes were made of versions.
import { type ObjectReference, referenceText } from "#api/object.ts";
import { ageText, dateAndTime } from "#cli/render/duration.ts";
import { type Page, point, section } from "#cli/render/page.ts";
import { renderTable } from "#cli/render/table.ts";
import { counted, oneLine, truncated } from "#cli/render/text.ts";
import type { Contest } from "#cluster/journal/change.ts";
import type { NearChange, Window } from "#cluster/journal/changes-near.ts";
import { fromTimestamp } from "#lib/clock.ts";

export interface ChangesPage {
  readonly page: Page;
  /** The terminal's width; undefined where nothing is to be cut. */
  readonly columns: number | undefined;
  readonly now: number;
}

export interface ToldChanges {
  readonly asked: ObjectReference;
  readonly target: ObjectReference;
  readonly window: Window;
  readonly changes: readonly NearChange[];
  readonly contests: readonly Contest[];
  readonly notRead: readonly string[];
}

export const changesText = ({ page, columns, now }: ChangesPage, told: ToldChanges): string => {
  const { asked, target, window, changes, contests, notRead } = told;
  const count = changes.length === 0 ? "nothing is known to have changed" : counted(changes.length, "change");
  const lines = [
    `${page.paint.bold(referenceText(target))}  ${count} near it from ${dateAndTime(window.from)} to ${dateAndTime(window.to)} UTC`,
    ...(referenceText(asked) === referenceText(target) ? [] : point(page, 1, "", `${referenceText(asked)} belongs to it.`)),
    ...(changes.length === 0 ? [] : ["", table(changes, target, now, columns)]),
    ...section(
      page,
      "Two that undo each other",
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

const header = ["TIME (UTC)", "AGO", "OBJECT", "WHAT", "BY", "IT IS", "SOURCE"];

const table = (changes: readonly NearChange[], target: ObjectReference, now: number, columns: number | undefined): string => {
  const rows = changes.map((change) => [
    timeText(change),
    ageText(now - (fromTimestamp(change.at) ?? now)),
    objectText(change.object, target),
    whatText(change),
    change.by,
    change.relation,
    change.version === undefined || change.source !== "journal" ? change.source : `journal, version ${change.version}`,
  ]);
  return renderTable(header, rows, { columns }).trimEnd();
};

const timeText = ({ at, notBefore }: NearChange): string => {
  const time = dateAndTime(fromTimestamp(at) ?? 0);
  return notBefore === undefined ? time : `${dateAndTime(fromTimestamp(notBefore) ?? 0)} to ${time.slice(11)}`;
};

const objectText = ({ kind, namespace, name }: ObjectReference, target: ObjectReference): string =>
  namespace === undefined || namespace === target.namespace ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;

const maxValueLength = 60;
const short = (text: string): string => truncated(oneLine(text), maxValueLength);

export const whatText = ({ kind, field, before, after, undoes }: NearChange): string => {
  if (field === "") return after === undefined ? kind : `${kind}: ${short(after)}`;
  if (before === undefined && after?.startsWith("one of ") === true) return after;
  const [was, is] = [before === undefined ? "(none)" : short(before), after === undefined ? "(none)" : short(after)];
  const told = before === undefined && after === undefined ? field : `${field}: ${was} → ${is}`;
  return undoes === undefined ? told : `${told}, as before ${undoes.by}`;
};

const contestText = ({ object, field, by: [last, other], times, lastAt }: Contest): string =>
  `${field} of ${referenceText(object)}: ${last} has put back what ${other} wrote; ${counted(times, "time")} in all, last at ${dateAndTime(fromTimestamp(lastAt) ?? 0)}.`;
