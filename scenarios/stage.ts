// A testbed with Kintsugi on it, ready to run scenarios: what the demo and the end-to-end tests share. Must never decide what is run.
import { loadKubeconfig } from "#kube/kubeconfig.ts";
import type { Kube } from "#kube/client.ts";
import { connect } from "#kube/connect.ts";
import { localMachine } from "#kube/local-machine.ts";
import type { Clock, Random } from "#lib/clock.ts";
import { type Installation, installKintsugi } from "#scenarios/install-kintsugi.ts";
import { createRuleBook } from "#scenarios/rule-book.ts";
import { type ScenarioRun, runScenario } from "#scenarios/run-scenario.ts";
import type { ScenarioEvent } from "#scenarios/scenario-events.ts";
import type { Scenario } from "#scenarios/scenario.ts";
import { type Testbed, up } from "#testbed/testbed.ts";
import { type Kubectl, kubectlOf } from "#test/kubectl.ts";

export interface StageOptions {
  /** Of the testbed. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly home: string;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface Stage {
  readonly testbed: Testbed;
  readonly installation: Installation;
  readonly kube: Kube;
  readonly kubectl: Kubectl;
  run(scenario: Scenario, report: (event: ScenarioEvent) => void): Promise<ScenarioRun>;
  /** Ends connections; the testbed stays. */
  close(): void;
}

/** Flow: testbed up → Kintsugi installed. Both may be there already. */
export const openStage = async (options: StageOptions): Promise<Stage> => {
  const { clock, random, progress } = options;
  const stoppable = options.signal === undefined ? {} : { signal: options.signal };
  const testbed = await up({ name: options.name, progress, ...stoppable });
  const machine = localMachine({ clock, env: {}, home: options.home });
  const kube = connect(await loadKubeconfig({ path: testbed.kubeconfigPath }, undefined, machine), { clock, random });
  try {
    const kubectl = kubectlOf(testbed);
    progress("Installing Kintsugi …");
    const installation = await installKintsugi({ testbed, kube, kubectl, clock, progress, ...stoppable });
    const rules = createRuleBook((all) =>
      testbed.setAlertRules(
        all.map(({ for: duration, labels, annotations, ...rule }) => ({
          ...rule,
          ...(duration === undefined ? {} : { for: duration }),
          ...(labels === undefined ? {} : { labels }),
          ...(annotations === undefined ? {} : { annotations }),
        })),
      ),
    );
    return {
      testbed,
      installation,
      kube,
      kubectl,
      run: (scenario, report) => {
        const { auditLogPath } = testbed;
        return runScenario(
          { kube, kubectl, rules, auditLogPath, installation: installation.namespace, clock, random, report, ...stoppable },
          scenario,
        );
      },
      close: () => kube.close(),
    };
  } catch (error) {
    kube.close();
    throw error;
  }
};
