// A testbed with Kintsugi on it, ready to run scenarios: what the demo and the end-to-end tests share. Must never decide what is run.
import { loadKubeconfig } from "#kube/kubeconfig.ts";
import type { Kube } from "#kube/client.ts";
import { connect } from "#kube/connect.ts";
import { localMachine } from "#kube/local-machine.ts";
import type { Clock, Random } from "#lib/clock.ts";
import { type AuditTrail, fileAuditTrail } from "#scenarios/audit-trail.ts";
import { type UserActions, createUserActions } from "#scenarios/user-actions.ts";
import { type Installation, installKintsugi } from "#scenarios/install-kintsugi.ts";
import { createSharedAlertRules } from "#scenarios/shared-alert-rules.ts";
import { type ScenarioRun, runScenario } from "#scenarios/run-scenario.ts";
import type { ScenarioEvent } from "#scenarios/scenario-events.ts";
import type { Scenario } from "#scenarios/scenario.ts";
import { type Testbed, up } from "#testbed/testbed.ts";
import { type Kubectl, kubectlOf, mustKubectl } from "#test/kubectl.ts";

export interface StageOptions {
  /** Of the testbed. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly home: string;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface RunChoices {
  /** Awaited between health and fault. */
  readonly untilFault?: () => Promise<void>;
  /** The person who answers approvals; the person of the scenario by default. */
  readonly approve?: UserActions["approve"];
}

/** A cluster of any sort with Kintsugi on it. */
export interface Stage {
  readonly installation: Installation;
  readonly kube: Kube;
  run(scenario: Scenario, report: (event: ScenarioEvent) => void, choices?: RunChoices): Promise<ScenarioRun>;
  /** Ends what is ours: connections, and a cluster that lives in this process. */
  close(): Promise<void>;
}

/** Closing it leaves the testbed up. */
export interface TestbedStage extends Stage {
  readonly testbed: Testbed;
  readonly kubectl: Kubectl;
  readonly audit: AuditTrail;
  readonly userActions: UserActions;
}

/** Flow: testbed up → Kintsugi installed. Both may be there already. */
export const openStage = async (options: StageOptions): Promise<TestbedStage> => {
  const { clock, random, progress } = options;
  const stoppable = options.signal === undefined ? {} : { signal: options.signal };
  const testbed = await up({ name: options.name, progress, ...stoppable });
  const machine = localMachine({ clock, env: {}, home: options.home });
  const config = await loadKubeconfig({ path: testbed.kubeconfigPath }, undefined, machine);
  const kube = connect(config, { clock, random });
  try {
    const kubectl = kubectlOf(testbed);
    const audit = fileAuditTrail(testbed.auditLogPath);
    const userActions: UserActions = {
      ...createUserActions({
        kube,
        as: ({ by: user, groups }) => connect({ ...config, impersonate: { user, groups } }, { clock, random }),
      }),
      approve: approveWithKubectl(kubectl),
    };
    progress("Installing Kintsugi …");
    const installation = await installKintsugi({ testbed, kube, kubectl, userActions, clock, progress, ...stoppable });
    const rules = createSharedAlertRules((all) =>
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
      audit,
      userActions,
      run: (scenario, report, choices) => {
        const deps = {
          kube,
          userActions: userActionsOf(userActions, choices),
          rules,
          audit,
          installation: installation.namespace,
          clock,
          random,
          report,
        };
        return runScenario({ ...deps, ...stoppable, untilFault: choices?.untilFault }, scenario);
      },
      close: () => {
        kube.close();
        return Promise.resolve();
      },
    };
  } catch (error) {
    kube.close();
    throw error;
  }
};

export const userActionsOf = (userActions: UserActions, choices: RunChoices = {}): UserActions =>
  choices.approve === undefined ? userActions : { ...userActions, approve: choices.approve };

/** The line that is documented for people: it has to work. */
const approveWithKubectl =
  (kubectl: Kubectl): UserActions["approve"] =>
  async ({ namespace = "", name }, { by, groups, message }) => {
    const value = { by, decision: "Approved", via: "kubectl", message };
    const patch = JSON.stringify([{ op: "add", path: "/spec/decisions/-", value }]);
    const who = ["--as", by, ...groups.flatMap((group) => ["--as-group", group])];
    await mustKubectl(kubectl, ["patch", "aiar", name, "--namespace", namespace, "--type=json", "-p", patch, ...who]);
  };
