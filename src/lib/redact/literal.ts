// Which literal values are shown although their purpose is not known: numbers, switches, words, hosts, ports, addresses, paths.
// Any other value of a variable or a label may be a secret under a harmless name. Pure.

const shown: readonly RegExp[] = [
  /^$/,
  // Numbers, quantities, durations, percentages, times.
  /^[+-]?\d{1,18}(?:\.\d{1,9})?(?:%|[munkKMGTPE]i?[bB]?|ms|us|ns|s|m|h|d)?$/,
  /^(?:\d{1,6}(?:h|ms|m|s)){1,4}$/,
  /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/,
  // A word, or several: `info`, `SCRAM-SHA-512`, `read_only`, `Europe/Berlin`, `PodReady`.
  /^[a-z]{1,24}$/,
  /^[A-Z]{1,24}$/,
  /^[A-Z]?[a-z]{1,16}(?:[A-Z][a-z]{1,16}){0,4}$/,
];

/** A part of a name: letters, or digits, or a few digits behind or before letters: `db`, `db1`, `ipv4`, `2fa`. */
const part = /^(?:[a-z]{1,24}\d{0,3}|[A-Z]{1,24}\d{0,3}|[A-Z][a-z]{1,24}\d{0,2}|\d{1,6}[a-z]{0,3})$/;
/** As Kubernetes makes them: `7d9c5b6f4`, `x2x1z`; only behind other parts. */
const generated = /^[a-z0-9]{5,10}$/;

/** `shop.orders:8080/v1`, `web-7d9c5b6f4-x2x1z`, `registry.example.com/web:1.2`. */
const isName = (text: string): boolean => {
  const parts = text.split(/[-._:/@+]/);
  return (
    text.length <= 253 &&
    !/^-|-$/.test(text) &&
    parts.length > 1 &&
    parts.some((each) => /^[A-Za-z]{2,24}\d{0,3}$/.test(each) || /^\d{1,3}$/.test(each)) &&
    parts.every((each, at) => each === "" || part.test(each) || (at > 0 && generated.test(each)))
  );
};

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const digest = /^(?:[\w./:-]{1,200}@)?sha256:[0-9a-f]{64}$/;
const address = /^[a-z][a-z0-9+.-]{1,20}(?::[a-z0-9]{1,20})?:\/\//i;
/** A plain argument, `-Xmx512m`. */
const option = /^-{1,2}[A-Za-z][A-Za-z.:+-]{0,40}(?:\d{1,6}[a-zA-Z]?|=(\S{1,200}))?$/;

/** Assumption: the text is redacted. */
export const isTelling = (text: string): boolean => {
  if (text.length > 2048) return false;
  if (shown.some((pattern) => pattern.test(text)) || isName(text) || digest.test(text) || uuid.test(text)) return true;
  if (address.test(text)) return !/\s/.test(text);
  const given = option.exec(text);
  if (given !== null) return given[1] === undefined || isTelling(given[1]);
  const pieces = text.split(/[\s,;|]+/).filter((piece) => piece !== "");
  return pieces.length > 1 && pieces.length <= 64 && pieces.every((piece) => piece !== text && isTelling(piece));
};

export const hiddenLiteral = "[value]";
