// What containers do and which images are missing, as a file: a list of "when … does …", of which the first match counts. Turns the file into
// functions; knows no scenario.
import * as z from "zod";
import { parseQuantity } from "#lib/quantity.ts";
import type { Behave, Behaviour, ContainerContext, Pull } from "#embedded/nodes/behaviour.ts";

const pattern = z.string().refine(isPattern, { error: "is not a regular expression" });

const bytes = z.string().transform((text, context) => {
  const amount = parseQuantity(text);
  if (amount !== undefined) return Number(amount / 1000n);
  context.addIssue({ code: "custom", message: "is not a quantity" });
  return z.NEVER;
});

/** All of its conditions must hold; an empty one always holds. Patterns match anywhere, line by line; `log` may use their named groups. */
const When = z.strictObject({
  /** In command and arguments, joined with blanks. */
  argsContain: z.string().optional(),
  /** By name; null: not set, or empty. */
  env: z.record(z.string(), pattern.nullable()).optional(),
  file: z.strictObject({ path: z.string(), matches: pattern }).optional(),
});

const milliseconds = z.int().min(0);
const LogLine = z.union([z.string(), z.strictObject({ afterMs: milliseconds, text: z.string() })]);

const Does = z.strictObject({
  startMs: milliseconds.optional(),
  log: z.array(LogLine).optional(),
  exit: z.strictObject({ code: z.int().min(0).max(255), afterMs: milliseconds.optional() }).optional(),
  memory: bytes.optional(),
  onTerm: z.literal("ignored").optional(),
});

const Registry = z.strictObject({ image: pattern, problem: z.literal("not-found") });

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
  ({ image }) => {
    const rule = images.find((each) => new RegExp(each.image).test(image));
    return rule === undefined ? undefined : { problem: rule.problem };
  };

type Found = Readonly<Record<string, string>>;

/** The environment and what the patterns' groups have found; undefined where the condition does not hold. */
const foundBy = (when: z.output<typeof When>, context: ContainerContext): Found | undefined => {
  const found: Record<string, string> = { ...context.env };
  const matches = (text: string | undefined, wanted: string): boolean => {
    const match = text === undefined ? null : new RegExp(wanted, "m").exec(text);
    Object.assign(found, match?.groups);
    return match !== null;
  };
  const { file } = when;
  const words = [...context.command, ...context.args].join(" ");
  const holds =
    (when.argsContain === undefined || words.includes(when.argsContain)) &&
    Object.entries(when.env ?? {}).every(([name, wanted]) =>
      wanted === null ? (context.env[name] ?? "") === "" : matches(context.env[name], wanted),
    ) &&
    (file === undefined || matches(context.files[file.path], file.matches));
  return holds ? found : undefined;
};

const behaviourOf = ({ memory, log, ...rest }: z.output<typeof Does>, found: Found): Behaviour => {
  const filled = (text: string): string => text.replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) => found[name] ?? "");
  return stripUndefined({
    ...rest,
    log: log?.map((line) => (typeof line === "string" ? filled(line) : { ...line, text: filled(line.text) })),
    memoryBytes: memory,
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
