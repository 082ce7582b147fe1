// An embedded cluster that stays, with workloads to break by number and everything to look around with. Must leave nothing behind.
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { adminName } from "#embedded/identity.ts";
import { startHttpServer } from "#lib/http-server.ts";
import { scenarioPolicy } from "#scenarios/install-kintsugi.ts";
import { eitherSignal } from "#scenarios/either-signal.ts";
import { openHttpsEndpoint } from "#scenarios/https-endpoint.ts";
import { type EmbeddedServices, type EmbeddedStage, openEmbeddedStage } from "#scenarios/embedded-stage.ts";
import type { ScenarioEvent } from "#scenarios/scenario-events.ts";
import { scenarioPrograms } from "#scenarios/scenario-programs.ts";
import { type Scenario, loadScenarios } from "#scenarios/scenario.ts";
import { type DemoDeps, exitCodes, messageOf } from "./demo-deps.ts";
import { eventText, lookAroundCommands, menuText, resultText } from "./narrate.ts";

export interface PlaygroundDeps extends DemoDeps {
  /** The lines that a person types; ends with their input. Undefined without a terminal. */
  readonly lines?: AsyncIterable<string>;
  /** How Kintsugi's services are offered; sockets by default. */
  readonly services?: EmbeddedServices;
}

/** Where each workload is: waiting to be broken, or being followed. */
interface Booth {
  readonly scenario: Scenario;
  break: (() => void) | undefined;
}

export const runPlayground = async (deps: PlaygroundDeps): Promise<number> => {
  const { clock, random, progress, print, signal, lines } = deps;
  if (lines === undefined) {
    progress("The playground needs a terminal, because it asks what to break. Without one: npm run demo -- --list");
    return exitCodes.cannotRun;
  }
  const ended = new AbortController();
  const stop = eitherSignal(signal, ended.signal);
  const scenarios = await loadScenarios();
  const programs = await scenarioPrograms(scenarios);
  const services = deps.services ?? { start: startHttpServer, fetch };
  const stage = await openEmbeddedStage({ clock, random, progress, signal: stop, services, ...programs });
  await letAdminApprove(stage);
  const endpoint = await openHttpsEndpoint(stage, clock);
  try {
    const booths = scenarios.map((scenario): Booth => ({ scenario, break: undefined }));
    progress(`Setting up ${booths.length} workloads …`);
    const shown = (): void => print(menuText(booths.map((booth) => ({ title: booth.scenario.title, isReady: booth.break !== undefined }))));
    let isShown = false;
    const onReady = (): void => {
      if (!isShown && booths.every((booth) => booth.break !== undefined)) shown();
      isShown ||= booths.every((booth) => booth.break !== undefined);
    };
    const running = booths.map((booth) => keepOpen(stage, booth, { ...deps, onReady }, stop));
    print(
      [
        "",
        `API server ${endpoint.url}   Gateway ${stage.installation.url}`,
        "Look around from another terminal. You may approve repairs there:",
        ...lookAroundCommands({ kubeconfigPath: endpoint.kubeconfigPath, namespace: stage.installation.namespace, requests: [] }),
        "  npm run -s kintsugi -- diagnose <kind>/<name> -n <namespace>",
      ].join("\n"),
    );
    await untilLeft(lines, stop, (line) => {
      const booth = booths[Number(line) - 1];
      if (line === "") shown();
      else if (booth === undefined) print(`Type a number from 1 to ${booths.length}, Enter for the menu, q to leave.`);
      else if (booth.break === undefined) print(`${booth.scenario.name} is not ready: it is being set up or repaired.`);
      else booth.break();
    });
    ended.abort(new Error("the person left"));
    await Promise.allSettled(running);
    return exitCodes.passed;
  } finally {
    progress("Ending the cluster …");
    await endpoint.close();
    await stage.close();
  }
};

/** The kubeconfig of the playground is the administrator's, and the person at it is the one who approves. */
const letAdminApprove = async ({ kube, installation }: EmbeddedStage): Promise<void> => {
  const { spec } = scenarioPolicy(installation.namespace) as unknown as RemediationPolicy;
  await kube.mergePatch(
    RemediationPolicy,
    { namespace: installation.namespace, name: "scenarios" },
    { spec: { approvers: [...(spec.approvers ?? []), `user:${adminName}`] } },
  );
};

/** Sets its workload up, waits to be broken, follows the repair, and again. */
const keepOpen = async (
  stage: EmbeddedStage,
  booth: Booth,
  { print, onReady, columns }: Pick<PlaygroundDeps, "print" | "columns"> & { readonly onReady: () => void },
  stop: AbortSignal,
): Promise<void> => {
  const { scenario } = booth;
  const untilFault = (): Promise<void> =>
    new Promise((resolve, reject) => {
      booth.break = (): void => {
        booth.break = undefined;
        resolve();
      };
      onReady();
      stop.addEventListener("abort", () => reject(stop.reason as Error), { once: true });
    });
  const approve = (question: { readonly name: string }): Promise<void> => {
    print(`${scenario.name}: waiting for your approval. Show the change and approve it: npm run -s kintsugi -- approve ${question.name}`);
    return Promise.resolve();
  };
  let isBroken = false;
  // What was repaired stays to be looked at until the person breaks the same thing again.
  let removeLast: (() => Promise<void>) | undefined;
  const report = (event: ScenarioEvent): void => {
    isBroken ||= event.event === "phase" || /fault applied|nothing is broken/.test(event.text);
    // The person approves, and has been asked to: who approves in a run without one says nothing here.
    if (isBroken && !(event.event === "step" && event.text.includes("awaits approval"))) print(eventText(event, "several", columns));
  };
  while (!stop.aborted) {
    isBroken = false;
    try {
      const { result, cleanUp } = await stage.run(scenario, report, {
        untilFault: async () => {
          await untilFault();
          await removeLast?.();
          removeLast = undefined;
        },
        approve,
      });
      if (stop.aborted) return;
      print(resultText(result));
      for (const { name } of result.requests) print(`  npm run -s kintsugi -- describe ${name}`);
      removeLast = () => cleanUp("workload");
    } catch (error) {
      if (!stop.aborted) print(`${scenario.name}: ${messageOf(error)}`);
    }
  }
};

const untilLeft = async (lines: AsyncIterable<string>, stop: AbortSignal, take: (line: string) => void): Promise<void> => {
  const aborted = new Promise<undefined>((resolve) => {
    if (stop.aborted) resolve(undefined);
    else stop.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const iterator = lines[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([iterator.next(), aborted]);
    const line = next?.done === true ? "q" : next?.value.trim();
    if (line === undefined || line.toLowerCase() === "q") return;
    take(line);
  }
};
