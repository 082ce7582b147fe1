// `{{ $labels.pod }}` and `{{ $value | humanize }}` in labels and annotations: the part of Go's templates that alert rules use. Pure; never fails.
import type { Labels } from "#embedded/monitoring/series.ts";

export interface TemplateData {
  readonly labels: Labels;
  readonly value: number;
}

/** What can't be expanded says so where it stands, as Prometheus does. */
export const expandTemplate = (text: string, data: TemplateData): string => {
  try {
    return text.replaceAll(/\{\{-?\s*([^}]*?)\s*-?\}\}/g, (_, pipeline: string) => textOf(runPipeline(pipeline, data)));
  } catch (error) {
    return `<error expanding template: ${error instanceof Error ? error.message : String(error)}>`;
  }
};

type Operand = string | number;

const textOf = (value: Operand): string => (typeof value === "number" ? numberText(value) : value);

/** As Go's `%v` of a float64. */
const numberText = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e21)) return exponentText(value.toExponential());
  return String(value);
};
const exponentText = (text: string): string => text.replace(/e([-+])(\d)$/, "e$10$2");

const runPipeline = (pipeline: string, data: TemplateData): Operand =>
  stagesOf(pipeline).reduce<Operand | undefined>((before, stage) => {
    const words = stage.match(/"(?:[^"\\]|\\.)*"|`[^`]*`|\S+/g) ?? [];
    const [name = "", ...rest] = words;
    const args = [...rest.map((word) => operandOf(word, data)), ...(before === undefined ? [] : [before])];
    const found = functions[name];
    if (found !== undefined) return found(args);
    if (words.length !== 1 || before !== undefined) throw new Error(`function ${JSON.stringify(name)} not defined`);
    return operandOf(name, data);
  }, undefined) ?? "";

/** A bar inside of a string separates nothing. */
const stagesOf = (pipeline: string): string[] =>
  (pipeline.match(/(?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^|"`])+/g) ?? []).map((stage) => stage.trim());

const operandOf = (word: string, { labels, value }: TemplateData): Operand => {
  if (word === "$value" || word === ".Value") return value;
  const label = /^(?:\$labels|\.Labels)\.([a-zA-Z_]\w*)$/.exec(word)?.[1];
  if (label !== undefined) return labels[label] ?? "";
  if (word.startsWith("`")) return word.slice(1, -1);
  if (word.startsWith('"')) return JSON.parse(word) as string;
  if (/^-?\d+(\.\d+)?$/.test(word)) return Number(word);
  throw new Error(`${JSON.stringify(word)} is not defined`);
};

const numeric = (args: readonly Operand[]): number => {
  const value = Number(args.at(-1));
  if (Number.isNaN(value) && args.at(-1) !== "NaN") throw new Error(`${JSON.stringify(args.at(-1))} is no number`);
  return value;
};

const functions: Readonly<Record<string, (args: readonly Operand[]) => Operand>> = {
  humanize: (args) =>
    scaledText(numeric(args), 1000, ["", "k", "M", "G", "T", "P", "E", "Z", "Y"], ["", "m", "u", "n", "p", "f", "a", "z", "y"]),
  humanize1024: (args) => scaledText(numeric(args), 1024, ["", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"], []),
  humanizePercentage: (args) => `${significant(numeric(args) * 100)}%`,
  humanizeDuration: (args) => durationText(numeric(args)),
  toUpper: (args) => textOf(args.at(-1) ?? "").toUpperCase(),
  toLower: (args) => textOf(args.at(-1) ?? "").toLowerCase(),
  printf: ([format, ...args]) => formatted(String(format), args),
};

/** Go's `%.4g`. */
const significant = (value: number): string => {
  if (value === 0 || !Number.isFinite(value)) return numberText(value);
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(4)))));
  return exponent < -4 || exponent >= 4 ? exponentText(Number(value.toPrecision(4)).toExponential()) : String(Number(value.toPrecision(4)));
};

const scaledText = (value: number, step: number, up: readonly string[], down: readonly string[]): string => {
  if (value === 0 || !Number.isFinite(value)) return significant(value);
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= step && unit < up.length - 1) {
    scaled /= step;
    unit += 1;
  }
  if (unit > 0) return significant(scaled) + (up[unit] ?? "");
  while (Math.abs(scaled) < 1 && unit < down.length - 1) {
    scaled *= step;
    unit += 1;
  }
  return significant(scaled) + (down[unit] ?? "");
};

const durationText = (seconds: number): string => {
  if (Math.abs(seconds) < 1)
    return seconds === 0 ? "0s" : `${scaledText(seconds, 1000, [""], ["", "m", "u", "n", "p", "f", "a", "z", "y"])}s`;
  const sign = seconds < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(seconds));
  const parts = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60] as const;
  if (whole < 60) return `${sign}${significant(Math.abs(seconds))}s`;
  const units = ["d", "h", "m"] as const;
  const first = parts.findIndex((part) => part > 0);
  return `${sign}${parts
    .slice(first)
    .map((part, index) => `${part}${units[first + index] ?? ""} `)
    .join("")}${whole % 60}s`;
};

const formatted = (format: string, args: readonly Operand[]): string => {
  let next = 0;
  return format.replaceAll(/%(?:\.(\d+))?([a-z%])/g, (_, digits: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    const value = args[next++] ?? "";
    if (verb === "f") return Number(value).toFixed(Number(digits ?? 6));
    if (verb === "g" && digits !== undefined) return String(Number(Number(value).toPrecision(Number(digits))));
    return textOf(value);
  });
};
