// The conditions in an object's status, as every kind has them. Pure.

interface WithConditions<C> {
  readonly status?: { readonly conditions?: readonly C[] | undefined } | undefined;
}

export const conditionOf = <C extends { readonly type: string }>({ status }: WithConditions<C>, type: string): C | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

/** Of a Pod or a Node: its own condition says so. */
export const isReady = (object: WithConditions<{ readonly type: string; readonly status: string }>): boolean =>
  conditionOf(object, "Ready")?.status === "True";
