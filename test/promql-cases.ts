// What Prometheus answers, as a table: the embedded evaluator is held to it, and promtool is asked whether it is true.
import type { Labels } from "#embedded/monitoring/series.ts";

export const intervalMs = 1000;
export const evaluatedAtSeconds = 10;

/** One value a second, from 0 to 10; `undefined` where nothing was scraped. */
export const promqlSeries: readonly (readonly [name: string, labels: Labels, values: readonly (number | undefined)[]])[] = [
  ["restarts", { namespace: "shop", pod: "a", container: "c" }, [0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4]],
  ["restarts", { namespace: "shop", pod: "b", container: "c" }, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ["restarts", { namespace: "bank", pod: "a", container: "c" }, [5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7]],
  ["ready", { namespace: "shop", pod: "a", container: "c" }, [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ["ready", { namespace: "shop", pod: "b", container: "c" }, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ["owner", { namespace: "shop", pod: "a", owner: "web" }, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ["owner", { namespace: "shop", pod: "b", owner: "web" }, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ["memory", { pod: "a" }, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110]],
  ["memory", { pod: "late" }, [undefined, undefined, undefined, undefined, undefined, undefined, 1, 2, 4, 8, 16]],
  ["limit", { node: "n1" }, [200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200]],
];

type Answer = readonly (readonly [name: string, labels: Labels, value: number])[];

const shopA = { namespace: "shop", pod: "a", container: "c" };
const shopB = { namespace: "shop", pod: "b", container: "c" };
const bankA = { namespace: "bank", pod: "a", container: "c" };

export const promqlCases: readonly (readonly [expr: string, answer: Answer])[] = [
  // Selectors
  [
    'restarts{namespace="shop"}',
    [
      ["restarts", shopA, 4],
      ["restarts", shopB, 0],
    ],
  ],
  ['restarts{namespace!="shop"}', [["restarts", bankA, 7]]],
  ['restarts{pod=~"a|z", namespace=~"sh.*"}', [["restarts", shopA, 4]]],
  ['restarts{pod!~"a"}', [["restarts", shopB, 0]]],
  ['restarts{namespace=~"sho"}', []],
  ['{__name__="restarts", pod="b"}', [["restarts", shopB, 0]]],
  [
    'restarts{absent=""}',
    [
      ["restarts", shopA, 4],
      ["restarts", shopB, 0],
      ["restarts", bankA, 7],
    ],
  ],
  ["nothing", []],
  // Comparisons
  [
    "restarts > 3",
    [
      ["restarts", shopA, 4],
      ["restarts", bankA, 7],
    ],
  ],
  [
    "restarts > bool 3",
    [
      ["", shopA, 1],
      ["", shopB, 0],
      ["", bankA, 1],
    ],
  ],
  [
    "5 > restarts",
    [
      ["restarts", shopA, 4],
      ["restarts", shopB, 0],
    ],
  ],
  ["restarts == 0 != 1", [["restarts", shopB, 0]]],
  ["restarts >= 4 <= 4", [["restarts", shopA, 4]]],
  ["vector(1 > bool 2)", [["", {}, 0]]],
  // Arithmetic and precedence
  [
    'restarts{namespace="shop"} * 2 + 1',
    [
      ["", shopA, 9],
      ["", shopB, 1],
    ],
  ],
  ['1 + restarts{pod="a",namespace="shop"} * 2', [["", shopA, 9]]],
  ['-restarts{namespace="bank"}', [["", bankA, -7]]],
  ["vector(-2 ^ 2)", [["", {}, -4]]],
  ["vector(2 ^ 3 ^ 2)", [["", {}, 512]]],
  ["vector(2 ^ -1)", [["", {}, 0.5]]],
  ["vector(7 % 4 - 1)", [["", {}, 2]]],
  ["vector((1 + 2) * 3 / 2)", [["", {}, 4.5]]],
  // Sets
  ["restarts > 0 and on (namespace, pod, container) ready == 0", [["restarts", shopA, 4]]],
  [
    "restarts and ready",
    [
      ["restarts", shopA, 4],
      ["restarts", shopB, 0],
    ],
  ],
  ["restarts unless ready", [["restarts", bankA, 7]]],
  ["restarts unless on (pod) ready", []],
  [
    'ready == 0 or restarts{namespace="bank"}',
    [
      ["ready", shopA, 0],
      ["restarts", bankA, 7],
    ],
  ],
  [
    "ready or restarts",
    [
      ["ready", shopA, 0],
      ["ready", shopB, 1],
      ["restarts", bankA, 7],
    ],
  ],
  ["restarts and ignoring (container) owner", []],
  [
    "restarts and on () vector(1)",
    [
      ["restarts", shopA, 4],
      ["restarts", shopB, 0],
      ["restarts", bankA, 7],
    ],
  ],
  // Matching
  [
    "restarts - ready",
    [
      ["", shopA, 4],
      ["", shopB, -1],
    ],
  ],
  ["restarts > ready", [["restarts", shopA, 4]]],
  ['restarts{namespace="shop"} > on (pod) ready', [["", { pod: "a" }, 4]]],
  [
    "restarts * on (namespace, pod) group_left (owner) owner",
    [
      ["", { ...shopA, owner: "web" }, 4],
      ["", { ...shopB, owner: "web" }, 0],
    ],
  ],
  [
    "owner * on (namespace, pod) group_right (owner) restarts",
    [
      ["", { ...shopA, owner: "web" }, 4],
      ["", { ...shopB, owner: "web" }, 0],
    ],
  ],
  [
    "memory / on () group_left () limit",
    [
      ["", { pod: "a" }, 0.55],
      ["", { pod: "late" }, 0.08],
    ],
  ],
  [
    "memory / ignoring (pod, node) group_left (node) limit",
    [
      ["", { pod: "a", node: "n1" }, 0.55],
      ["", { pod: "late", node: "n1" }, 0.08],
    ],
  ],
  // Aggregation
  ["sum(restarts)", [["", {}, 11]]],
  [
    "sum by (namespace) (restarts)",
    [
      ["", { namespace: "shop" }, 4],
      ["", { namespace: "bank" }, 7],
    ],
  ],
  [
    "max(restarts) by (pod)",
    [
      ["", { pod: "a" }, 7],
      ["", { pod: "b" }, 0],
    ],
  ],
  [
    "min without (pod, container) (restarts)",
    [
      ["", { namespace: "shop" }, 0],
      ["", { namespace: "bank" }, 7],
    ],
  ],
  ['count(ready{namespace="shop"} == 0)', [["", {}, 1]]],
  ["count(nothing)", []],
  [
    "avg by (namespace) (restarts)",
    [
      ["", { namespace: "shop" }, 2],
      ["", { namespace: "bank" }, 7],
    ],
  ],
  ["group by (owner) (owner)", [["", { owner: "web" }, 1]]],
  // Functions of a range
  [
    'increase(restarts{namespace="shop"}[10s])',
    [
      ["", shopA, 4],
      ["", shopB, 0],
    ],
  ],
  ['increase(restarts{namespace="bank"}[10s])', [["", bankA, 9]]],
  ['increase(restarts{namespace="shop",pod="a"}[4s]) > 0', [["", shopA, 2]]],
  ['rate(restarts{namespace="bank"}[5s])', [["", bankA, 1]]],
  [
    "delta(memory[4s])",
    [
      ["", { pod: "a" }, 40],
      ["", { pod: "late" }, 15],
    ],
  ],
  [
    "irate(memory[4s])",
    [
      ["", { pod: "a" }, 10],
      ["", { pod: "late" }, 8],
    ],
  ],
  ['round(rate(memory{pod="late"}[10s]) * 100)', [["", { pod: "late" }, 160]]],
  [
    'changes(restarts{namespace="shop"}[10s])',
    [
      ["", shopA, 4],
      ["", shopB, 0],
    ],
  ],
  ["resets(restarts[10s]) > 0", [["", bankA, 1]]],
  ['deriv(memory{pod="a"}[10s])', [["", { pod: "a" }, 10]]],
  ['predict_linear(memory{pod="a"}[10s], 9) >= on () group_left () limit', [["", { pod: "a" }, 200]]],
  [
    "min_over_time(ready[10s])",
    [
      ["", shopA, 0],
      ["", shopB, 1],
    ],
  ],
  [
    "max_over_time(ready[10s])",
    [
      ["", shopA, 1],
      ["", shopB, 1],
    ],
  ],
  [
    "avg_over_time(memory[1s])",
    [
      ["", { pod: "a" }, 105],
      ["", { pod: "late" }, 12],
    ],
  ],
  [
    "sum_over_time(memory[1s])",
    [
      ["", { pod: "a" }, 210],
      ["", { pod: "late" }, 24],
    ],
  ],
  [
    "count_over_time(memory[10s])",
    [
      ["", { pod: "a" }, 11],
      ["", { pod: "late" }, 5],
    ],
  ],
  [
    "present_over_time(memory[10s])",
    [
      ["", { pod: "a" }, 1],
      ["", { pod: "late" }, 1],
    ],
  ],
  [
    "last_over_time(memory[10s])",
    [
      ["memory", { pod: "a" }, 110],
      ["memory", { pod: "late" }, 16],
    ],
  ],
  // Other functions
  ['absent(nothing{namespace="shop", pod=~"a.*"})', [["", { namespace: "shop" }, 1]]],
  ["absent(ready)", []],
  ["abs(-restarts) > 5", [["", bankA, 7]]],
  [
    "round(memory / 4)",
    [
      ["", { pod: "a" }, 28],
      ["", { pod: "late" }, 4],
    ],
  ],
  [
    "ceil(memory / 100) + floor(memory / 100)",
    [
      ["", { pod: "a" }, 3],
      ["", { pod: "late" }, 1],
    ],
  ],
  [
    "clamp(memory, 20, 100)",
    [
      ["", { pod: "a" }, 100],
      ["", { pod: "late" }, 20],
    ],
  ],
  [
    "clamp_min(clamp_max(memory, 100), 20)",
    [
      ["", { pod: "a" }, 100],
      ["", { pod: "late" }, 20],
    ],
  ],
  ['label_replace(limit, "host", "${1}.local", "node", "(n.)")', [["limit", { node: "n1", host: "n1.local" }, 200]]],
  ['scalar(limit) - memory{pod="a"}', [["", { pod: "a" }, 90]]],
  ["vector(time())", [["", {}, 10]]],
];

/** What Prometheus refuses, and a part of what it says. */
export const promqlMistakes: readonly (readonly [expr: string, sentence: RegExp])[] = [
  ["restarts >", /expected an expression/],
  ["restarts{namespace}", /matches no label/],
  ["{}", /does not match the empty string/],
  ['{pod=~".*"}', /does not match the empty string/],
  ["1 > 2", /bool modifier/],
  ["restarts + bool 1", /bool/],
  ["restarts > on (namespace) ready", /many-to-many/],
  ["ready > on (namespace) limit > 0 and memory[5m]", /range/],
  ["rate(restarts)", /needs a range/],
  ["sum(1)", /instant vector/],
  ["restarts[5q]", /duration/],
  ['restarts{pod=~"("}', /regular expression/],
  ["histogram_quantile(0.9, restarts)", /not supported/],
  ["restarts and on (pod) group_left () ready", /grouping/],
  ["restarts ? 1", /unexpected/],
  ["restarts) ", /expected the end/],
  ['"text" + restarts', /strings/],
];
