// What a scenario is: a healthy workload, a fault, the alert that notices, and what Kintsugi has to make of it. Data, read from
// scenarios/<name>/; must never know how it is run.
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { Verdict } from "#api/kinds/ai-analysis.ts";
import { Outcome, RequestPhase } from "#api/kinds/remediation-request.ts";

const name = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
  .max(40);

export const AlertRule = z.strictObject({
  alert: z.string().min(1),
  /** PromQL; $NAMESPACE is replaced by the namespace, and has to occur: scenarios share one Prometheus. */
  expr: z.string().includes("$NAMESPACE"),
  for: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type AlertRule = z.output<typeof AlertRule>;

const ObjectName = z.strictObject({ kind: z.enum(["Deployment", "ConfigMap", "Service"]), name });
export type ObjectName = z.output<typeof ObjectName>;

/** One thing that a person does to the cluster; waiting is one, where what follows has to be later for Kubernetes too, whose times have whole seconds. */
export const Operation = z.union([
  z.strictObject({ apply: z.string().min(1) }),
  z.strictObject({ deletePods: z.record(z.string(), z.string()) }),
  z.strictObject({ waitSeconds: z.number().positive().max(60) }),
]);
export type Operation = z.output<typeof Operation>;

const action = z.string().regex(/^[a-z][a-z0-9_]*$/);

export const Expectation = z.strictObject({
  /** A namespace of the scenario. */
  in: name,
  target: ObjectName,
  phase: RequestPhase,
  outcome: Outcome,
  /** Of the first attempt's analysis, as are the cause and the actions. */
  verdict: Verdict,
  cause: z.strictObject({ code: z.string(), kind: z.string(), name: z.string() }).optional(),
  /** Actions that were executed, in order, undos aside. */
  actions: z.array(action),
  undone: z.array(action).default([]),
  /** Where a person has to allow it: who does. Without it nothing may wait for approval. */
  approval: z.strictObject({ by: z.string(), groups: z.array(z.string()), message: z.string() }).optional(),
  /** Every write to the workload that took effect, by the action whose account made it. */
  changes: z.array(z.strictObject({ ...ObjectName.shape, by: z.array(action).min(1) })),
  after: z.strictObject({
    healthy: z.boolean(),
    /** The pod template at the end: as in healthy.yaml, as the fault left it, or neither. */
    template: z.enum(["healthy", "fault", "changed"]),
    memoryLimitMi: z.strictObject({ min: z.int(), max: z.int() }).optional(),
  }),
  /** Objects whose content must be at the end what it was after the fault. */
  untouched: z.array(ObjectName).min(1),
});
export type Expectation = z.output<typeof Expectation>;

export const ScenarioFile = z
  .strictObject({
    title: z.string().min(1).max(80),
    description: z.string().min(40).max(600),
    namespaces: z.array(z.strictObject({ name, environment: z.string().min(1) })).min(1),
    alerts: z.array(AlertRule).min(1),
    fault: z.array(Operation),
    expect: z.array(Expectation).min(1),
  })
  .refine((file) => file.expect.every((one) => file.namespaces.some((namespace) => namespace.name === one.in)), {
    error: "every expectation has to name a namespace of the scenario",
  });
export type ScenarioFile = z.output<typeof ScenarioFile>;

export interface Scenario extends ScenarioFile {
  readonly name: string;
  /** YAML by file name: healthy.yaml and what the fault applies. */
  readonly manifests: Readonly<Record<string, string>>;
}

export const scenariosFolder = import.meta.dirname;

/** Thrown for a scenario that is not there or not valid; the message is for people. */
export class ScenarioError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ScenarioError";
  }
}

export const scenarioNames = async (folder = scenariosFolder): Promise<string[]> => {
  const files = await readdir(folder, { recursive: true });
  return files.flatMap((file) => (basename(file) === "scenario.yaml" ? [dirname(file)] : [])).toSorted();
};

export const loadScenario = async (scenario: string, folder = scenariosFolder): Promise<Scenario> => {
  const known = await scenarioNames(folder);
  if (!known.includes(scenario)) throw new ScenarioError(`There is no scenario "${scenario}": there are ${known.join(", ")}.`);
  const read = (file: string): Promise<string> => readFile(join(folder, scenario, file), "utf8");
  const result = ScenarioFile.safeParse(parse(await read("scenario.yaml")));
  if (!result.success) throw new ScenarioError(`scenarios/${scenario}/scenario.yaml: ${z.prettifyError(result.error)}`);
  const files = ["healthy.yaml", ...result.data.fault.flatMap((operation) => ("apply" in operation ? [operation.apply] : []))];
  const manifests = Object.fromEntries(await Promise.all(files.map(async (file) => [file, await read(file)] as const)));
  return { ...result.data, name: scenario, manifests };
};

export const loadScenarios = async (folder = scenariosFolder): Promise<Scenario[]> =>
  Promise.all((await scenarioNames(folder)).map((scenario) => loadScenario(scenario, folder)));

/** The rules for one namespace of this run. */
export const rulesFor = (scenario: Pick<Scenario, "alerts">, namespace: string): AlertRule[] =>
  scenario.alerts.map((rule) => ({ ...rule, expr: rule.expr.replaceAll("$NAMESPACE", namespace) }));
