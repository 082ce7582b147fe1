// A user's cluster, played by an embedded one on virtual time: what the demonstration puts there works from outside, and all of it goes away.
import { expect, test } from "vitest";
import { type EmbeddedCluster, openEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { contextManifests, hasKintsugi, openContextStage } from "#scenarios/context-stage.ts";
import { inProcessServers } from "#scenarios/in-process-servers.ts";
import { kintsugiInPods } from "#scenarios/kintsugi-in-pods.ts";
import { scenarioPrograms } from "#scenarios/scenario-programs.ts";
import { loadScenario } from "#scenarios/scenario.ts";
import { passingTime, seeded } from "#test/embedded/virtual-time.ts";

const kindsMade = [...new Set(contextManifests("n", "i").map(({ kind }) => kind))];

test("controllers outside repair what breaks inside, and nothing is left", async () => {
  const clock = createManualClock();
  const random = seeded(5);
  const image = "registry.example/kintsugi:1";
  const services = inProcessServers();
  const scenario = await loadScenario("two-policies");
  const programs = await scenarioPrograms([scenario]);
  const inPods = kintsugiInPods({
    clock,
    random,
    image,
    http: () => cluster.http,
    startServer: services.start,
    logLevel: "silent",
    renewedToken: () => "none",
    onListening: () => {},
  });
  const cluster: EmbeddedCluster = openEmbeddedCluster({
    clock,
    random,
    workloads: { behave: (context) => inPods.behave(context) ?? programs.behave(context), pull: programs.pull },
  });
  const { http, config } = cluster;
  const kube = cluster.connect();
  const everything = (): string[] =>
    [
      ...["/namespaces", "/serviceaccounts", "apiextensions.k8s.io/customresourcedefinitions"],
      ...["roles", "rolebindings", "clusterroles", "clusterrolebindings"].map((plural) => `rbac.authorization.k8s.io/${plural}`),
      ...["validatingadmissionpolicies", "validatingadmissionpolicybindings"].map((plural) => `admissionregistration.k8s.io/${plural}`),
    ].flatMap((key) => cluster.objects.list(key).map(({ metadata }) => `${key} ${metadata.namespace ?? ""} ${metadata.name}`));
  await clock.advance(5_000);
  const before = everything();
  expect(await passingTime(clock, hasKintsugi(kube))).toBe(false);

  const said: string[] = [];
  const options = { config, namespace: "kintsugi-demo-x", image, clock, random, services, logLevel: "silent", http } as const;
  const stage = await passingTime(clock, openContextStage({ ...options, progress: (line) => void said.push(line) }));
  expect(await passingTime(clock, hasKintsugi(kube))).toBe(true);
  const { result, cleanUp } = await passingTime(
    clock,
    stage.run(scenario, (event) => said.push(JSON.stringify(event))),
  );
  expect(result.failures).toEqual([]);
  expect(result.requests.map(({ outcome }) => outcome)).toEqual(["Remediated", "Remediated"]);
  // There is no audit log to read on a user's cluster, and that is said.
  expect(said.join("\n")).toMatch(/audit log can't be read/);

  await passingTime(clock, cleanUp());
  await passingTime(clock, stage.close());
  await clock.advance(120_000);
  expect(everything()).toEqual(before);
  expect(kindsMade).toContain("CustomResourceDefinition");
  kube.close();
}, 300_000);

test("a cluster that cannot be written to is reported, and created objects are removed", async () => {
  const clock = createManualClock();
  const random = seeded(6);
  // Refused from the first policy on, as an account without that right would be.
  const cluster = openEmbeddedCluster({
    clock,
    random,
    before: (request, next) =>
      request.method === "PATCH" && request.path.includes("validatingadmissionpolicies")
        ? { status: 403, headers: {}, body: { kind: "Status", code: 403, reason: "Forbidden", message: "you may not" } }
        : next(request),
  });
  const { http, config } = cluster;
  const options = {
    config,
    namespace: "kintsugi-demo-x",
    image: "i",
    clock,
    random,
    services: inProcessServers(),
    logLevel: "silent",
    http,
  } as const;
  const opening = openContextStage({ ...options, progress: () => {} });
  await expect(passingTime(clock, opening)).rejects.toThrow(/you may not/);
  await clock.advance(60_000);
  expect(cluster.objects.list("apiextensions.k8s.io/customresourcedefinitions")).toEqual([]);
  expect(cluster.objects.list("/namespaces").map(({ metadata }) => metadata.name)).not.toContain("kintsugi-demo-x");
});
