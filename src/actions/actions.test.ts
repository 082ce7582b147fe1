// Each action: its plans, its refusals, the check of its effect.
import { describe, expect, test } from "vitest";
import type { Deployment, Pod, PodDisruptionBudget, Service } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import type { ObservedObjects } from "#api/observed.ts";
import { preview } from "#actions/change.ts";
import { planStep, type PlannedStep } from "#actions/plan.ts";
import { actions, findAction } from "#actions/registry.ts";
import {
  autoscaler,
  budget,
  configMap,
  controllerRevision,
  daemonSet,
  deployment,
  observed,
  pod,
  replicaSet,
  service,
  statefulSet,
  template,
} from "#test/action-samples.ts";

const targetOf = (seen: ObservedObjects) => ({
  apiVersion: seen.target?.apiVersion ?? "apps/v1",
  kind: seen.target?.kind ?? "Deployment",
  namespace: "shop",
  name: seen.target?.metadata.name ?? "web",
});
const plan = (action: string, parameters: Record<string, string>, seen: ObservedObjects) =>
  planStep({ action, target: targetOf(seen), parameters }, seen);
const mustPlan = (action: string, parameters: Record<string, string>, seen: ObservedObjects): PlannedStep => {
  const result = plan(action, parameters, seen);
  if (!result.ok) throw new Error(result.reason);
  return result;
};
/** The target as the plan would leave it. */
const afterwards = (action: string, parameters: Record<string, string>, seen: ObservedObjects): KubeObject => {
  let live = seen.target;
  for (const change of mustPlan(action, parameters, seen).changes) live = preview(change, live);
  return live!;
};

const rolledOut = observed({
  target: deployment(),
  replicaSets: [
    replicaSet(1, template({ image: "web:1" }, { "pod-template-hash": "h1" })),
    replicaSet(2, template({}, { "pod-template-hash": "h2" })),
  ],
});
const limited = (resources: object) => observed({ target: deployment({ template: template({ resources }) }) });
const paused = observed({ target: deployment({ paused: true }) });
const misnamed = observed({
  target: deployment({ template: template({ envFrom: [{ configMapRef: { name: "setings" } }] }) }),
  named: [configMap("settings", {})],
});
const misprobed = observed({
  target: deployment({
    template: template({ ports: [{ name: "http", containerPort: 8080 }], readinessProbe: { httpGet: { path: "/", port: 9000 } } }),
  }),
});
const keptOf = (target: KubeObject) =>
  observed({ target, controllerRevisions: [controllerRevision(target, 1, template({ image: "web:1" }))] });
const running = observed({
  target: pod("web-2-a", { ready: false, owner: "ReplicaSet" }),
  siblings: [pod("web-2-a", { ready: false, owner: "ReplicaSet" })],
});

const kept = {
  object: { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "settings" },
  at: "2030-01-01T00:00:00Z",
  content: { metadata: { labels: { app: "web" }, ownerReferences: [] }, data: { rate: "2" } },
};
const edited = observed({ target: configMap("settings", { rate: "two", colour: "red" }), kept });

