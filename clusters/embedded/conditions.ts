// Conditions of a status: one of each type, their times kept while they say the same. Pure.
import { type JsonRecord, at, listOf, recordOf, textOf } from "#embedded/json.ts";

export interface ConditionText {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

export const conditionsOf = (object: unknown): readonly JsonRecord[] => listOf(at(object, "status", "conditions")).map(recordOf);

export const conditionOf = (conditions: readonly JsonRecord[], type: string): JsonRecord | undefined =>
  conditions.find((condition) => condition["type"] === type);

export const isTrue = (object: unknown, type: string): boolean => conditionOf(conditionsOf(object), type)?.["status"] === "True";

export const withoutCondition = (conditions: readonly JsonRecord[], type: string): readonly JsonRecord[] =>
  conditions.filter((condition) => condition["type"] !== type);

/** Goes to the end, whatever one of its type said before. */
export const replaced = (conditions: readonly JsonRecord[], condition: JsonRecord): readonly JsonRecord[] => [
  ...withoutCondition(conditions, textOf(condition["type"])),
  condition,
];

/** Goes to the end; one that says the same status for the same reason stays as it is, time and all. */
export const withCondition = (conditions: readonly JsonRecord[], text: ConditionText, times: JsonRecord): readonly JsonRecord[] => {
  const current = conditionOf(conditions, text.type);
  if (current !== undefined && current["status"] === text.status && current["reason"] === text.reason) return conditions;
  const since =
    current?.["status"] === text.status && textOf(current["lastTransitionTime"]) !== ""
      ? { lastTransitionTime: current["lastTransitionTime"] }
      : {};
  return replaced(conditions, { ...text, ...times, ...since });
};
