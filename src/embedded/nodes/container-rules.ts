// What containers do, as a file can say it: a list of "when … does …", the first that fits counts; and what registries answer. Turns the file
// into functions; knows no scenario.
import * as z from "zod";
import { parseQuantity } from "#lib/quantity.ts";
import type { Behave, Behaviour, ContainerContext, Pull } from "#embedded/nodes/behaviour.ts";

const pattern = z.string().refine(isPattern, { error: "is no regular expression" });

const bytes = z.string().transform((text, context) => {
  const amount = parseQuantity(text);
  if (amount !== undefined) return Number(amount / 1000n);
  context.addIssue({ code: "custom", message: "is no quantity" });
  return z.NEVER;
});

/** All that stands in it has to hold; an empty one always does. Patterns look anywhere, line by line; what their named groups find can stand in `log`. */
const When = z.strictObject({
  image: pattern.optional(),
  container: z.string().optional(),
  pod: pattern.optional(),
  /** In command and arguments, joined with blanks. */
  argsContain: z.string().optional(),
  /** By name; null: not set, or empty. */
  env: z.record(z.string(), pattern.nullable()).optional(),
  file: z.strictObject({ path: z.string(), matches: pattern.optional(), isMissing: z.literal(true).optional() }).optional(),
  memoryLimitBelow: bytes.optional(),
  cannotReach: z.string().optional(),
  restartsBelow: z.int().optional(),
});

const milliseconds = z.int().min(0);
const LogLine = z.union([z.string(), z.strictObject({ afterMs: milliseconds, text: z.string() })]);

const Does = z.strictObject({
  startMs: milliseconds.optional(),
  log: z.array(LogLine).optional(),
  exit: z.strictObject({ code: z.int().min(0).max(255), afterMs: milliseconds.optional() }).optional(),
  memory: bytes.optional(),
  memoryGrowthPerSecond: bytes.optional(),
  listens: z.array(z.int()).optional(),
  httpStatus: z.record(z.string(), z.int()).optional(),
  exec: z.record(z.string(), z.strictObject({ code: z.int(), output: z.string().optional() })).optional(),
  onTerm: z.union([z.literal("ignored"), z.strictObject({ code: z.int(), afterMs: milliseconds.optional() })]).optional(),
  terminationMessage: z.string().optional(),
});

const Registry = z.strictObject({
  image: pattern,
  /** The registry wants one of them. */
  unlessSecret: z.string().optional(),
  problem: z.enum(["not-found", "unauthorized", "no-such-host", "unreachable"]).optional(),
  takesMs: milliseconds.optional(),
});

export const ContainerRules = z.strictObject({
  images: z.array(Registry).default([]),
  containers: z.array(z.strictObject({ when: When.default({}), does: Does })).default([]),
});
export type ContainerRules = z.output<typeof ContainerRules>;

export const behaveBy =
  ({ containers }: ContainerRules): Behave =>
  (context) => {
    for (const { when, does } of containers) {
      const found = foundBy(when, context);
      if (found !== undefined) return behaviourOf(does, found);
    }
    return undefined;
  };

export const pullBy =
  ({ images }: ContainerRules): Pull =>
  ({ image, secrets }) => {
    const rule = images.find((each) => new RegExp(each.image).test(image));
    if (rule === undefined) return undefined;
    const { problem, takesMs, unlessSecret } = rule;
    const fails = problem !== undefined && !(unlessSecret !== undefined && secrets.includes(unlessSecret));
    return { ...(fails ? { problem } : {}), ...(takesMs === undefined ? {} : { takesMs }) };
  };

type Found = Readonly<Record<string, string>>;

/** The environment and what the patterns' groups have found; undefined where the condition does not hold. */
const foundBy = (when: z.output<typeof When>, context: ContainerContext): Found | undefined => {
  const found: Record<string, string> = { ...context.env };
  const matches = (text: string | undefined, wanted: string | undefined): boolean => {
    if (wanted === undefined) return true;
    const match = text === undefined ? null : new RegExp(wanted, "m").exec(text);
    Object.assign(found, match?.groups);
    return match !== null;
  };
  const { file, memoryLimitBelow, cannotReach, restartsBelow } = when;
  const words = [...context.command, ...context.args].join(" ");
  const holds =
    matches(context.image, when.image) &&
    (when.container === undefined || when.container === context.container) &&
    matches(context.pod, when.pod) &&
    (when.argsContain === undefined || words.includes(when.argsContain)) &&
    Object.entries(when.env ?? {}).every(([name, wanted]) =>
      wanted === null ? (context.env[name] ?? "") === "" : matches(context.env[name], wanted),
    ) &&
    (file === undefined ||
      (file.isMissing === true ? context.files[file.path] === undefined : matches(context.files[file.path], file.matches ?? ""))) &&
    (memoryLimitBelow === undefined || (context.memoryLimitBytes ?? Number.POSITIVE_INFINITY) < memoryLimitBelow) &&
    (cannotReach === undefined || !context.reaches(cannotReach)) &&
    (restartsBelow === undefined || context.restarts < restartsBelow);
  return holds ? found : undefined;
};

const behaviourOf = ({ memory, memoryGrowthPerSecond, log, ...rest }: z.output<typeof Does>, found: Found): Behaviour => {
  const filled = (text: string): string => text.replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) => found[name] ?? "");
  return stripUndefined({
    ...rest,
    log: log?.map((line) => (typeof line === "string" ? filled(line) : { ...line, text: filled(line.text) })),
    memoryBytes: memory,
    memoryGrowthBytesPerSecond: memoryGrowthPerSecond,
  }) as Behaviour;
};

const stripUndefined = (record: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, "m").source !== "";
  } catch {
    return false;
  }
}
