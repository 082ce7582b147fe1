// Runs one scenario on a cluster that Kintsugi is installed on, in fresh namespaces of its own, and compares what happened with what
// its folder expects. Must never touch anything but these namespaces, its alert rules and its requests.
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { Namespaces } from "#api/kubernetes.ts";
import type { Kube } from "#kube/client.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import type { Clock, Random } from "#lib/clock.ts";
import { type Contents, contentName, differences } from "#scenarios/check-expectation.ts";
import type { AuditTrail } from "#scenarios/audit-trail.ts";
import { writesByKintsugi } from "#scenarios/effective-writes.ts";
import { type Followed, followRequest } from "#scenarios/follow-request.ts";
import type { UserActions } from "#scenarios/user-actions.ts";
import type { SharedAlertRules } from "#scenarios/shared-alert-rules.ts";
import type { ScenarioEvent, ScenarioRequest, ScenarioResult } from "#scenarios/scenario-events.ts";
import { type Expectation, type Scenario, rulesFor } from "#scenarios/scenario.ts";
import type { Waiting } from "#scenarios/watch-until.ts";
import { becomesHealthy, createNamespace, operate, readContents, untilAllHealthy } from "#scenarios/workload.ts";

export interface ScenarioDeps {
  readonly kube: Kube;
  readonly userActions: UserActions;
  readonly rules: SharedAlertRules;
  /** Absent where the cluster's audit log can't be read: then who wrote what is not compared, and that is said. */
  readonly audit?: AuditTrail | undefined;
  /** Kintsugi's namespace. */
  readonly installation: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: (event: ScenarioEvent) => void;
  /** Awaited between health and fault: a person may choose the moment. */
  readonly untilFault?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal;
}

export interface ScenarioRun {
  readonly result: ScenarioResult;
  /** Takes away what the scenario made; with `workload` its requests stay, to be read. */
  readonly cleanUp: (what?: "all" | "workload") => Promise<void>;
}

interface Place {
  readonly expected: Expectation;
  readonly namespace: string;
  readonly healthy: Contents;
  readonly afterFault: Contents;
}

const healthyTimeoutMs = 120_000;
const suffixLetters = "bcdfghjklmnpqrstvwxz2456789";

/** The scenario's own name for a namespace that a run made. */
export const namespaceOf = (inCluster: string): string => inCluster.replace(new RegExp(`-[${suffixLetters}]{5}$`), "");

/**
 * Flow: healthy workload → alert rules → fault → follow each request to its end → compare.
 * Guarantees: never throws for what the scenario is about; a wait that ends is a failure in the result.
 */
