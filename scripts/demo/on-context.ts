// The demonstration on a cluster of the user's: says what it will put there, asks, and takes all of it away again.
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { connect } from "#kube/connect.ts";
import { defaultSource, loadKubeconfig } from "#kube/kubeconfig.ts";
import { localMachine } from "#kube/local-machine.ts";
import { startHttpServer } from "#lib/http-server.ts";
import { contextManifests, hasKintsugi, openContextStage } from "#scenarios/context-stage.ts";
import type { Scenario } from "#scenarios/scenario.ts";
import type { DemoRequest, Where } from "./demo-arguments.ts";
import { type DemoDeps, aborted, exitCodeOf, exitCodes } from "./demo-deps.ts";
import { contextPlanText } from "./narrate.ts";
import { runScenarios } from "./run-scenarios.ts";

type Context = Extract<Where, { cluster: "context" }>;

/** Machines of other people: one scenario after the other. */
const atOnce = 1;

export const runOnContext = async (
  request: DemoRequest,
  where: Context,
  deps: DemoDeps,
  scenarios: readonly Scenario[],
): Promise<number> => {
  const { clock, random, progress, signal } = deps;
  const { image, workloadImage } = where;
  const config = await configOf(where.context, deps);
  if (image === undefined) {
    progress(
      `--image <reference> is missing: Kintsugi's Jobs run on ${where.context}, so it has to pull Kintsugi's image. Build the Dockerfile and push the image to a registry that the cluster can pull from.`,
    );
    return exitCodes.cannotRun;
  }
  const kube = connect(config, { clock, random });
  try {
    if (await hasKintsugi(kube)) {
      progress(
        `${where.context} already has Kintsugi's CustomResourceDefinitions. The demo would have to change them, so it does nothing there.`,
      );
      return exitCodes.cannotRun;
    }
  } finally {
    kube.close();
  }
  const namespace = `kintsugi-demo-${Math.floor(random() * 36 ** 5).toString(36)}`;
  const objects = contextManifests(namespace, image);
  deps.progress(contextPlanText({ context: where.context, server: config.server, namespace, image, workloadImage, objects, scenarios }));
  if (where.consent === "ask" && !(await isAllowed(deps))) {
    progress("Not confirmed; nothing was changed.");
    return exitCodes.cannotRun;
  }
  const services = { start: startHttpServer, fetch };
  const stage = await openContextStage({ config, namespace, image, clock, random, services, progress, logLevel: "warn", signal });
  try {
    const results = await runScenarios(stage, request, deps, scenarios.map(withImage(workloadImage)), atOnce);
    if (request.afterwards === "keep" && !signal.aborted) {
      progress(
        `Everything stays until Ctrl-C, as does Kintsugi, which runs here: kubectl --context ${where.context} get rr -n ${namespace}`,
      );
      await aborted(signal);
    }
    return exitCodeOf(results, signal);
  } finally {
    await stage.close();
  }
};

const configOf = (context: string, { clock, env, home }: DemoDeps): Promise<ClusterConfig> => {
  const machine = localMachine({ clock, env, home });
  const source = defaultSource(machine);
  if (source === "in-cluster") throw new Error("no kubeconfig: set KUBECONFIG");
  return loadKubeconfig(source, context, machine);
};

const isAllowed = async ({ ask }: DemoDeps): Promise<boolean> => {
  if (ask === undefined) return false;
  return /^y(es)?$/i.test((await ask("Go ahead? [y/N] ")).trim());
};

/** Scenarios name the image of the testbed's own registry. */
const withImage =
  (image: string) =>
  (scenario: Scenario): Scenario => ({
    ...scenario,
    manifests: Object.fromEntries(
      Object.entries(scenario.manifests).map(([file, text]) => [file, text.replaceAll("testbed.local/busybox:1", image)]),
    ),
  });
