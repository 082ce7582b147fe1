// Credentials behind the name of a scheme, also without a header's name: `bearer x`, `basic x`. Pure.
import { isProseWord } from "#lib/redact/prose.ts";
import type { Scan } from "#lib/redact/spans.ts";
import { bareEnd } from "#lib/redact/values.ts";

const schemes = /(?<![\w-])(?:bearer|basic|genie-?key|splunk|apikey|negotiate)[ \t]{1,4}(?=[\w+/.~=-]{8})/gi;

export const scanBearer: Scan = (text, hide) => {
  for (const found of text.matchAll(schemes)) {
    const start = found.index + found[0].length;
    const end = bareEnd(text, start);
    const value = text.slice(start, Math.min(end, start + 4097));
    if (/^[a-z_-]{2,20}=/.test(value) || isProseWord(value)) continue;
    // `basic functionality` is a phrase; what has digits, two cases or signs is none.
    if (/^[a-z-]+[.,:;]?$/.test(value) && !/^bearer/i.test(found[0])) continue;
    hide(start, end);
  }
};
