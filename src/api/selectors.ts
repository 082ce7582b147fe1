// Does a selector select these labels? The API server's own rules over plain data; never reads a cluster.
import type { LabelSelector } from "#api/kubernetes.ts";

type LabelMap = Readonly<Record<string, string>>;

/** A LabelSelector as workloads and budgets have it: an empty one selects everything, one that is absent nothing. */
export const selects = (selector: LabelSelector | undefined, labels: LabelMap = {}): boolean =>
  selector !== undefined &&
  Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
  (selector.matchExpressions ?? []).every((expression) => holds(expression, labels));

/** A Service's selector: an empty or absent one selects nothing. */
export const serviceSelects = (selector: LabelMap | undefined, labels: LabelMap = {}): boolean => {
  const pairs = Object.entries(selector ?? {});
  return pairs.length > 0 && pairs.every(([key, value]) => labels[key] === value);
};

const holds = ({ key, operator, values = [] }: NonNullable<LabelSelector["matchExpressions"]>[number], labels: LabelMap): boolean => {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  if (operator === "In") return value !== undefined && values.includes(value);
  // A label that is not there is "not in" any list.
  if (operator === "NotIn") return value === undefined || !values.includes(value);
  if (operator === "Exists") return value !== undefined;
  if (operator === "DoesNotExist") return value === undefined;
  return false;
};
