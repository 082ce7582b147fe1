// `kintsugi plan` and `actions`: a look that changes nothing, and the catalogue.
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

import { actions } from "#actions/registry.ts";
import type { Deployment, Pod, ReplicaSet } from "#api/kubernetes.ts";
import type { KubeObject, OwnerReference } from "#api/object.ts";
import { type FakeServer, runKintsugi, serverError } from "#test/cli-harness.ts";
import { after } from "#test/sample-requests.ts";

const labels = { app: "checkout" };
const owner = (kind: string, name: string): OwnerReference => ({ apiVersion: "apps/v1", kind, name, uid: `uid-${name}`, controller: true });
const meta = (name: string, createdMs: number, more: object = {}) => ({
  name,
  namespace: "shop",
  uid: `uid-${name}`,
  resourceVersion: "7",
  creationTimestamp: after(createdMs),
  labels,
  ...more,
});
const template = (image: string) => ({ metadata: { labels }, spec: { containers: [{ name: "checkout", image, command: ["checkout"] }] } });
const revision = (number: number) => ({ annotations: { "deployment.kubernetes.io/revision": String(number) } });

const deployment: Deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { ...meta("checkout", -600_000_000, revision(2)), generation: 2 },
  spec: { replicas: 1, selector: { matchLabels: labels }, template: template("registry.example/checkout:2.4.0") },
  status: { observedGeneration: 2, replicas: 2, updatedReplicas: 1, readyReplicas: 0, availableReplicas: 0, unavailableReplicas: 2 },
};
const set = (name: string, number: number, createdMs: number, image: string, ready: number): ReplicaSet => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: meta(name, createdMs, { ...revision(number), ownerReferences: [owner("Deployment", "checkout")] }),
  spec: { replicas: ready, selector: { matchLabels: labels }, template: template(image) },
  status: { replicas: 1, readyReplicas: ready, availableReplicas: ready },
});
const terminated = { exitCode: 1, reason: "Error", startedAt: after(-30_000), finishedAt: after(-29_600) };
const crashing: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: meta("checkout-new-1", -90_000, { ownerReferences: [owner("ReplicaSet", "checkout-new")] }),
  spec: template("registry.example/checkout:2.4.0").spec,
  status: {
    phase: "Running",
    startTime: after(-90_000),
    containerStatuses: [
      {
        name: "checkout",
        image: "registry.example/checkout:2.4.0",
        ready: false,
        restartCount: 4,
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s restarting failed container" } },
        lastState: { terminated },
      },
    ],
  },
};
const running: Pod = {
  ...crashing,
  metadata: meta("checkout-new-1", -90_000, { ownerReferences: [owner("ReplicaSet", "checkout-new")] }),
  status: {
    phase: "Running",
    startTime: after(-90_000),
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: after(-80_000) }],
    containerStatuses: [
      {
        name: "checkout",
        image: "registry.example/checkout:2.4.0",
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: after(-85_000) } },
      },
    ],
  },
};
const healthy: Deployment = {
  ...deployment,
  status: { observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
};
const namespace = (more: Record<string, string>): KubeObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "shop", uid: "ns", resourceVersion: "1", creationTimestamp: after(-900_000_000), labels: more },
});
const sets = [
  set("checkout-old", 1, -600_000_000, "registry.example/checkout:2.3.1", 0),
  set("checkout-new", 2, -95_000, "registry.example/checkout:2.4.0", 0),
];
const managed = { "kintsugi.dev/managed": "true", "kintsugi.dev/environment": "staging" };
const broken = (more: Record<string, string> = managed, top: KubeObject = deployment): FakeServer => ({
  objects: [top, ...sets, crashing, namespace(more)],
  logs: "loading configuration\nfatal: open /etc/checkout/prod.yaml: no such file or directory\n",
});
const look = async (server: FakeServer, ...args: readonly string[]) =>
  runKintsugi(["plan", "deployment/checkout", "-n", "shop", ...args], server);

