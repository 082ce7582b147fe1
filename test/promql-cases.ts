// What Prometheus answers, as a table: the embedded evaluator is held to it, and promtool is asked whether it is true.
import type { Labels } from "#embedded/monitoring/samples.ts";

type Answer = readonly (readonly [name: string, labels: Labels, value: number])[];

const shopA = { namespace: "shop", pod: "a", container: "c" };
const shopB = { namespace: "shop", pod: "b", container: "c" };
const bankA = { namespace: "bank", pod: "a", container: "c" };

export const promqlSeries: Answer = [
  ["restarts", shopA, 4],
  ["restarts", shopB, 0],
  ["restarts", bankA, 7],
  ["ready", shopA, 0],
  ["ready", shopB, 1],
  ["owner", { namespace: "shop", pod: "a", owner: "web" }, 1],
  ["owner", { namespace: "shop", pod: "b", owner: "web" }, 1],
];
const [restartsA, restartsB, restartsBank, readyA, readyB] = promqlSeries as [Answer[0], Answer[0], Answer[0], Answer[0], Answer[0]];

export const promqlCases: readonly (readonly [expr: string, answer: Answer])[] = [
  // Selectors
  ['restarts{namespace="shop"}', [restartsA, restartsB]],
  ['restarts{namespace!="shop"}', [restartsBank]],
  ['restarts{pod=~"a|z", namespace=~"sh.*"}', [restartsA]],
  ['restarts{pod!~"a"}', [restartsB]],
  ['restarts{namespace=~"sho"}', []],
  ['restarts{absent=""}', [restartsA, restartsB, restartsBank]],
  ["nothing", []],
  // Comparisons
  ["restarts > 3", [restartsA, restartsBank]],
  ["5 > restarts", [restartsA, restartsB]],
  ["restarts == 0 != 1", [restartsB]],
  ["restarts >= 4 <= 4", [restartsA]],
  ["restarts < 0.5", [restartsB]],
  ["restarts > ready", [restartsA]],
  ['restarts{namespace="shop"} > on (pod) ready', [["", { pod: "a" }, 4]]],
  // Sets
  ["restarts > 0 and on (namespace, pod, container) ready == 0", [restartsA]],
  ["restarts and ready", [restartsA, restartsB]],
  ["restarts unless ready", [restartsBank]],
  ["restarts unless on (pod) ready", []],
  ['ready == 0 or restarts{namespace="bank"}', [readyA, restartsBank]],
  ["ready or restarts", [readyA, readyB, restartsBank]],
  ["restarts and owner", []],
  ["restarts and on () owner", [restartsA, restartsB, restartsBank]],
  ["ready == 1 or restarts > 3 and ready", [readyB, restartsA]],
  ["(ready == 1 or restarts > 3) and ready", [readyB, restartsA]],
];

/** What is refused, by Prometheus or because it is not known here, and a part of what is said. */
export const promqlMistakes: readonly (readonly [expr: string, sentence: RegExp])[] = [
  ["restarts >", /expected an expression/],
  ["restarts{namespace}", /expected a way to match a label/],
  ["restarts{namespace=shop}", /expected a string/],
  ['restarts{pod=~"("}', /regular expression/],
  ["1 > 2", /between numbers/],
  ["1", /needs a vector/],
  ["restarts and 1", /vectors on both sides/],
  ["restarts > on (namespace) ready", /many-to-many/],
  ["rate(restarts) > 0", /rate\(\) is not supported/],
  ["restarts[5m]", /unexpected "\["/],
  ["sum by (pod) (restarts)", /expected the end/],
  ["restarts + 1", /unexpected "\+"/],
  ["restarts) ", /expected the end/],
];
