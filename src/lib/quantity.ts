// Kubernetes quantities (`64Mi`, `250m`, `1e3`) as whole numbers, so that they can be compared and multiplied. Pure.

/** In thousandths of the unit, the finest that Kubernetes stores for resources; undefined where the text is no quantity. */
export const parseQuantity = (text: string): bigint | undefined => {
  const match = /^\+?(\d{1,30})(?:\.(\d{0,12}))?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE]([+-]?\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const [, whole = "0", fraction = "", suffix = "", exponent] = match;
  const scaled = BigInt(whole + fraction) * 1000n;
  const { numerator, denominator } = exponent === undefined ? factorOf(suffix) : powerOfTen(Number(exponent));
  const divisor = 10n ** BigInt(fraction.length) * denominator;
  const value = scaled * numerator;
  // Kubernetes rounds up what is finer than it can store.
  return (value + divisor - 1n) / divisor;
};

/** As the API server writes it back: whole numbers of the largest unit, binary ones kept binary. Undefined where the text is no quantity. */
export const canonicalQuantity = (text: string): string | undefined => {
  const value = parseQuantity(text);
  if (value === undefined) return undefined;
  if (binarySuffixes.some((suffix) => text.endsWith(suffix)) && value % 1000n === 0n)
    return largestUnit(value / 1000n, 1024n, ["", ...binarySuffixes]);
  return largestUnit(value, 1000n, ["m", "", ...suffixes]);
};

const largestUnit = (value: bigint, step: bigint, units: readonly string[]): string => {
  let count = value;
  let unit = 0;
  while (count !== 0n && count % step === 0n && unit < units.length - 1) {
    count /= step;
    unit += 1;
  }
  return count === 0n ? "0" : `${count}${units[unit]}`;
};

interface Factor {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const suffixes = ["k", "M", "G", "T", "P", "E"];
const binarySuffixes = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

const factorOf = (suffix: string): Factor => {
  if (suffix === "m") return { numerator: 1n, denominator: 1000n };
  const decimal = suffixes.indexOf(suffix);
  if (decimal >= 0) return { numerator: 1000n ** BigInt(decimal + 1), denominator: 1n };
  const binary = binarySuffixes.indexOf(suffix);
  return { numerator: binary >= 0 ? 1024n ** BigInt(binary + 1) : 1n, denominator: 1n };
};

const powerOfTen = (exponent: number): Factor =>
  exponent >= 0 ? { numerator: 10n ** BigInt(exponent), denominator: 1n } : { numerator: 1n, denominator: 10n ** BigInt(-exponent) };
