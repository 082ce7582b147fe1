// Operators between values and between vectors: matching by labels, one to one, many to one, and sets. Follows promql/engine.go; pure.
import { type Binary, type Matching, comparisons, setOperators } from "#embedded/monitoring/promql-parse.ts";
import { PromqlError } from "#embedded/monitoring/promql-tokens.ts";
import { type Labels, type Sample, keyOfLabels, nameLabel, only, withLabels, without } from "#embedded/monitoring/series.ts";

export const arithmetic = (op: string, a: number, b: number): number => {
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    case "^":
      return a ** b;
    default:
      throw new PromqlError(`${op} needs instant vectors on both sides`);
  }
};

export const compareValues = (op: string, a: number, b: number): boolean => {
  switch (op) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    default:
      return a >= b;
  }
};

export const combineVectors = (expr: Binary, left: readonly Sample[], right: readonly Sample[]): Sample[] =>
  setOperators.has(expr.op) ? combineSets(expr, left, right) : matched(expr, left, right);

/** What has to be equal for two elements to meet. */
const groupOf =
  ({ mode, labels }: Matching) =>
  (sample: Sample): string =>
    keyOfLabels(mode === "only" ? only(sample.labels, labels) : without(sample.labels, [nameLabel, ...labels]));

const combineSets = ({ op, matching }: Binary, left: readonly Sample[], right: readonly Sample[]): Sample[] => {
  if (matching.many !== undefined) throw new PromqlError(`no grouping is allowed for ${op}`);
  const key = groupOf(matching);
  const keys = new Set((op === "or" ? left : right).map(key));
  if (op === "or") return [...left, ...right.filter((sample) => !keys.has(key(sample)))];
  return left.filter((sample) => keys.has(key(sample)) === (op === "and"));
};

const matched = (expr: Binary, left: readonly Sample[], right: readonly Sample[]): Sample[] => {
  const { op, bool, matching } = expr;
  const key = groupOf(matching);
  const isSwapped = matching.many?.side === "right";
  const [many, one] = isSwapped ? [right, left] : [left, right];
  const partners = new Map<string, Sample>();
  for (const sample of one) {
    const group = key(sample);
    if (partners.has(group))
      throw new PromqlError(`many-to-many matching not allowed: matching labels must be unique on one side of ${op}`);
    partners.set(group, sample);
  }
  const seen = new Set<string>();
  return many.flatMap((sample): Sample[] => {
    const partner = partners.get(key(sample));
    if (partner === undefined) return [];
    const [a, b] = isSwapped ? [partner, sample] : [sample, partner];
    const isComparison = comparisons.has(op);
    const holds = isComparison && compareValues(op, a.value, b.value);
    if (isComparison && !bool && !holds) return [];
    const labels = resultLabels(expr, sample.labels, partner.labels);
    const unique = matching.many === undefined ? key(sample) : keyOfLabels(labels);
    if (seen.has(unique))
      throw new PromqlError(`multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)`);
    seen.add(unique);
    // A filter shows what stands on its left side.
    return [{ labels, value: isComparison ? (bool ? (holds ? 1 : 0) : a.value) : arithmetic(op, a.value, b.value) }];
  });
};

const resultLabels = ({ op, bool, matching }: Binary, many: Labels, one: Labels): Labels => {
  const dropsName = !comparisons.has(op) || bool;
  const named = dropsName ? without(many, [nameLabel]) : many;
  const { mode, labels, many: grouped } = matching;
  if (grouped !== undefined) return withLabels(named, Object.fromEntries(grouped.include.map((label) => [label, one[label] ?? ""])));
  return mode === "only" ? only(named, labels) : without(named, labels);
};
