// Mistakes that a change could bring into the product, each as the replacement of one fragment of one file, and the runs that must notice it.
export interface SeededBug {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly args: readonly string[];
}

const killAfter = (n: number): readonly string[] => [
  "--plan",
  JSON.stringify([{ at: { on: "write", of: "product", n }, what: { kind: "kill", side: "after" } }]),
];

export const seededBugs: readonly SeededBug[] = [
  {
    name: "edge trigger: what happened before the start is not looked at",
    file: "src/kube/controller.ts",
    from: "for (const key of keysOf(watch, object, log)) queue.add(key);",
    to: "keysOf(watch, object, log);",
    args: ["--workload", "success", ...killAfter(5)],
  },
  {
    name: "acknowledged before it is stored",
    file: "src/services/gateway/handler.ts",
    from: "if (failures.length > 0) throw",
    to: "if (failures.length > 1_000) throw",
    args: [
      "--workload",
      "success",
      "--plan",
      JSON.stringify([{ at: { on: "write", of: "product", n: 1 }, what: { kind: "error", side: "before", status: 503 } }]),
    ],
  },
  {
    name: "a finalizer is never taken off",
    file: "src/controllers/kubernetes-execution/decide.ts",
    from: '? { do: "releaseFinalizer" } :',
    to: '? { do: "wait" } :',
    args: ["--workload", "success", "--plan", "[]"],
  },
];