describe("plan", () => {
  test("finds the cause, plans the repair and shows its diff, and changes nothing", async () => {
    const server = broken();
    const before = JSON.stringify(server.objects);
    const ran = await look(server);
    expect(ran).toMatchObject({ code: 0, stderr: "", requests: ["GET /apis/metrics.k8s.io/v1beta1/namespaces/shop/pods", "CLOSE"] });
    expect(ran.stdout).toContain("Kintsugi would repair this without approval");
    expect(ran.stdout).toContain("ReleaseCrashes");
    expect(ran.stdout).toContain("rollback_deployment on Deployment shop/checkout (revision 1)");
    expect(ran.stdout).toMatch(/^ *- .*2\.4\.0$/m);
    expect(ran.stdout).toMatch(/^ *\+ .*2\.3\.1$/m);
    expect(ran.stdout).toMatch(/Nothing was changed\.\n$/);
    expect(JSON.stringify(server.objects)).toBe(before);
  });

  test.each(["deploy/checkout", "deployments/checkout", "pod/checkout-new-1", "rs/checkout-new"])(
    "%s is looked into as its root owner",
    async (text) => {
      const ran = await runKintsugi(["plan", text, "-n", "shop", "-o", "json"], broken());
      expect(JSON.parse(ran.stdout)).toMatchObject({ target: { kind: "Deployment", name: "checkout" }, cause: { verdict: "Actionable" } });
    },
  );

  test.each([
    ["production", { ...managed, "kintsugi.dev/environment": "production" }, "would ask for approval"],
    ["an environment that is not on the list", { ...managed, "kintsugi.dev/environment": "prod-eu" }, "would ask for approval"],
    ["a namespace without an environment", { "kintsugi.dev/managed": "true" }, "would ask for approval"],
    ["a namespace that has not opted in", {}, "would propose a repair"],
  ])("in %s it says so", async (_, more, words) => {
    const ran = await look(broken(more));
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toContain(words);
  });

  test("what Helm owns is refused, and a person has to decide: exit code 1", async () => {
    const helm = {
      ...deployment,
      metadata: {
        ...deployment.metadata,
        labels: { ...labels, "app.kubernetes.io/managed-by": "Helm" },
        annotations: { ...revision(2).annotations, "meta.helm.sh/release-name": "shop" },
      },
    };
    const ran = await look(broken(managed, helm));
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/rollback_deployment, refused: .*Helm/);
    expect(ran.stdout).toContain("manual fix needed");
  });

  test.each([
    ["AwaitingApproval", "Repair rr-1 is waiting for approval", "Next: kintsugi approve rr-1"],
    ["Verifying", "Repair rr-1 is in progress (Verifying)", "Next: kintsugi describe rr-1"],
  ])("a request in phase %s for the object is named first, with the command to go on", async (phase, sentence, next) => {
    const request = {
      apiVersion: "kintsugi.dev/v1alpha1",
      kind: "RemediationRequest",
      metadata: { name: "rr-1", namespace: "kintsugi-system", uid: "rr", resourceVersion: "1", creationTimestamp: after(0) },
      spec: { target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "checkout" } },
      status: { phase },
    } as KubeObject;
    const server = broken();
    const active = { ...server, objects: [...server.objects, request] };
    const ran = await look(active);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toContain(`Deployment shop/checkout  ${sentence}\n`);
    expect(ran.stdout).toContain(next);
    expect(JSON.parse((await look(active, "-o", "json")).stdout)).toMatchObject({ request: { name: "rr-1", phase } });
  });

  test("a request that has ended is not named", async () => {
    const ended = {
      apiVersion: "kintsugi.dev/v1alpha1",
      kind: "RemediationRequest",
      metadata: { name: "rr-1", namespace: "kintsugi-system", uid: "rr", resourceVersion: "1", creationTimestamp: after(0) },
      spec: { target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "checkout" } },
      status: { phase: "Completed" },
    } as KubeObject;
    const server = broken();
    const ran = await look({ ...server, objects: [...server.objects, ended] });
    expect(ran.stdout).toContain("Kintsugi would repair this without approval");
  });

  test("a protected namespace is refused with its reason", async () => {
    const policy: KubeObject = {
      apiVersion: "kintsugi.dev/v1alpha1",
      kind: "RemediationPolicy",
      metadata: { name: "p", namespace: "kintsugi-system", uid: "p", resourceVersion: "1", creationTimestamp: after(0) },
    };
    const server = broken();
    const withPolicy = {
      ...server,
      objects: [...server.objects, { ...policy, spec: { protected: { namespaces: ["shop"] } } } as KubeObject],
    };
    const ran = await look(withPolicy);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/refused: protected: namespace shop is protected/);
  });

  test("a pause is named, and the repair waits for its end", async () => {
    const policy = {
      ...{ apiVersion: "kintsugi.dev/v1alpha1", kind: "RemediationPolicy", spec: { paused: true } },
      metadata: { name: "p", namespace: "kintsugi-system", uid: "p", resourceVersion: "1", creationTimestamp: after(0) },
    } as KubeObject;
    const server = broken();
    const ran = await look({ ...server, objects: [...server.objects, policy] });
    expect(ran.stdout).toContain("would repair this without approval\n  Waits for: repairs are paused by policy\n");
  });

  test("where nothing is wrong it says so: exit code 0", async () => {
    const ran = await look({
      objects: [
        healthy,
        ...sets.slice(1).map((each) => ({ ...each, status: { replicas: 1, readyReplicas: 1, availableReplicas: 1 } })),
        running,
        namespace(managed),
      ],
    });
    expect(ran.stdout).toContain("no problem found");
    expect(ran.code).toBe(0);
  });

  test("an installation is not needed: without its kinds the defaults apply; another failure is reported", async () => {
    const absent = serverError(404, "NotFound", "the server could not find the requested resource");
    expect((await look({ ...broken(), failures: { RemediationPolicy: absent } })).code).toBe(0);
    expect((await look({ ...broken(), failures: { RemediationPolicy: serverError(500, "InternalError", "boom") } })).code).toBe(2);
  });

  test.each([
    ["deployment/nothing", 2, /^kintsugi: Deployment shop\/nothing not found\n$/],
    ["deployment/chekout", 2, /not found\nDid you mean deployment\/checkout\?/],
    ["checkout", 2, /"checkout" has no kind\nDid you mean deployment\/checkout\?/],
    ["deployment", 2, /use kind\/name/],
    ["deployment/a/b", 2, /use kind\/name/],
    ["gizmo/a", 2, /Kinds: Pod, Deployment/],
  ])("%s is exit code %d", async (text, code, sentence) => {
    const ran = await runKintsugi(["plan", text, "-n", "shop"], broken());
    expect(ran.code).toBe(code);
    expect(ran.stderr).toMatch(sentence);
  });
});

