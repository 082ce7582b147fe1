// Nodes out of `kubectl describe`: labels and taints are metadata and spec, the rest is status; what is requested on it comes with it.
import { type Field, field, fieldsOf, listOf, tableBelow, valueOf } from "#bench/diagnosis/recorded/describe-text.ts";
import { timestampOf } from "#bench/diagnosis/recorded/times.ts";

export const nodeOf = (fields: readonly Field[]): Readonly<Record<string, unknown>> => {
  const taints = listOf(field(fields, "Taints")).flatMap((text) => {
    const match = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text);
    return match === null ? [] : [{ key: match[1] ?? "", ...(match[2] === undefined ? {} : { value: match[2] }), effect: match[3] ?? "" }];
  });
  const quantities = (key: string): Record<string, string> =>
    Object.fromEntries(fieldsOf(field(fields, key).below).map((each) => [each.key, each.value]));
  const addresses = fieldsOf(field(fields, "Addresses").below).map(({ key, value }) => ({ type: key, address: value }));
  return {
    spec: { ...(valueOf(fields, "Unschedulable") === "true" ? { unschedulable: true } : {}), ...(taints.length === 0 ? {} : { taints }) },
    status: {
      conditions: tableBelow(field(fields, "Conditions").below).map((row) => ({
        type: row["Type"] ?? "",
        status: row["Status"] ?? "Unknown",
        reason: row["Reason"] ?? "",
        message: row["Message"] ?? "",
        ...timed("lastHeartbeatTime", row["LastHeartbeatTime"]),
        ...timed("lastTransitionTime", row["LastTransitionTime"]),
      })),
      addresses,
      capacity: quantities("Capacity"),
      allocatable: quantities("Allocatable"),
    },
  };
};

/** What the pods of a node request: cores and bytes as `kubectl describe node` sums them up. */
export const requestedOf = (fields: readonly Field[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    tableBelow(field(fields, "Allocated resources").below).flatMap(({ Resource, Requests }) => {
      const quantity = /^(\S+) \(/.exec(Requests ?? "")?.[1];
      return quantity === undefined || Resource === undefined ? [] : [[Resource, quantity]];
    }),
  );

const timed = (name: string, text: string | undefined): Record<string, string> => {
  const time = timestampOf(text);
  return time === undefined ? {} : { [name]: time };
};
