// Finds every regular expression of src/, literal or built, and reports those whose time grows faster than the text they are given.
// Text of a cluster or a caller reaches most of them. Reads files only.
import { globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { type AnyNode, parse } from "acorn";
import { costOf } from "./regex/cost.ts";

/** Expressions that are allowed all the same, by file and the beginning of the pattern: why the text they read is short, or the time is bounded. */
const allowed: Readonly<Record<string, string>> = {
  [String.raw`src/cli/render/json-path.ts \.((?:[^.[\\]|\\.)+)|\[(\*|\d+)\]`]: "it reads the columns of our own tables",
};
const keyLength = 40;

const isChecked = (path: string): boolean => !/\.(?:test|cases)\.ts$/.test(path);

/** One sentence for each expression that is not linear. */
export const superlinearRegexes = (root: string): string[] => {
  const unused = new Set(Object.keys(allowed));
  const findings: string[] = [];
  for (const path of globSync("src/**/*.ts", { cwd: root }).toSorted().filter(isChecked))
    for (const { line, finding, key } of regexFindings(path, readFileSync(join(root, path), "utf8"))) {
      if (key !== undefined && key in allowed) unused.delete(key);
      else findings.push(`${path}:${line}: ${finding}`);
    }
  return [...findings, ...[...unused].map((key) => `scripts/check-regexes.ts: ${key} is not found any more: remove it from the list`)];
};

export interface RegexFinding {
  readonly line: number;
  readonly finding: string;
  /** What names it in the list of allowed ones; absent where the pattern is not known. */
  readonly key?: string;
}

/** Of one source file. */
export const regexFindings = (path: string, source: string): readonly RegexFinding[] => {
  // Types become blanks: every line stays where it is.
  const code = stripTypeScriptTypes(source);
  if (!/RegExp|\/./.test(code)) return [];
  const program = parse(code, { ecmaVersion: "latest", sourceType: "module", locations: true, allowHashBang: true });
  const constants = constantsOf(program);
  const findings: RegexFinding[] = [];
  walk(program, (node) => {
    const line = node.loc?.start.line ?? 0;
    const judge = (pattern: string, flags: string): void => {
      const cost = costOf(pattern, flags);
      if (!cost.isLinear)
        findings.push({ line, key: `${path} ${pattern.slice(0, keyLength)}`, finding: `/${pattern}/${flags} is not linear: ${cost.why}` });
    };
    if (node.type === "Literal" && node.regex !== undefined && node.regex !== null) judge(node.regex.pattern, node.regex.flags);
    if ((node.type !== "NewExpression" && node.type !== "CallExpression") || !isNamed(node.callee, "RegExp")) return;
    const [pattern, flags] = node.arguments.map((each) => valueOf(each, constants));
    if (pattern === undefined || (node.arguments.length > 1 && flags === undefined))
      findings.push({ line, finding: "a RegExp is built from text that is neither constant nor escaped()" });
    else judge(pattern, flags ?? "");
  });
  return findings;
};

type Constants = ReadonlyMap<string, AnyNode>;

const constantsOf = (program: AnyNode): Constants => {
  const constants = new Map<string, AnyNode>();
  walk(program, (node) => {
    if (node.type !== "VariableDeclaration" || node.kind !== "const") return;
    for (const { id, init } of node.declarations) if (id.type === "Identifier" && init) constants.set(id.name, init);
  });
  return constants;
};

/** Represents the text that `escaped()` returns: it matches itself. */
const anyText = "a-1";

/** The text of an expression, where the source says it. */
const valueOf = (node: AnyNode, constants: Constants): string | undefined => {
  switch (node.type) {
    case "Literal":
      return typeof node.value === "string" ? node.value : undefined;
    case "Identifier": {
      const constant = constants.get(node.name);
      return constant === undefined ? undefined : valueOf(constant, constants);
    }
    case "CallExpression":
      return isNamed(node.callee, "escaped") ? anyText : undefined;
    case "BinaryExpression":
      return node.operator === "+" ? joined([valueOf(node.left, constants), valueOf(node.right, constants)]) : undefined;
    case "TaggedTemplateExpression": {
      const { tag, quasi } = node;
      const isRaw = tag.type === "MemberExpression" && isNamed(tag.object, "String") && isNamed(tag.property, "raw");
      return isRaw
        ? templateOf(
            quasi.quasis.map(({ value }) => value.raw),
            quasi.expressions,
            constants,
          )
        : undefined;
    }
    case "TemplateLiteral":
      return templateOf(
        node.quasis.map(({ value }) => value.cooked ?? ""),
        node.expressions,
        constants,
      );
    default:
      return undefined;
  }
};

const templateOf = (texts: readonly string[], expressions: readonly AnyNode[], constants: Constants): string | undefined =>
  joined(texts.flatMap((text, index) => [text, ...expressions.slice(index, index + 1).map((each) => valueOf(each, constants))]));

const joined = (parts: readonly (string | undefined)[]): string | undefined =>
  parts.every((part) => part !== undefined) ? parts.join("") : undefined;

const isNamed = (node: AnyNode, name: string): boolean => node.type === "Identifier" && node.name === name;

const walk = (node: AnyNode, visit: (node: AnyNode) => void): void => {
  visit(node);
  for (const value of Object.values(node) as unknown[])
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) if (isNode(child)) walk(child, visit);
};

const isNode = (value: unknown): value is AnyNode => typeof value === "object" && value !== null && "type" in value && "start" in value;
