// What Prometheus answers, as a table: the embedded evaluator is held to it, and promtool confirms it.
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
const [restartsA, restartsB, restartsBank, readyA] = promqlSeries as [Answer[0], Answer[0], Answer[0], Answer[0]];

export const promqlCases: readonly (readonly [expr: string, answer: Answer])[] = [
  // Selectors
  ['restarts{namespace="shop"}', [restartsA, restartsB]],
  ['restarts{namespace="shop", pod="b"}', [restartsB]],
  ['restarts{absent=""}', [restartsA, restartsB, restartsBank]],
  ["nothing", []],
  // Comparisons
  ["restarts > 3", [restartsA, restartsBank]],
  ["restarts >= 4", [restartsA, restartsBank]],
  ["restarts < 0.5", [restartsB]],
  ["restarts <= 4", [restartsA, restartsB]],
  ["restarts != 4", [restartsB, restartsBank]],
  ["ready == 0", [readyA]],
  // Sets
  ["restarts > 0 and on (namespace, pod, container) ready == 0", [restartsA]],
  ["restarts and on (namespace) owner", [restartsA, restartsB]],
  ["restarts and on () owner", [restartsA, restartsB, restartsBank]],
  ["restarts and on (pod) ready and on (namespace) owner", [restartsA, restartsB]],
];

/** Expressions that are refused, by Prometheus or because they are not supported here, and a part of the message. */
export const promqlMistakes: readonly (readonly [expr: string, message: RegExp])[] = [
  ["", /expected a metric at 0, found the end/],
  ["restarts >", /expected a number at 10, found the end/],
  ["restarts > ready", /expected a number/],
  ["restarts{namespace}", /expected "="/],
  ["restarts{namespace=shop}", /expected a string/],
  ['restarts{pod=~"a"}', /unexpected "~"/],
  ['restarts{pod="a" pod="b"}', /expected "," or "}"/],
  ["1 > 2", /expected a metric/],
  ["restarts and ready", /expected "on"/],
  ["restarts or ready", /expected the end/],
  ["rate(restarts) > 0", /expected the end/],
  ["restarts[5m]", /unexpected "\["/],
  ["restarts + 1", /unexpected "\+"/],
];
