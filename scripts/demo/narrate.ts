// Words for people about a running scenario. Pure: text in, text out.
import { wrapped } from "#cli/render/text.ts";
import type { ScenarioEvent, ScenarioRequest, ScenarioResult } from "#scenarios/scenario-events.ts";
import type { Scenario } from "#scenarios/scenario.ts";

export const listText = (scenarios: readonly Pick<Scenario, "name" | "title">[]): string => {
  const longest = Math.max(...scenarios.map(({ name }) => name.length));
  return scenarios.map(({ name, title }) => `${name.padEnd(longest)}  ${title}`).join("\n");
};

export const introduction = (scenario: Pick<Scenario, "name" | "title" | "description">, columns: number): string =>
  ["", `${scenario.title}  (${scenario.name})`, ...wrapped(scenario.description, columns - 2).map((line) => `  ${line}`), ""].join("\n");

/** One line per event, continued under its own text; `several` says whether the line has to name its scenario. */
export const eventText = (event: ScenarioEvent, audience: "alone" | "several", columns: number): string => {
  const time = `${event.atSeconds.toFixed(1).padStart(6)} s  `;
  const text = `${audience === "several" ? `${event.scenario}: ` : ""}${whatHappened(event)}`;
  return wrapped(text, columns - time.length)
    .map((line, at) => `${at === 0 ? time : " ".repeat(time.length)}${line}`)
    .join("\n");
};

const whatHappened = (event: ScenarioEvent): string => {
  if (event.event === "step") return event.text;
  const attempt = event.attempt > 1 ? ` (attempt ${event.attempt})` : "";
  const message = event.message === undefined || event.message === "" ? "" : `: ${event.message}`;
  return `${event.target} → ${event.phase}${attempt}${message}`;
};

const requestText = ({ namespace, outcome, phases }: ScenarioRequest): string => {
  const times = phases.slice(0, -1).map(({ phase, seconds }) => `${phase} ${seconds.toFixed(1)} s`);
  return `  ${namespace}: ${outcome}${times.length > 0 ? ` (${times.join(", ")})` : ""}`;
};

export const resultText = (result: ScenarioResult): string => {
  const verdict = result.passed ? "As expected" : "NOT as expected";
  return [
    "",
    `${verdict}: ${result.scenario} ended ${result.outcome} after ${(result.durationMs / 1000).toFixed(1)} s`,
    ...result.requests.map(requestText),
    ...result.failures.map((failure) => `  ✗ ${failure}`),
  ].join("\n");
};

export interface TestbedSurroundings {
  readonly testbedName: string;
  readonly kubeconfigPath: string;
  readonly binDir: string;
  readonly prometheusUrl: string;
  readonly alertmanagerUrl: string;
  readonly namespace: string;
  readonly requests: readonly string[];
}

export const lookAroundOnTestbed = (place: TestbedSurroundings): string =>
  [
    "",
    "The cluster stays up. Look around:",
    `  export KUBECONFIG=${place.kubeconfigPath} PATH=${place.binDir}:$PATH`,
    `  kubectl get rr --namespace ${place.namespace}`,
    ...place.requests.map((request) => `  npm run -s kintsugi -- describe ${request}`),
    `  kubectl logs --namespace ${place.namespace} deployment/kintsugi`,
    `  Prometheus ${place.prometheusUrl}   Alertmanager ${place.alertmanagerUrl}`,
    "Take it down:",
    `  npm run testbed -- down --name ${place.testbedName}`,
  ].join("\n");

export interface EmbeddedSurroundings {
  readonly kubeconfigPath: string;
  readonly namespace: string;
  readonly requests: readonly string[];
}

/** kubectl is a help here and no need. */
export const lookAroundCommands = ({ kubeconfigPath, namespace, requests }: EmbeddedSurroundings): string[] => [
  `  export KUBECONFIG=${kubeconfigPath}`,
  `  kubectl get rr --namespace ${namespace}          # if you have kubectl`,
  "  npm run -s kintsugi -- get",
  ...requests.map((request) => `  npm run -s kintsugi -- describe ${request}`),
];

export const lookAroundOnEmbedded = (place: EmbeddedSurroundings): string =>
  ["", "The cluster stays up. Look around from another terminal:", ...lookAroundCommands(place), "Ctrl-C ends it."].join("\n");

/** The break-it menu. */
export const menuText = (faults: readonly { readonly title: string; readonly isReady: boolean }[]): string =>
  [
    "",
    "What do you want to break?",
    ...faults.map(
      ({ title, isReady }, index) => `  ${String(index + 1).padStart(2)}  ${title}${isReady ? "" : "  (being set up or repaired)"}`,
    ),
    "Type a number, Enter for this menu, q to leave.",
  ].join("\n");

export interface ContextPlan {
  readonly context: string;
  readonly server: string;
  readonly namespace: string;
  readonly image: string;
  readonly workloadImage: string;
  readonly objects: readonly { readonly kind: string }[];
  readonly scenarios: readonly Pick<Scenario, "name" | "namespaces">[];
}

/** What a person is asked to agree to. */
export const contextPlanText = (plan: ContextPlan): string => {
  const counts = new Map<string, number>();
  for (const { kind } of plan.objects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const workloads = plan.scenarios.flatMap(({ namespaces }) => namespaces.map(({ name }) => `${name}-…`));
  return [
    `On ${plan.context} (${plan.server}) the demo will`,
    `  create ${[...counts].map(([kind, count]) => `${count} ${kind}`).join(", ")}; its namespace is ${plan.namespace}`,
    `  create, break and repair workloads in namespaces of their own: ${workloads.join(", ")}`,
    `  run Jobs with the image ${plan.image}, and workloads with ${plan.workloadImage}: the cluster has to be able to pull both`,
    "  run Kintsugi's controllers and Gateway in this process, as their own account; alert rules are evaluated here and posted to it, so",
    "  nothing in the cluster has to reach this machine",
    "  remove all of it at the end.",
  ].join("\n");
};
