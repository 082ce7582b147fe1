// A CEL condition of a policy: type-checked and bounded when it is compiled, then a question with a yes, a no or an error. Pure.
import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { clipped } from "#lib/words.ts";

/** The variables of a condition. Which of them a rule may use depends on its field. */
export interface RuleVariables {
  /** The namespace of the target. For a cluster-scoped target, the target itself with an empty name. */
  readonly namespaceObject: { readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> } };
  readonly target: { readonly apiVersion: string; readonly kind: string; readonly namespace: string; readonly name: string };
  readonly environment: string;
  readonly criticality: string;
  readonly action: string;
  readonly risk: string;
  readonly reversible: boolean;
  /** Integers of CEL. */
  readonly blast: { readonly objects: bigint; readonly pods: bigint; readonly percent: bigint };
  readonly alert: { readonly name: string; readonly severity: string };
}

export type VariableName = keyof RuleVariables;

export interface Expression {
  readonly text: string;
  /** The distinct variables that it reads, such as `target.kind`: the more, the more specific. */
  readonly reads: ReadonlySet<string>;
  readonly test: (variables: Partial<RuleVariables>) => Outcome;
}

export type Outcome = { readonly kind: "yes" | "no" } | { readonly kind: "error"; readonly message: string };

/** A position counts from 1, in the text of the expression. */
export interface ExpressionProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

const types = {
  namespaceObject: { metadata: { name: "string", labels: "map<string, string>" } },
  target: { apiVersion: "string", kind: "string", namespace: "string", name: "string" },
  environment: "string",
  criticality: "string",
  action: "string",
  risk: "string",
  reversible: "bool",
  blast: { objects: "int", pods: "int", percent: "int" },
  alert: { name: "string", severity: "string" },
} satisfies Readonly<Record<VariableName, unknown>>;

/** Loops over labels and lists may be nested this often: every further level multiplies the cost by the length of a list. */
const maxLoopDepth = 2;
const limits = { maxAstNodes: 300, maxDepth: 30, maxListElements: 100, maxMapEntries: 50, maxCallArguments: 16 };
const loops = new Set(["all", "exists", "exists_one", "map", "filter"]);
/** A regular expression of JavaScript may take exponential time; CEL's own are linear. */
const refusedCalls: Readonly<Record<string, string>> = { matches: "use startsWith, endsWith, contains or in" };

export const isProblem = (compiled: Expression | ExpressionProblem): compiled is ExpressionProblem => "message" in compiled;

/** Never throws: what is wrong with the text is the answer. `variables`: those that the field offers. */
export const compileExpression = (text: string, variables: readonly VariableName[]): Expression | ExpressionProblem => {
  const environment = environmentWith(variables);
  const problemAt = (position: number, message: string): ExpressionProblem => ({ ...placeOf(text, position), message: clipped(message) });
  try {
    const checked = environment.check(text);
    if (!checked.valid) return problemAt(checked.error?.range?.start ?? 0, checked.error?.summary ?? "not a valid expression");
    if (String(checked.type) !== "bool") return problemAt(0, `the result is ${String(checked.type)}, and a condition needs bool`);
    const parsed = environment.parse(text);
    const found = walk(parsed.ast);
    if (found.refusal !== undefined) return problemAt(found.refusal.position, found.refusal.message);
    return { text, reads: found.reads, test: (values) => outcomeOf(() => parsed(values) as unknown) };
  } catch (error) {
    return problemAt(positionOf(error), error instanceof Error ? summaryOf(error) : String(error));
  }
};

const environmentWith = (variables: readonly VariableName[]): Environment => {
  const environment = new Environment({ unlistedVariablesAreDyn: false, enableOptionalTypes: true, limits });
  for (const name of variables) {
    const type = types[name];
    if (typeof type === "string") environment.registerVariable(name, type);
    else environment.registerVariable({ name, schema: type });
  }
  return environment;
};

const outcomeOf = (evaluate: () => unknown): Outcome => {
  try {
    return { kind: evaluate() === true ? "yes" : "no" };
  } catch (error) {
    return { kind: "error", message: clipped(error instanceof Error ? summaryOf(error) : String(error)) };
  }
};

const summaryOf = (error: Error): string => ("summary" in error && typeof error.summary === "string" ? error.summary : error.message);

const positionOf = (error: unknown): number =>
  isRecord(error) && isRecord(error["range"]) && typeof error["range"]["start"] === "number" ? error["range"]["start"] : 0;

const placeOf = (text: string, position: number): { readonly line: number; readonly column: number } => {
  const before = text.slice(0, position).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

interface Walked {
  readonly reads: Set<string>;
  refusal?: { readonly position: number; readonly message: string };
}

/** The variables that an expression reads, and the first part of it that is not allowed. */
const walk = (root: ASTNode): Walked => {
  const walked: Walked = { reads: new Set() };
  const refuse = (position: number, message: string): void => {
    walked.refusal ??= { position, message };
  };
  const visit = (value: unknown, loopDepth: number): void => {
    if (Array.isArray(value)) for (const each of value) visit(each, loopDepth);
    if (!isNode(value)) return;
    const path = pathOf(value);
    if (path !== undefined) {
      walked.reads.add(path);
      return;
    }
    const called = callOf(value);
    if (called !== undefined && called in refusedCalls) refuse(value.start, `${called} is not supported: ${refusedCalls[called]}`);
    const depth = loopDepth + (called !== undefined && loops.has(called) ? 1 : 0);
    if (depth > maxLoopDepth) refuse(value.start, `loops are nested more than ${maxLoopDepth} deep`);
    visit(value.args, depth);
  };
  visit(root, 0);
  // A variable of a loop is no variable of the rule.
  for (const path of walked.reads) if (!((path.split(".")[0] as string) in types)) walked.reads.delete(path);
  return walked;
};

interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
}

const isNode = (value: unknown): value is Node => isRecord(value) && typeof value["op"] === "string";

const callOf = ({ op, args }: Node): string | undefined =>
  (op === "call" || op === "rcall") && Array.isArray(args) && typeof args[0] === "string" ? args[0] : undefined;

/** `namespaceObject.metadata.labels.team`, also where it is written with brackets; undefined for anything but a path from a name. */
const pathOf = ({ op, args }: Node): string | undefined => {
  if (op === "id") return String(args);
  if (!Array.isArray(args) || ![".", ".?", "[]", "[?]"].includes(op)) return undefined;
  const [object, key] = args as readonly unknown[];
  const last = typeof key === "string" ? key : isNode(key) && key.op === "value" && typeof key.args === "string" ? key.args : undefined;
  const before = isNode(object) ? pathOf(object) : undefined;
  return before === undefined || last === undefined ? undefined : `${before}.${last}`;
};