describe("actions", () => {
  test("lists the catalogue with its parameters, the optional ones in brackets", async () => {
    const { stdout } = await runKintsugi(["actions"]);
    expect(stdout.trimEnd().split("\n")).toHaveLength(actions.length + 1);
    expect(stdout).toMatch(/^rollback_deployment +Deployment +\w+ +by its inverse +revision$/m);
    expect(stdout).toMatch(/^increase_resources .*\[memory\]/m);
    expect((await runKintsugi(["actions", "-o", "name"])).stdout.split("\n")).toContain("restart_pod");
  });

  test.each(actions.map((action) => [action.name]))("%s is described in full, with its account and rights", async (name) => {
    const { stdout } = await runKintsugi(["actions", name]);
    for (const word of [name, "risk:", `kintsugi-act-${name.replaceAll("_", "-")}`]) expect(stdout).toContain(word);
    const data = parse((await runKintsugi(["actions", name, "-o", "yaml"])).stdout) as { name: string; parameters: { properties: object } };
    expect(data.name).toBe(name);
    expect(data.parameters.properties).toHaveProperty("reason");
  });

  test("as data it is a list; an action that is not there is exit code 1", async () => {
    expect(JSON.parse((await runKintsugi(["actions", "-o", "json"])).stdout)).toHaveLength(actions.length);
    expect(await runKintsugi(["actions", "drain_node"])).toMatchObject({ code: 1, stdout: "" });
  });
});
