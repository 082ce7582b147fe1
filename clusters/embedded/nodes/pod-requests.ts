// What a pod asks a node for: resources, host ports. From component-helpers' resource helpers. Pure.
import { parseQuantity } from "#lib/quantity.ts";
import { type JsonRecord, type Stored, at, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";

/** In thousandths. */
export type Amounts = Readonly<Record<string, bigint>>;

const amountsOf = (value: unknown): Record<string, bigint> =>
  Object.fromEntries(Object.entries(recordOf(value)).map(([name, text]) => [name, parseQuantity(textOf(text)) ?? 0n]));

export const plus = (a: Amounts, b: Amounts): Record<string, bigint> => {
  const sum: Record<string, bigint> = { ...a };
  for (const [name, amount] of Object.entries(b)) sum[name] = (sum[name] ?? 0n) + amount;
  return sum;
};
const most = (a: Amounts, b: Amounts): Record<string, bigint> => {
  const result: Record<string, bigint> = { ...a };
  for (const [name, amount] of Object.entries(b)) if (amount > (result[name] ?? 0n)) result[name] = amount;
  return result;
};

/** All containers at once, or the hungriest init container beside those that stay. */
export const requestsOf = (pod: { readonly [field: string]: unknown }, field: "requests" | "limits" = "requests"): Amounts => {
  const spec = recordOf(pod["spec"]);
  const of = (container: unknown): Amounts => amountsOf(at(container, "resources", field));
  let staying: Amounts = {};
  let starting: Amounts = {};
  for (const container of listOf(spec["initContainers"])) {
    if (at(container, "restartPolicy") === "Always") staying = plus(staying, of(container));
    starting = most(starting, at(container, "restartPolicy") === "Always" ? staying : plus(staying, of(container)));
  }
  const running = listOf(spec["containers"]).reduce<Amounts>((sum, container) => plus(sum, of(container)), staying);
  return plus(most(running, starting), amountsOf(spec["overhead"]));
};

export const allocatableOf = (node: Stored): Amounts => amountsOf(at(node, "status", "allocatable"));

export const hostPortsOf = (pod: Stored): string[] => {
  const isHost = at(pod, "spec", "hostNetwork") === true;
  return listOf(at(pod, "spec", "containers")).flatMap((container) =>
    listOf(at(container, "ports")).flatMap((port: unknown) => {
      const number = numberOf(at(port, "hostPort")) ?? (isHost ? numberOf(at(port, "containerPort")) : undefined);
      return number === undefined ? [] : [`${textOf(at(port, "protocol")) || "TCP"} ${number}`];
    }),
  );
};

export const nodeNameOf = (pod: JsonRecord | Stored): string => textOf(at(pod, "spec", "nodeName"));