describe("what is refused, and why", () => {
  const cases: Record<string, [string, Record<string, string>, ObservedObjects, RegExp]> = {
    "an action that is not in the catalogue": ["rollback", {}, rolledOut, /unknown action rollback/],
    "a rollout that is not paused": ["resume_rollout", {}, rolledOut, /it is not paused/],
    "a Service that is only a name": [
      "fix_service",
      { selector: "app=web" },
      observed({ target: service({ type: "ExternalName" }) }),
      /ExternalName/,
    ],
    "a Service without a selector": [
      "fix_service",
      { selector: "app=web" },
      observed({ target: { ...service(), spec: { ports: [] } } as KubeObject }),
      /it has no selector/,
    ],
    "a Service of which nothing is said": ["fix_service", {}, observed({ target: service() }), /neither a selector nor/],
    "a target port of no port": ["fix_service", { targetPort: "8081" }, observed({ target: service() }), /needs the parameter port/],
    "a port that the Service does not have": [
      "fix_service",
      { port: "81", targetPort: "1" },
      observed({ target: service() }),
      /has no port 81/,
    ],
    "a port that the Service has twice": [
      "fix_service",
      { port: "53", targetPort: "53" },
      observed({
        target: service({
          ports: [
            { port: 53, protocol: "TCP" },
            { port: 53, protocol: "UDP" },
          ],
        }),
      }),
      /more than once/,
    ],
    "a selector that is none": ["fix_service", { selector: "app in (a)" }, observed({ target: service() }), /selector: not labels/],
    "a target port beyond 65535": ["fix_service", { port: "80", targetPort: "70000" }, observed({ target: service() }), /not a port/],
    "a Service that has these values already": [
      "fix_service",
      { port: "80", targetPort: "8080" },
      observed({ target: service() }),
      /already has these values/,
    ],
    "a budget that would be stricter": ["relax_pdb", { minAvailable: "3" }, observed({ target: budget({ minAvailable: 2 }) }), /stricter/],
    "a budget that would allow less": [
      "relax_pdb",
      { maxUnavailable: "10%" },
      observed({ target: budget({ maxUnavailable: "25%" }) }),
      /stricter/,
    ],
    "a budget of the other form": [
      "relax_pdb",
      { maxUnavailable: "1" },
      observed({ target: budget({ minAvailable: 2 }) }),
      /has no maxUnavailable/,
    ],
    "a budget that would protect nothing": [
      "relax_pdb",
      { minAvailable: "0" },
      observed({ target: budget({ minAvailable: 2 }) }),
      /number of pods from 1/,
    ],
    "a budget with both": [
      "relax_pdb",
      { minAvailable: "1", maxUnavailable: "1" },
      observed({ target: budget({ minAvailable: 2 }) }),
      /either minAvailable or maxUnavailable/,
    ],
    "a budget that is so already": ["relax_pdb", { minAvailable: "2" }, observed({ target: budget({ minAvailable: 2 }) }), /already 2/],
    "an object that the journal does not know": [
      "restore_object",
      { before: "2030-01-02T00:00:00Z" },
      observed({ target: configMap("settings", {}), kept: { unknown: "the change journal does not know it" } }),
      /does not know it/,
    ],
    "an object whose journal was not read": [
      "restore_object",
      { before: "2030-01-02T00:00:00Z" },
      observed({ target: configMap("settings", {}) }),
      /journal was not read/,
    ],
    "a deleted object that the journal does not know": [
      "restore_object",
      { before: "2030-01-02T00:00:00Z" },
      observed({ kept: { unknown: "the change journal does not know it" } }),
      /does not know it/,
    ],
    "a deleted object whose journal was not read": [
      "restore_object",
      { before: "2030-01-02T00:00:00Z" },
      observed({}),
      /journal was not read/,
    ],
    "a rollback where pods are replaced by hand": [
      "rollback_daemonset",
      { revision: "1" },
      observed({ target: { ...daemonSet(), spec: { ...daemonSet().spec, updateStrategy: { type: "OnDelete" } } } as KubeObject }),
      /OnDelete/,
    ],
    "a number of replicas that is not there to be replaced": [
      "scale_deployment",
      { replicas: "3" },
      observed({ target: deployment({ replicas: undefined as never }) }),
      /does not apply/,
    ],
    "an object that cannot be changed": [
      "restore_object",
      { before: "2030-01-02T00:00:00Z" },
      observed({ ...edited, target: { ...edited.target!, immutable: true } as KubeObject }),
      /immutable/,
    ],
    "an object that has not changed": [
      "restore_object",
      { before: "2030-01-02T00:00:00Z" },
      observed({ ...edited, target: configMap("settings", { rate: "2" }) }),
      /the same as at 2030-01-01T00:00:00Z/,
    ],
    "a time that is none": ["restore_object", { before: "yesterday" }, edited, /before: /],
    "a policy that was deleted": [
      "restore_object",
      { before: "2030-01-02T00:00:00Z" },
      observed({
        kept: { ...kept, object: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: "shop", name: "deny" } },
      }),
      /restore it manually/,
    ],
    "a target that does not exist": ["rollback_deployment", { revision: "1" }, observed({}), /does not exist/],
    "a target that is being deleted": [
      "rollback_deployment",
      { revision: "1" },
      observed({ target: deployment({}, { deletionTimestamp: "2030-01-01T00:00:00Z" }) }),
      /being deleted/,
    ],
    "a target of another kind": [
      "rollback_deployment",
      { revision: "1" },
      observed({ target: statefulSet() }),
      /works on Deployment, not on a StatefulSet/,
    ],
    "a parameter that is missing": ["rollback_deployment", {}, rolledOut, /revision/],
    "a parameter that does not fit": ["rollback_deployment", { revision: "latest" }, rolledOut, /revision/],
    "a parameter that no action has": ["rollback_deployment", { revision: "1", force: "true" }, rolledOut, /force/],
    "a revision that is not kept": ["rollback_deployment", { revision: "7" }, rolledOut, /revision 7 no longer exists/],
    "a revision of another Deployment of the same name": [
      "rollback_deployment",
      { revision: "1" },
      observed({ target: deployment(), replicaSets: [replicaSet(1, template({ image: "web:1" }), "uid-before")] }),
      /no longer exists/,
    ],
    "a rollback of what is paused": [
      "rollback_deployment",
      { revision: "1" },
      { ...rolledOut, target: deployment({ paused: true }) },
      /paused/,
    ],
    "a rollback to the present template": ["rollback_deployment", { revision: "2" }, rolledOut, /is already that of revision 2/],
    "the number of replicas that there are": ["scale_deployment", { replicas: "2" }, rolledOut, /already has 2/],
    "more than 1000 replicas": ["scale_deployment", { replicas: "1001" }, rolledOut, /replicas/],
    "to scale against an autoscaler": [
      "scale_deployment",
      { replicas: "3" },
      { ...rolledOut, autoscalers: [autoscaler] },
      /HorizontalPodAutoscaler web/,
    ],
    "to restart a pod that nothing replaces": [
      "restart_pod",
      {},
      observed({ target: pod("web-x", { ready: false }) }),
      /no controller would replace/,
    ],
    "to restart a Job's pod": [
      "restart_pod",
      {},
      observed({ target: pod("web-x", { ready: false, owner: "Job" }) }),
      /no controller would replace/,
    ],
    "to restart the last ready pod": [
      "restart_pod",
      {},
      {
        ...running,
        target: pod("web-2-a", { ready: true, owner: "ReplicaSet" }),
        siblings: [pod("web-2-b", { ready: true, owner: "ReplicaSet", leaving: true })],
      },
      /last ready pod/,
    ],
    "a raise of nothing": ["increase_resources", { container: "app" }, limited({ limits: { memory: "64Mi" } }), /give memory, cpu or both/],
    "a raise of a container that is not there": ["increase_resources", { container: "db", memory: "1Gi" }, limited({}), /no container db/],
    "a raise of a limit that is not there": ["increase_resources", { container: "app", memory: "1Gi" }, limited({}), /no memory limit/],
    "a raise beyond four times": [
      "increase_resources",
      { container: "app", memory: "257Mi" },
      limited({ limits: { memory: "64Mi" } }),
      /more than 4 times/,
    ],
    "a raise that lowers": [
      "increase_resources",
      { container: "app", cpu: "100m" },
      limited({ limits: { cpu: "1" } }),
      /less than the present cpu limit/,
    ],
    "a raise to what there is, written otherwise": [
      "increase_resources",
      { container: "app", memory: "1024Mi" },
      limited({ limits: { memory: "1Gi" } }),
      /already have these values/,
    ],
    "a raise to no quantity": [
      "increase_resources",
      { container: "app", memory: "lots" },
      limited({ limits: { memory: "64Mi" } }),
      /memory: not a quantity/,
    ],
    "a raise from a limit that cannot be read": [
      "increase_resources",
      { container: "app", memory: "1Gi" },
      limited({ limits: { memory: "?" } }),
      /cannot be read/,
    ],
    "a raise of what is paused": [
      "increase_resources",
      { container: "app", memory: "1Gi" },
      observed({ target: deployment({ paused: true }) }),
      /paused/,
    ],
    "a raise where pods are replaced by hand": [
      "increase_resources",
      { container: "app", memory: "1Gi" },
      observed({ target: statefulSet({ updateStrategy: { type: "OnDelete" } }) }),
      /OnDelete/,
    ],
    "an empty message to people": ["notify_only", {}, rolledOut, /message/],
  };
  for (const [name, [action, parameters, seen, reason]] of Object.entries(cases))
    test(name, () => {
      const result = plan(action, parameters, seen);
      expect(result.ok).toBe(false);
      expect(!result.ok && result.reason).toMatch(reason);
    });

  test("a value that is set already is no-op, not refused", () => {
    expect(plan("scale_deployment", { replicas: "2" }, rolledOut)).toMatchObject({ code: "NoOp" });
    expect(plan("scale_deployment", { replicas: "-1" }, rolledOut)).toMatchObject({ code: "Refused" });
  });

  test("a change that is too large to keep", () => {
    const huge = template({ image: "web:1", args: ["x".repeat(300_000)] });
    const seen = observed({ target: deployment(), replicaSets: [replicaSet(1, huge)] });
    expect(plan("rollback_deployment", { revision: "1" }, seen)).toMatchObject({ ok: false, code: "TooLarge" });
  });
});

