// Everything that a generated run is made of, as data: it can be printed, replayed and made smaller. What it leads to follows from the product alone.
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { type FaultPlan, faultText } from "#sim/faults.ts";
import type { FixtureFaultName } from "#scenarios/faults/fixture-faults.ts";
import type { PodFate } from "#sim/job-runner.ts";
import type { SimNamespace } from "#sim/world.ts";

export interface GeneratedInput {
  readonly seed: number;
  readonly replicas: 1 | 2;
  readonly policy: RemediationPolicy["spec"];
  readonly namespaces: readonly SimNamespace[];
  readonly fixtures: readonly GeneratedFixture[];
  /** What becomes of the pods of the first Jobs; every later one runs. */
  readonly pods: readonly PodFate[];
  /** How people answer the first questions; every later one expires. */
  readonly answers: readonly Answer[];
  readonly events: readonly SimEvent[];
  readonly faults: FaultPlan;
}

export interface GeneratedFixture {
  readonly namespace: string;
  readonly name: string;
  readonly fault: FixtureFaultName;
}

export interface Answer {
  readonly decision: "Approved" | "Rejected";
  /** The names of the people, in the order in which they decide. */
  readonly by: readonly string[];
  readonly afterMs: number;
}

export type Edit = "annotate" | "scale" | "restart" | "repair" | "break";

/** `fixture`, `namespace` and `request` are indexes; the one of a request counts those that exist at that moment, round and round. */
export type SimEvent = { readonly atMs: number } & (
  | { readonly do: "alert"; readonly fixture: number; readonly name: string; readonly firing: boolean; readonly copies: number }
  | { readonly do: "cancel" | "close" | "delete"; readonly request: number }
  /** The next analysis of the fixture names that of `root` as the cause. */
  | { readonly do: "blame"; readonly fixture: number; readonly root: number }
  | { readonly do: "edit"; readonly fixture: number; readonly edit: Edit }
  | { readonly do: "policy"; readonly change: RemediationPolicy["spec"]; readonly freezeMs?: number }
  | { readonly do: "label"; readonly namespace: number; readonly labels: Readonly<Record<string, string>> }
);

/** One line for each thing that is not as in the plainest run. */
export const inputLines = ({
  replicas,
  policy,
  namespaces,
  fixtures,
  pods,
  answers,
  events,
  faults,
}: GeneratedInput): readonly string[] => [
  ...namespaces.map(
    ({ name, environment, managed }) => `namespace ${name}: ${environment || "no environment"}${managed ? "" : ", not opted in"}`,
  ),
  ...fixtures.map(({ namespace, name, fault }) => `Deployment ${namespace}/${name}: ${fault}`),
  `policy ${JSON.stringify(policy)}`,
  ...(replicas > 1 ? [`${replicas} replicas of Kintsugi`] : []),
  ...(pods.some((fate) => fate !== "runs") ? [`pods of Jobs: ${pods.join(", ")}`] : []),
  ...answers.map(({ decision, by, afterMs }, index) => `question ${index + 1}: ${decision} by ${by.join(", ")} after ${afterMs} ms`),
  ...events.map(({ atMs, ...event }) => `at ${atMs} ms: ${JSON.stringify(event)}`),
  ...faults.map((fault) => `fault: ${faultText(fault)}`),
];
