// How often, and since when, a program says what a finding quotes of its log. Pure.
import { referenceText } from "#api/object.ts";
import { times } from "#lib/words.ts";
import type { Message } from "#logs/digest.ts";
import { recordOf } from "#logs/record.ts";
import { templateOf } from "#logs/template.ts";
import type { Finding } from "#diagnosis/finding.ts";
import type { View } from "#diagnosis/view.ts";

/** `09:41:00 UTC` */
export const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(11, 19)} UTC`;

/** `58 times, since 13:52:00 UTC` */
export const countText = ({ count, firstMs }: Pick<Message, "count" | "firstMs">): string =>
  `${times(count)}${firstMs === undefined ? "" : `, since ${timeText(firstMs)}`}`;

/** The finding, with how often its log quotes occur, where its chain does not say it. */
export const withCounts = <F extends Finding>(view: View, finding: F): F => {
  if (finding.chain.some((each) => / times, since /.test(each))) return finding;
  for (const { source, object, quote } of finding.quotes) {
    if (source !== "log") continue;
    const templates = new Set(quote.split("\n").map((line) => templateOf(recordOf(line).message)));
    const said = view.evidence.logs
      .filter(({ digest, namespace, pod }) => digest !== undefined && referenceText({ kind: "Pod", namespace, name: pod }) === object)
      .flatMap(({ digest }) => digest?.messages ?? [])
      .find(({ count, template }) => count > 1 && templates.has(template));
    if (said !== undefined) return { ...finding, chain: [...finding.chain, `${object} logs this ${countText(said)}`] };
  }
  return finding;
};