describe("what is planned", () => {
  test("a rollback makes the template that of the revision, without the controller's mark", () => {
    const after = afterwards("rollback_deployment", { revision: "1" }, rolledOut) as Deployment;
    expect(after.spec.template).toEqual(template({ image: "web:1" }));
    expect(after.spec.replicas).toBe(2);
  });

  test("a rollback touches nothing but what differs", () => {
    expect(mustPlan("rollback_deployment", { revision: "1" }, rolledOut).changes).toEqual([
      {
        type: "patch",
        object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
        uid: "uid-web",
        operations: [
          { op: "test", path: "/spec/template/spec/containers/0/name", value: "app" },
          { op: "test", path: "/spec/template/spec/containers/0/image", value: "web:2" },
          { op: "replace", path: "/spec/template/spec/containers/0/image", value: "web:1" },
        ],
      },
    ]);
  });

  test("scaling goes through the scale subresource", () => {
    const { changes } = mustPlan("scale_deployment", { replicas: "5", reason: "load" }, rolledOut);
    expect(changes).toMatchObject([{ subresource: "scale" }]);
    expect((afterwards("scale_deployment", { replicas: "5" }, rolledOut) as Deployment).spec.replicas).toBe(5);
  });

  test("a restart evicts the pod by its uid", () => {
    expect(mustPlan("restart_pod", {}, running).changes).toEqual([
      { type: "evict", object: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-2-a" }, uid: "uid-web-2-a" },
    ]);
  });

  test("a ready pod is restarted while another one is ready", () => {
    const target = pod("web-2-a", { ready: true, owner: "ReplicaSet" });
    expect(plan("restart_pod", {}, observed({ target, siblings: [target, pod("web-2-b", { ready: true, owner: "ReplicaSet" })] })).ok).toBe(
      true,
    );
  });

  test("what was kept takes the place of what is there now, key by key; labels stay", () => {
    const parameters = { before: "2030-01-02T00:00:00Z" };
    expect(mustPlan("restore_object", parameters, edited).changes).toEqual([
      {
        type: "patch",
        object: kept.object,
        uid: "uid-settings",
        operations: [
          { op: "test", path: "/data/colour", value: "red" },
          { op: "remove", path: "/data/colour" },
          { op: "test", path: "/data/rate", value: "two" },
          { op: "replace", path: "/data/rate", value: "2" },
        ],
      },
    ]);
  });

  test("a deleted object is created from the journal, without its owners; that cannot be undone", () => {
    const { changes, inverse } = mustPlan("restore_object", { before: "2030-01-02T00:00:00Z" }, observed({ kept }));
    const metadata = { namespace: "shop", name: "settings", labels: { app: "web" } };
    expect(changes).toEqual([
      { type: "create", object: kept.object, content: { apiVersion: "v1", kind: "ConfigMap", metadata, data: { rate: "2" } } },
    ]);
    expect(inverse).toBe("irreversible");
  });

  test("telling people changes nothing", () => expect(mustPlan("notify_only", { message: "look" }, rolledOut).changes).toEqual([]));

  const raises: Record<string, [object, Record<string, string>, object]> = {
    "the limit alone, where the request is lower": [
      { limits: { memory: "64Mi" }, requests: { memory: "32Mi" } },
      { memory: "128Mi" },
      { limits: { memory: "128Mi" }, requests: { memory: "32Mi" } },
    ],
    "the request with it, where they are equal": [
      { limits: { memory: "64Mi", cpu: "1" }, requests: { memory: "65536Ki", cpu: "500m" } },
      { memory: "256Mi" },
      { limits: { memory: "256Mi", cpu: "1" }, requests: { memory: "256Mi", cpu: "500m" } },
    ],
    "and writes it as the server will": [{ limits: { memory: "512Mi" } }, { memory: "1024Mi" }, { limits: { memory: "1Gi" } }],
    "both at once": [
      { limits: { memory: "64Mi", cpu: "1" } },
      { memory: "128Mi", cpu: "1500m" },
      { limits: { memory: "128Mi", cpu: "1500m" } },
    ],
  };
  for (const [name, [before, parameters, after]] of Object.entries(raises))
    test(`a raise raises ${name}`, () => {
      const changed = afterwards("increase_resources", { container: "app", ...parameters }, limited(before)) as Deployment;
      expect(changed.spec.template.spec.containers[0]?.resources).toEqual(after);
    });

  const everything: Record<string, [Record<string, string>, ObservedObjects]> = {
    rollback_deployment: [{ revision: "1" }, rolledOut],
    rollback_statefulset: [{ revision: "1" }, keptOf(statefulSet({ podManagementPolicy: "Parallel" }))],
    rollback_daemonset: [{ revision: "1" }, keptOf(daemonSet())],
    scale_deployment: [{ replicas: "0" }, rolledOut],
    restart_pod: [{}, running],
    increase_resources: [{ container: "app", memory: "128Mi" }, limited({ limits: { memory: "64Mi" } })],
    resume_rollout: [{}, paused],
    fix_service: [{ selector: "app=web", port: "80", targetPort: "http" }, observed({ target: service() })],
    fix_reference: [{ kind: "ConfigMap", name: "setings", to: "settings" }, misnamed],
    fix_probe: [{ container: "app", probe: "readiness", port: "http" }, misprobed],
    relax_pdb: [{ minAvailable: "1" }, observed({ target: budget({ minAvailable: 2 }) })],
    restore_object: [{ before: "2030-01-02T00:00:00Z" }, edited],
    notify_only: [{ message: "look" }, rolledOut],
  };
  /** Whether a path, or everything below it, is what a declaration allows; `*` is one item of a list. */
  const allows = (allowed: string, path: string): boolean => {
    const [pattern, words] = [allowed.split("/"), path.split("/")];
    return pattern.length <= words.length && pattern.every((word, at) => word === words[at] || (word === "*" && /^\d+$/.test(words[at]!)));
  };
  test.each(actions)("$name writes only what it declares, also where it is undone", ({ name, writes }) => {
    const [parameters, seen] = everything[name] ?? [{}, observed({})];
    const { changes, inverse } = mustPlan(name, parameters, seen);
    for (const change of [...changes, ...(typeof inverse === "string" ? [] : inverse)]) {
      const declared = writes.filter(({ verb, type }) => verb === change.type && type.kind === change.object.kind);
      expect(declared).toHaveLength(1);
      const [write] = declared;
      if (change.type !== "patch" || write?.verb !== "patch") continue;
      expect(change.subresource).toBe(write.subresource);
      const written = change.operations.filter(({ op }) => op !== "test").map(({ path }) => path);
      expect(written.filter((path) => !write.paths.some((allowed) => allows(allowed, path)))).toEqual([]);
    }
  });

  test.each(actions.map((action) => action.name))("%s: the same plan has the same hash, whatever the version and the status", (name) => {
    const [parameters, seen] = everything[name] ?? [{}, observed({})];
    const later = {
      ...seen,
      target: { ...structuredClone(seen.target!), metadata: { ...seen.target!.metadata, resourceVersion: "77" }, status: {} },
    };
    const hash = mustPlan(name, parameters, seen).changesHash;
    expect(mustPlan(name, parameters, name === "restart_pod" ? seen : later).changesHash).toBe(hash);
    expect(mustPlan(name, { ...parameters, reason: "another" }, seen).changesHash).toBe(hash);
  });

  test.each([
    "rollback_deployment",
    "rollback_statefulset",
    "rollback_daemonset",
    "scale_deployment",
    "increase_resources",
    "resume_rollout",
    "fix_service",
    "fix_reference",
    "fix_probe",
    "relax_pdb",
    "restore_object",
  ])("%s: its inverse leads back", (name) => {
    const [parameters, seen] = everything[name] ?? [{}, observed({})];
    const { inverse } = mustPlan(name, parameters, seen);
    let live: KubeObject | undefined = afterwards(name, parameters, seen);
    for (const change of inverse === "irreversible" ? [] : inverse) live = preview(change, live);
    expect(live).toEqual(seen.target);
  });
});

describe("what a correction leaves behind", () => {
  const fixed = (parameters: Record<string, string>) =>
    (afterwards("fix_service", parameters, observed({ target: service() })) as Service).spec;
  test("the whole selector is the one given", () =>
    expect(fixed({ selector: "app=web,team.example/x=y" }).selector).toEqual({ app: "web", "team.example/x": "y" }));
  test("a target port is a number or a name, and the other ports stay", () => {
    expect(fixed({ port: "80", targetPort: "8081" }).ports).toMatchObject([{ targetPort: 8081 }, { targetPort: "metrics" }]);
    expect(fixed({ port: "9090", targetPort: "http-alt" }).ports).toMatchObject([{ targetPort: 8080 }, { targetPort: "http-alt" }]);
    expect(fixed({ port: "80", protocol: "UDP" }).ports?.[0]).toEqual({ name: "http", port: 80, targetPort: 8080, protocol: "UDP" });
  });
  test("a budget keeps its form, numbers and percentages as they are given", () => {
    const relaxed = (parameters: Record<string, string>, spec: PodDisruptionBudget["spec"]) =>
      (afterwards("relax_pdb", parameters, observed({ target: budget(spec) })) as PodDisruptionBudget).spec;
    expect(relaxed({ minAvailable: "1" }, { minAvailable: "100%" })).toEqual({ minAvailable: 1 });
    expect(relaxed({ maxUnavailable: "25%" }, { maxUnavailable: "10%" })).toEqual({ maxUnavailable: "25%" });
  });
});

describe("whether it took effect", () => {
  const effectOf = (
    name: string,
    parameters: Record<string, string>,
    seen: ObservedObjects,
    after: (target: KubeObject) => KubeObject | undefined,
  ) => {
    const { changes } = mustPlan(name, parameters, seen);
    return findAction(name)!.verify(observed({ target: after(afterwards(name, parameters, seen) ?? seen.target!) }), changes);
  };
  const rollback = (after: (target: Deployment) => KubeObject | undefined) =>
    effectOf("rollback_deployment", { revision: "1" }, rolledOut, (target) => after(target as Deployment));
  const withStatus = (status: Deployment["status"]) => (target: KubeObject) => ({ ...target, status }) as KubeObject;

  test("a rollback is done when every replica is updated", () => {
    expect(rollback(withStatus({ observedGeneration: 2, updatedReplicas: 2 }))).toEqual({ state: "done" });
    expect(rollback(withStatus({ observedGeneration: 2, updatedReplicas: 1 }))).toEqual({
      state: "pending",
      reason: "1 of 2 replicas are updated",
    });
  });
  test("counts from before the change do not count", () => {
    expect(rollback(withStatus({ observedGeneration: 1, updatedReplicas: 2 }))).toMatchObject({ state: "pending" });
    expect(rollback((target) => ({ ...target, status: undefined }) as unknown as KubeObject)).toMatchObject({ state: "pending" });
  });
  test("a rollback that another client reverted has failed", () => {
    expect(rollback(() => deployment())).toEqual({ state: "failed", reason: "another client changed Deployment shop/web again" });
  });
  test("a target that is gone has failed", () => expect(rollback(() => undefined)).toMatchObject({ state: "failed" }));

  test("a scale is done when there are as many replicas", () => {
    const scale = (status: Deployment["status"]) => effectOf("scale_deployment", { replicas: "5" }, rolledOut, withStatus(status));
    expect(scale({ observedGeneration: 2, replicas: 5 })).toEqual({ state: "done" });
    expect(scale({ observedGeneration: 2, replicas: 2 })).toEqual({ state: "pending", reason: "2 of 5 replicas exist" });
    expect(scale({ observedGeneration: 1, replicas: 5 })).toMatchObject({ state: "pending" });
  });

  test("what a controller has not reported yet counts as nothing", () => {
    const silent = (target: KubeObject, spec: object = {}, status?: object) =>
      ({
        ...target,
        metadata: { ...target.metadata, generation: undefined },
        spec: { ...(target as Deployment).spec, ...spec },
        status,
      }) as unknown as KubeObject;
    const effect = (action: string, target: KubeObject) => findAction(action)!.verify(observed({ target }), []);
    const one = { replicas: undefined };
    expect(effect("scale_deployment", silent(deployment(), one))).toEqual({
      state: "pending",
      reason: "0 of 1 replicas exist",
    });
    expect(effect("rollback_deployment", silent(deployment(), one))).toEqual({ state: "pending", reason: "0 of 1 replicas are updated" });
    expect(effect("rollback_statefulset", silent(statefulSet()))).toMatchObject({ state: "pending" });
    expect(effect("rollback_daemonset", silent(daemonSet()))).toEqual({ state: "done" });
  });

  test("a restart is done when the pod is gone, also where one of its name came back", () => {
    const { changes } = mustPlan("restart_pod", {}, running);
    const verify = (target: Pod | undefined) => findAction("restart_pod")!.verify(observed({ target }), changes).state;
    expect(verify(undefined)).toBe("done");
    expect(verify(pod("web-2-b", { ready: false }))).toBe("done");
    expect(verify(pod("web-2-a", { ready: false, leaving: true }))).toBe("pending");
  });

  test("a raise is done on each kind when its pods are updated", () => {
    const resources = { resources: { limits: { memory: "64Mi" } } };
    const raise = (target: KubeObject, status: object) =>
      effectOf(
        "increase_resources",
        { container: "app", memory: "128Mi" },
        observed({ target }),
        (after) => ({ ...after, status }) as KubeObject,
      ).state;
    const set = { ...daemonSet(), spec: { selector: {}, template: template(resources) } };
    expect(raise(set, { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 1 })).toBe("pending");
    expect(raise(set, { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 2 })).toBe("done");
    expect(raise(statefulSet({ template: template(resources) }), { observedGeneration: 2, updatedReplicas: 1 })).toBe("done");
  });

  test("a rollout that is resumed is done when every replica is updated", () => {
    const resume = (status: Deployment["status"]) => effectOf("resume_rollout", {}, paused, withStatus(status)).state;
    expect(resume({ observedGeneration: 2, updatedReplicas: 2 })).toBe("done");
    expect(resume({ observedGeneration: 2, updatedReplicas: 0 })).toBe("pending");
    expect(effectOf("resume_rollout", {}, paused, () => paused.target).state).toBe("failed");
  });

  test("a Service or a budget is done when it is stored, and has failed when another client reverted it", () => {
    const fix = (after: (target: KubeObject) => KubeObject | undefined) =>
      effectOf("fix_service", { selector: "app=web" }, observed({ target: service() }), after).state;
    expect([fix((target) => target), fix(() => service()), fix(() => undefined)]).toEqual(["done", "failed", "failed"]);
    const relax = effectOf("relax_pdb", { maxUnavailable: "1" }, observed({ target: budget({ maxUnavailable: 0 }) }), (target) => target);
    expect(relax).toEqual({ state: "done" });
  });

  test("telling people is done at once", () => expect(findAction("notify_only")!.verify(observed({}), [])).toEqual({ state: "done" }));
});

describe("the catalogue", () => {
  test("names are unique, and similar is not the same", () => {
    expect(new Set(actions.map((action) => action.name)).size).toBe(actions.length);
    expect(findAction("rollback_deployments")).toBeUndefined();
  });
  test.each(actions.map((action) => [action.name, action] as const))("%s may do no more than it says", (_name, action) => {
    for (const need of action.needs) {
      expect(need.scope).toBe("cluster");
      expect(need.verbs).not.toContain("delete");
      expect(need.verbs).not.toContain("update");
      expect(need.resource).not.toContain("*");
    }
  });
});