export const runScenario = async (deps: ScenarioDeps, scenario: Scenario): Promise<ScenarioRun> => {
  const { clock, kube, userActions } = deps;
  let startedAt = clock.now();
  const elapsed = (): number => Math.round((clock.now() - startedAt) / 100) / 10;
  const step = (text: string): void => deps.report({ event: "step", scenario: scenario.name, atSeconds: elapsed(), text });
  const waiting = (what: string, timeoutMs: number): Waiting => ({
    kube,
    clock,
    what,
    timeoutMs,
    ...(deps.signal === undefined ? {} : { signal: deps.signal }),
  });
  const suffix = Array.from({ length: 5 }, () => suffixLetters[Math.floor(deps.random() * suffixLetters.length)]).join("");
  const inCluster = (namespace: string): string => `${namespace}-${suffix}`;
  const namespaces = scenario.namespaces.map(({ name, environment }) => ({ name: inCluster(name), environment }));
  const auditFrom = await deps.audit?.position();

  const prepare = async (): Promise<Place[]> => {
    for (const { name, environment } of namespaces) {
      await createNamespace(userActions, name, environment);
      await userActions.apply(scenario.manifests["healthy.yaml"] ?? "", name);
    }
    step(`workload applied in ${namespaces.map(({ name }) => name).join(" and ")}`);
    for (const { name } of namespaces) await untilAllHealthy(waiting(`the healthy workload in ${name}`, healthyTimeoutMs), name);
    step("workload is healthy");
    if (deps.audit === undefined) step("this cluster's audit log can't be read from here: who writes what is not compared");
    if (deps.untilFault !== undefined) {
      await deps.untilFault();
      // How long a person took to choose says nothing about the repair.
      startedAt = clock.now();
    }
    const named = (expected: Expectation): Expectation["untouched"] => [expected.target, ...expected.untouched];
    const read = (): Promise<Contents[]> =>
      Promise.all(scenario.expect.map((expected) => readContents(kube, inCluster(expected.in), named(expected))));
    const healthy = await read();
    await deps.rules.set(
      `${scenario.name}-${suffix}`,
      namespaces.flatMap(({ name }) => rulesFor(scenario, name)),
    );
    for (const { name } of namespaces)
      for (const operation of scenario.fault) await operate({ userActions, clock }, scenario, operation, name);
    step(scenario.fault.length === 0 ? "alert rule set; nothing is broken" : "fault applied");
    const afterFault = await read();
    return scenario.expect.map((expected, index) => ({
      expected,
      namespace: inCluster(expected.in),
      healthy: healthy[index] ?? {},
      afterFault: afterFault[index] ?? {},
    }));
  };

  const runPlace = async (place: Place): Promise<{ request: ScenarioRequest; failures: string[] }> => {
    const { expected, namespace, afterFault } = place;
    const target = contentName(expected.target);
    let changedBeforeApproval = false;
    const followed = await followRequest(
      {
        kube,
        userActions,
        installation: deps.installation,
        waiting,
        onPhase: (request) =>
          deps.report({
            event: "phase",
            scenario: scenario.name,
            atSeconds: elapsed(),
            request: request.metadata.name,
            target: `${request.spec.target.kind} ${namespace}/${request.spec.target.name}`,
            phase: request.status?.phase ?? "",
            attempt: request.status?.attempt ?? 1,
            ...(request.status?.message === undefined ? {} : { message: request.status.message }),
          }),
        onAsked: async () => {
          const now = await readContents(kube, namespace, [expected.target]);
          changedBeforeApproval ||= !jsonEqual(now[target] ?? null, afterFault[target] ?? null);
          step(`${target} in ${namespace} awaits approval and is unchanged; ${expected.approval?.by ?? "no user"} approves`);
        },
      },
      expected,
      namespace,
    );
    const failures = await compare(place, followed, changedBeforeApproval);
    const { name } = followed.request.metadata;
    return { request: { name, namespace, outcome: followed.request.status?.outcome ?? "none", phases: followed.phases }, failures };
  };

  const compare = async (place: Place, followed: Followed, changedBeforeApproval: boolean): Promise<string[]> => {
    const { expected, namespace } = place;
    const { request } = followed;
    const ofRequest = <T extends { spec: { request: string } }>(objects: readonly T[]): T[] =>
      objects.filter((object) => object.spec.request === request.metadata.name);
    const healthyAtEnd = await becomesHealthy(
      waiting("health at the end", expected.after.healthy ? 60_000 : 1_000),
      namespace,
      expected.target.name,
    );
    const [analyses, executions, atEnd, events] = await Promise.all([
      kube.list(AIAnalysis, { namespace: deps.installation }),
      kube.list(KubernetesExecution, { namespace: deps.installation }),
      readContents(kube, namespace, [expected.target, ...expected.untouched]),
      deps.audit?.about(namespace, auditFrom ?? 0),
    ]);
    const template = (place.healthy[contentName(expected.target)] as { template?: unknown } | undefined)?.template;
    const happened = {
      request,
      requestCount: followed.requestCount,
      analyses: ofRequest(analyses),
      executions: ofRequest(executions),
      wasAskedForApproval: followed.wasAskedForApproval,
      changedBeforeApproval,
      writes: events && writesByKintsugi(events, deps.installation, namespace),
      healthyAtEnd,
      healthyTemplate: template,
      afterFault: place.afterFault,
      atEnd,
    };
    return differences(expected, happened, deps.installation);
  };

  const requests: ScenarioRequest[] = [];
  const failures: string[] = [];
  try {
    const settled = await Promise.allSettled((await prepare()).map(runPlace));
    for (const [index, one] of settled.entries()) {
      const prefix = settled.length > 1 ? `in ${scenario.expect[index]?.in ?? ""}: ` : "";
      if (one.status === "rejected") failures.push(prefix + messageOf(one.reason));
      else {
        requests.push(one.value.request);
        failures.push(...one.value.failures.map((failure) => prefix + failure));
      }
    }
  } catch (error) {
    failures.push(messageOf(error));
  }

  const cleanUp: ScenarioRun["cleanUp"] = async (what = "all") => {
    // The rule first: else the namespace's end would look like news to Alertmanager.
    await deps.rules.remove(`${scenario.name}-${suffix}`);
    const names = new Set(namespaces.map(({ name }) => name));
    await Promise.all([...names].map((name) => kube.delete(Namespaces, { name })));
    if (what === "workload") return;
    const about = await kube.list(RemediationRequest, { namespace: deps.installation });
    const made = about.filter((request) => names.has(request.spec.target.namespace ?? ""));
    await Promise.all(made.map(({ metadata }) => kube.delete(RemediationRequest, { namespace: deps.installation, name: metadata.name })));
  };
  const outcome = [...new Set(requests.map((request) => request.outcome))].join(",") || "none";
  return {
    result: {
      scenario: scenario.name,
      outcome,
      passed: failures.length === 0,
      failures,
      durationMs: Math.round(clock.now() - startedAt),
      requests,
    },
    cleanUp,
  };
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
