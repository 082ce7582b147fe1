// The four lines on top of every story and every finding: state, Cause, Action, Next. Pure; layout only.
import { type Page, point } from "#cli/render/page.ts";
import { oneLine } from "#lib/plain-text.ts";

export interface Head {
  /** One or two words of at most nine letters, such as Repaired. */
  readonly state: string;
  readonly style: (text: string) => string;
  /** The object, then what else identifies it. */
  readonly subject: readonly string[];
  readonly cause: string;
  readonly action: string;
  readonly next: string;
}

const labelWidth = 9;

export const headLines = (page: Page, head: Head): readonly string[] => [
  // Never wrapped: names are there to be copied.
  `${head.style(head.state.padEnd(labelWidth))} ${head.subject.map(oneLine).join("  ")}`,
  ...labelled(page, "Cause", head.cause),
  ...labelled(page, "Action", head.action),
  ...labelled(page, "Next", head.next),
];

const labelled = (page: Page, label: string, text: string): readonly string[] =>
  point(page, 0, page.paint.bold(label.padEnd(labelWidth)), text);
