// The execution controller and the Job's own code on an API server, each under its generated rights and the admission policies.
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import {
  type ConfigMap,
  ConfigMaps,
  ControllerRevisions,
  DaemonSets,
  Deployments,
  Jobs,
  Namespaces,
  PodDisruptionBudgets,
  Pods,
  Secrets,
} from "#api/kubernetes.ts";
import { ENVIRONMENT_LABEL, JOB_FINALIZER, MANAGED_LABEL } from "#api/labels.ts";
import { decodeReport } from "#actions/report.ts";
import { ensureKey } from "#cluster/installation-key.ts";
import { createConfigMapStore } from "#cluster/journal/config-map-store.ts";
import { createJournal } from "#cluster/journal/journal.ts";
import { CHANGES_KEY, sealer } from "#cluster/sealed-changes.ts";
import { isOver, quietMs } from "#controllers/kubernetes-execution/decide.ts";
import { sha256 } from "#lib/canonical-json.ts";
import { systemClock } from "#lib/system-clock.ts";
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { defaultSettings, settingsFrom } from "#policy/settings.ts";
import { badTemplate, goodTemplate, type Harness, openHarness } from "#test/execution-harness.ts";
import type { ProxiedRequest } from "#test/fault-proxy.ts";
import { openedChanges } from "#test/recorded-changes.ts";

const settingsOf = (policies: readonly RemediationPolicy[]) => settingsFrom(policies, harness.own);

let harness: Harness;
let running: { stop: () => Promise<void> } | undefined;
beforeAll(async () => {
  harness = await openHarness();
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  harness.policy.settings = defaultSettings;
  harness.policy.missing = [];
});
afterAll(() => harness.close());

const start = (options: { readonly aheadMs?: number } = {}): void => {
  running = harness.start(options);
};
const targetOf = (name: string) => ({ apiVersion: "apps/v1", kind: "Deployment", namespace: harness.shop, name });
const imageOf = async (name: string): Promise<string | undefined> =>
  (await harness.cluster.direct.get(Deployments, { namespace: harness.shop, name }))?.spec.template.spec.containers[0]?.image;
const hasPhase =
  (...phases: readonly string[]) =>
  (execution: KubernetesExecution) =>
    phases.includes(execution.status?.phase ?? "");
const released = (execution: KubernetesExecution): boolean => isOver(execution) && !execution.metadata.finalizers?.includes(JOB_FINALIZER);
const writesOn = (name: string): readonly ProxiedRequest[] =>
  harness.cluster.proxy.requests.filter(
    (request) => request.isWrite && (request.path.includes(name) || request.body.includes(`"name":"${name}"`)),
  );

const policyOf = (spec: RemediationPolicy["spec"]): RemediationPolicy =>
  ({
    apiVersion: "kintsugi.dev/v1alpha1",
    kind: "RemediationPolicy",
    metadata: { name: "team", namespace: harness.own },
    spec,
  }) as RemediationPolicy;

const outcomeOf = async (name: string): Promise<KubernetesExecution["status"]> => {
  const over = await harness.until(name, released);
  expect(await harness.cluster.direct.get(Jobs, { namespace: harness.own, name })).toBeUndefined();
  return over.status;
};

/** Act, the kubelet, the Job controller and the Deployment controller, each doing its part. */
const playJob = async (name: string, deployment: string, action = "rollback_deployment"): Promise<void> => {
  const job = await harness.untilJob(name);
  const { code, report } = await harness.runAct(name, action);
  await harness.rollOut(deployment);
  await harness.endJob(job, code, report);
};

describe("a rollback", () => {
  test("is recorded, run by the Job under the action's account, verified, in as few writes as it takes", async () => {
    await harness.createWorkload("happy");
    start();
    const before = harness.cluster.proxy.requests.length;
    await harness.createExecution("kex-happy", { target: targetOf("happy") });
    const executing = await harness.until("kex-happy", hasPhase("Executing"));
    expect(sha256(await openedChanges(harness.cluster.direct, executing))).toBe(executing.spec.changesHash);
    expect(executing.status).toMatchObject({ dryRun: { accepted: true }, diffs: [{ object: targetOf("happy") }] });
    expect(executing.status?.diffs?.[0]?.diff).toContain("+        image: web:1");
    expect(executing.status?.diffs?.[0]?.inverse).toContain("+        image: web:2");
    expect(await imageOf("happy")).toBe("web:2");

    const job = await harness.untilJob("kex-happy");
    expect(job.spec).toMatchObject({
      backoffLimit: 0,
      activeDeadlineSeconds: 300,
      template: {
        spec: {
          restartPolicy: "Never",
          serviceAccountName: "kintsugi-act-rollback-deployment",
          containers: [{ args: ["act", "kex-happy", "--hash", executing.spec.changesHash, "--kintsugi-namespace", harness.own] }],
        },
      },
    });
    await playJob("kex-happy", "happy");
    const over = await harness.until("kex-happy", released);
    expect(over.status).toMatchObject({ phase: "Completed", result: "Applied", changed: true, job: { uid: job.metadata.uid } });
    const after = await harness.cluster.direct.get(Deployments, { namespace: harness.shop, name: "happy" });
    expect(after?.spec.template.metadata).toEqual(goodTemplate.metadata);
    expect(after?.spec.template.spec.containers[0]).toMatchObject({ image: "web:1" });
    expect(after?.spec.template.spec.containers[0]?.env).toBeUndefined();

    const writes = harness.cluster.proxy.requests.slice(before).filter((request) => request.isWrite);
    expect(writes.map(({ method, path }) => `${method} ${path.split("/").slice(-2).join("/")}`)).toEqual([
      `POST ${harness.own}/kubernetesexecutions`,
      "PUT kex-happy/status",
      `POST ${harness.own}/jobs`,
      "PATCH deployments/happy",
      "PUT kex-happy/status",
      "PATCH kubernetesexecutions/kex-happy",
    ]);
  });

  test("is undone by what was stored, and an undo that has nothing to do says so", async () => {
    await harness.createWorkload("undone");
    start();
    await harness.createExecution("kex-undone", { target: targetOf("undone") });
    await playJob("kex-undone", "undone");
    const done = await harness.until("kex-undone", released);
    const undo = { target: targetOf("undone"), undoes: "kex-undone", changesHash: done.status?.inverseHash ?? "" };

    await harness.createExecution("undo-undone", undo);
    await playJob("undo-undone", "undone");
    expect((await harness.until("undo-undone", released)).status).toMatchObject({
      phase: "Completed",
      result: "Applied",
      inverse: "irreversible",
    });
    const after = await harness.cluster.direct.get(Deployments, { namespace: harness.shop, name: "undone" });
    expect(after?.spec.template.metadata).toEqual(badTemplate.metadata);
    expect(after?.spec.template.spec.containers[0]).toMatchObject({ image: "web:2", env: [{ name: "MODE", value: "fast" }] });

    await harness.createExecution("undo-again", undo);
    expect((await harness.until("undo-again", released)).status).toMatchObject({ phase: "Completed", result: "NotNeeded", changed: false });
  });

  test("is not undone over another client's change", async () => {
    await harness.createWorkload("touched");
    start();
    await harness.createExecution("kex-touched", { target: targetOf("touched") });
    await playJob("kex-touched", "touched");
    const done = await harness.until("kex-touched", released);
    const spec = { template: { spec: { containers: [{ name: "app", image: "web:3" }] } } };
    await harness.cluster.direct.mergePatch(Deployments, { namespace: harness.shop, name: "touched" }, { spec });
    await harness.createExecution("undo-touched", {
      target: targetOf("touched"),
      undoes: "kex-touched",
      changesHash: done.status?.inverseHash ?? "",
    });
    expect((await harness.until("undo-touched", released)).status).toMatchObject({
      phase: "Failed",
      failure: "UndoGuardFailed",
      changed: false,
    });
    expect(await imageOf("touched")).toBe("web:3");
  });
});

describe("the recorded changes", () => {
  const secret = "canary5e1f";
  const createLeaky = async (name: string): Promise<void> => {
    await harness.createWorkload(name);
    const env = [{ name: "MODE", value: secret }];
    const spec = { template: { spec: { containers: [{ name: "app", image: "web:2", env }] } } };
    await harness.cluster.direct.mergePatch(Deployments, { namespace: harness.shop, name }, { spec });
  };
  const keyPlace = (): { readonly namespace: string; readonly name: string } => ({ namespace: harness.own, name: CHANGES_KEY });
  const replaceKey = async (): Promise<void> => {
    await harness.cluster.direct.delete(Secrets, keyPlace());
    await ensureKey(harness.cluster.direct, { ...keyPlace(), randomBytes });
  };

  test("show no value that the diffs hide, neither before, nor after, nor in the undo", async () => {
    await createLeaky("leaky");
    start();
    await harness.createExecution("kex-leaky", { target: targetOf("leaky") });
    const executing = await harness.until("kex-leaky", hasPhase("Executing"));
    expect(await openedChanges(harness.cluster.direct, executing, "inverse")).toContain(secret);
    await playJob("kex-leaky", "leaky");
    const done = await harness.until("kex-leaky", released);
    const changesHash = done.status?.inverseHash ?? "";
    await harness.createExecution("undo-leaky", { target: targetOf("leaky"), undoes: "kex-leaky", changesHash });
    await playJob("undo-leaky", "leaky");
    const undone = await harness.until("undo-leaky", released);
    expect(undone.status).toMatchObject({ phase: "Completed", result: "Applied" });
    const live = await harness.cluster.direct.get(Deployments, { namespace: harness.shop, name: "leaky" });
    expect(live?.spec.template.spec.containers[0]).toMatchObject({ env: [{ name: "MODE", value: secret }] });
    for (const record of [executing, done, undone]) expect(JSON.stringify(record)).not.toContain(secret);
  });

  test("are the same for the same changes: a pass that is repeated writes nothing else", async () => {
    const seals = await Promise.all([1, 2].map(() => sealer({ kube: harness.cluster.direct, namespace: harness.own, randomBytes })));
    const place = { kind: KubernetesExecution.kind, name: "kex-any", field: "changes" } as const;
    expect(new Set(seals.map((seal) => seal(place, "[1]"))).size).toBe(1);
  });

  test("that cannot be opened any more end the execution, and its Job changes nothing", async () => {
    await createLeaky("locked");
    start();
    await harness.createExecution("kex-locked", { target: targetOf("locked") });
    await harness.until("kex-locked", hasPhase("Executing"));
    await replaceKey();
    await playJob("kex-locked", "locked");
    expect((await harness.until("kex-locked", released)).status).toMatchObject({
      phase: "Failed",
      failure: "Unreadable",
      changed: false,
      message:
        "Cannot open the recorded changes: the key in Secret kintsugi-changes-key was replaced, or the record was altered; nothing was changed.",
    });
    expect(await imageOf("locked")).toBe("web:2");
  });

  test.each([
    ["replaced", "the key in Secret kintsugi-changes-key was replaced, or the record was altered"],
    ["missing", "Secret kintsugi-changes-key no longer exists"],
  ])("cannot be undone where the key is %s, and the undo says so", async (what, why) => {
    const [name, undo] = [`kex-${what}`, `undo-${what}`];
    await createLeaky(what);
    start();
    await harness.createExecution(name, { target: targetOf(what) });
    await playJob(name, what);
    const done = await harness.until(name, released);
    expect(done.status).toMatchObject({ phase: "Completed" });
    if (what === "replaced") await replaceKey();
    else await harness.cluster.direct.delete(Secrets, keyPlace());
    await harness.createExecution(undo, { target: targetOf(what), undoes: name, changesHash: done.status?.inverseHash ?? "" });
    const status = await outcomeOf(undo);
    expect(status).toMatchObject({
      phase: "Failed",
      failure: "Unreadable",
      changed: false,
      message: `Cannot open the recorded changes: ${why}.`,
    });
    expect(await imageOf(what)).toBe("web:1");
  });
});

describe("nothing is changed, and no Job made", () => {
  test("where the object has drifted since it was planned", async () => {
    await harness.createWorkload("drifted");
    await harness.createExecution("kex-drifted", { target: targetOf("drifted") });
    const spec = { template: { spec: { containers: [{ name: "app", image: "web:4" }] } } };
    await harness.cluster.direct.mergePatch(Deployments, { namespace: harness.shop, name: "drifted" }, { spec });
    start();
    expect(await outcomeOf("kex-drifted")).toMatchObject({ phase: "Failed", failure: "Drifted", changed: false });
  });

  test("where it is as wanted already", async () => {
    await harness.createWorkload("already");
    await harness.createExecution("kex-already", {
      target: targetOf("already"),
      action: "scale_deployment",
      parameters: { replicas: "1" },
    });
    start();
    expect(await outcomeOf("kex-already")).toMatchObject({ phase: "Completed", result: "NotNeeded", changed: false });
  });

  test("for a message to people only", async () => {
    await harness.createExecution("kex-notify", { target: targetOf("absent"), action: "notify_only", parameters: { message: "look" } });
    start();
    expect((await harness.until("kex-notify", released)).status?.phase).toBe("Failed");
    await harness.createWorkload("notified");
    await harness.createExecution("kex-notified", { target: targetOf("notified"), action: "notify_only", parameters: { message: "look" } });
    expect(await outcomeOf("kex-notified")).toMatchObject({ phase: "Completed", result: "NotNeeded", changed: false });
  });

  test("where it was cancelled in time", async () => {
    await harness.createWorkload("cancelled");
    await harness.createExecution("kex-cancelled", { target: targetOf("cancelled"), cancel: true });
    start();
    expect(await outcomeOf("kex-cancelled")).toMatchObject({ phase: "Cancelled", changed: false });
  });

  test("where the namespace is not opted in", async () => {
    await harness.createWorkload("foreign");
    const labels = (value: string | null) => ({ metadata: { labels: { [MANAGED_LABEL]: value } } });
    await harness.cluster.direct.mergePatch(Namespaces, { name: harness.shop }, labels(null));
    try {
      await harness.createExecution("kex-foreign", { target: targetOf("foreign") });
      start();
      expect(await outcomeOf("kex-foreign")).toMatchObject({
        phase: "Failed",
        failure: "Forbidden",
        message: expect.stringContaining("not opted in") as string,
      });
    } finally {
      await harness.cluster.direct.mergePatch(Namespaces, { name: harness.shop }, labels("true"));
    }
  });

  const policies: Record<string, [() => void, RegExp]> = {
    "while repairs are paused": [
      () => {
        harness.policy.settings = { ...defaultSettings, paused: true };
      },
      /Repairs are paused by policy/,
    ],
    "during a freeze": [
      () => {
        const freezes = [{ name: "release week", from: "2020-01-01T00:00:00Z", to: "2090-01-01T00:00:00Z" }];
        harness.policy.settings = settingsOf([policyOf({ freezes })]);
      },
      /Freeze "release week" until/,
    ],
    "during a freeze whose condition matches": [
      () => {
        const when = `target.namespace == "${harness.shop}"`;
        const freezes = [{ name: "release week", from: "2020-01-01T00:00:00Z", to: "2090-01-01T00:00:00Z", when }];
        harness.policy.settings = settingsOf([policyOf({ freezes })]);
      },
      /Freeze "release week" until/,
    ],
    "while a policy is not valid": [
      () => {
        harness.policy.settings = settingsOf([policyOf({ autonomy: [{ when: "environment ==", value: "auto" }] })]);
      },
      /RemediationPolicy team is not valid: spec\.autonomy\[0\]\.when, line 1, column 15: .* Kintsugi only suggests/,
    ],
    "where a rule turns the action off": [
      () => {
        harness.policy.settings = settingsOf([policyOf({ autonomy: [{ when: 'action != ""', value: "off" }] })]);
      },
      /RemediationPolicy team, spec\.autonomy\[0\] sets off for /,
    ],
    "where a rule asks for an approval": [
      () => {
        harness.policy.settings = settingsOf([policyOf({ autonomy: [{ when: "true", value: "approve" }] })]);
      },
      /Approval required, and it has none: RemediationPolicy team, spec\.autonomy\[0\]/,
    ],
    "where policy protects the namespace": [
      () => {
        harness.policy.settings = { ...defaultSettings, protectedNamespaces: [harness.shop] };
      },
      /is protected/,
    ],
    "where policy protects the kind": [
      () => {
        harness.policy.settings = { ...defaultSettings, protectedKinds: ["Deployment"] };
      },
      /protected by policy/,
    ],
    "where the admission policies are not in force": [
      () => {
        harness.policy.missing = ["x-reach"];
      },
      /x-reach/,
    ],
  };
  test.each(Object.entries(policies))("%s", async (name, [arrange, reason]) => {
    const id = `refused-${sha256(name).slice(0, 6)}`;
    await harness.createWorkload(id);
    arrange();
    await harness.createExecution(`kex-${id}`, { target: targetOf(id) });
    start();
    const status = await outcomeOf(`kex-${id}`);
    expect(status).toMatchObject({ phase: "Failed", failure: "Forbidden", changed: false });
    expect(status?.message).toMatch(reason);
  });

  test("where the server would not take it", async () => {
    await harness.createWorkload("rejected");
    await harness.createExecution("kex-rejected", { target: targetOf("rejected") });
    harness.cluster.proxy.addRule({
      match: ({ method, path }) => method === "PATCH" && path.includes("deployments/rejected") && path.includes("dryRun=All"),
      action: { kind: "answer", when: "before", status: 403 },
    });
    start();
    expect(await outcomeOf("kex-rejected")).toMatchObject({ phase: "Failed", failure: "DryRunRejected", dryRun: { accepted: false } });
  });

  test.each([
    ["of an unknown action", { action: "format_disk", parameters: {} }, /Unknown action format_disk/],
    ["of an undo of what does not exist", { undoes: "kex-nowhere" }, /does not exist/],
  ] as const)("%s", async (name, step, reason) => {
    const id = `wrong-${sha256(name).slice(0, 6)}`;
    await harness.createWorkload(id);
    await harness.createExecution(`kex-${id}`, { target: targetOf(id), ...step });
    start();
    expect((await outcomeOf(`kex-${id}`))?.message).toMatch(reason);
  });
});

describe("policy that changes after the check, before the Job exists", () => {
  const paused = { ...defaultSettings, paused: true };

  test("is obeyed: no Job is made, and nothing is changed", async () => {
    await harness.createWorkload("pausing");
    harness.cluster.proxy.onRequest((request) => {
      // The pause arrives with the very write that says that the change was checked.
      if (request.method === "PUT" && request.path.endsWith("/kex-pausing/status")) harness.policy.settings = paused;
      return undefined;
    });
    start();
    await harness.createExecution("kex-pausing", { target: targetOf("pausing") });
    const status = await outcomeOf("kex-pausing");
    harness.cluster.proxy.onRequest(() => undefined);
    expect(status).toMatchObject({ phase: "Failed", failure: "Forbidden", changed: false, message: "Repairs are paused by policy." });
    expect(status?.permission).toMatchObject({ environment: "staging", autonomy: "auto" });
    expect(await imageOf("pausing")).toBe("web:2");
  });

  test("is obeyed by a controller that takes over between the two", async () => {
    await harness.createWorkload("over");
    harness.cluster.proxy.onRequest((request) =>
      request.method === "POST" && request.path.endsWith("/jobs") ? { kind: "answer", when: "before", status: 503 } : undefined,
    );
    start();
    await harness.createExecution("kex-over", { target: targetOf("over") });
    await harness.until("kex-over", hasPhase("Executing"));
    await running?.stop();
    harness.cluster.proxy.onRequest(() => undefined);
    harness.policy.settings = settingsOf([policyOf({ autonomy: [{ when: "true", value: "off" }] })]);
    start();
    const status = await outcomeOf("kex-over");
    expect(status).toMatchObject({ phase: "Failed", failure: "Forbidden", changed: false });
    expect(status?.message).toContain("RemediationPolicy team, spec.autonomy[0] sets off for rollback_deployment");
  });
});

describe("policy is read again before the Job", () => {
  const relabel = (environment: string | null): Promise<unknown> =>
    harness.cluster.direct.mergePatch(Namespaces, { name: harness.shop }, { metadata: { labels: { [ENVIRONMENT_LABEL]: environment } } });
  afterEach(() => relabel("staging"));

  /** An execution whose changes are known before it exists, so that an approval can be about them. */
  const hashFor = async (name: string): Promise<string> => {
    await harness.createWorkload(name);
    const frozen = await harness.createExecution(`kex-${name}-frozen`, { target: targetOf(name), cancel: true });
    return frozen.spec.changesHash;
  };

  test.each([
    ["production", "production", /in production/],
    ["an environment that is not on the list", "prod-eu", /prod-eu is not known to be other than production/],
    ["no environment at all", null, /no label says that it is not production/],
  ])("a step that needed no approval in staging is stopped where the namespace is %s by now", async (name, environment, reason) => {
    const id = `moved-${sha256(name).slice(0, 6)}`;
    await harness.createWorkload(id);
    await harness.createExecution(`kex-${id}`, { target: targetOf(id) });
    await relabel(environment);
    start();
    const status = await outcomeOf(`kex-${id}`);
    expect(status).toMatchObject({ phase: "Failed", failure: "Forbidden", changed: false });
    expect(status?.message).toMatch(reason);
    expect(status?.message).toContain("Approval required, and it has none");
  });

  test("a step that its plan does not say is allowed needs an approval", async () => {
    await harness.createWorkload("unsaid");
    const { permission: _permission, ...spec } = (
      await harness.createExecution("kex-unsaid-frozen", { target: targetOf("unsaid"), cancel: true })
    ).spec;
    await harness.createExecution("kex-unsaid", { ...spec, cancel: false, permission: undefined });
    start();
    expect((await outcomeOf("kex-unsaid"))?.message).toContain("Approval required, and it has none");
  });

  test("a step that people approved runs in production", async () => {
    const changesHash = await hashFor("approved");
    await relabel("production");
    const approval = await harness.createApproval("aiar-approved", { target: targetOf("approved"), changesHash });
    start();
    await harness.createExecution("kex-approved", { target: targetOf("approved"), approval });
    await playJob("kex-approved", "approved");
    expect((await harness.until("kex-approved", released)).status).toMatchObject({ phase: "Completed", result: "Applied" });
  });

  const useless: Record<string, [Partial<Parameters<Harness["createApproval"]>[1]>, string, string]> = {
    "is another object of that name": [{}, "another-uid", "no longer exists"],
    "was rejected": [{ phase: "Rejected" }, "", "is Rejected"],
    "is about another change": [{ changesHash: "0".repeat(64) }, "", "covers another change"],
    "is about another action": [{ action: "scale_deployment" }, "", "covers another change"],
    "is about another object": [
      { target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "other", name: "web" } },
      "",
      "covers another change",
    ],
  };
  test.each(Object.entries(useless))("an approval that %s allows nothing", async (name, [changed, uid, message]) => {
    const id = `useless-${sha256(name).slice(0, 6)}`;
    const changesHash = await hashFor(id);
    await relabel("production");
    const approval = await harness.createApproval(`aiar-${id}`, { target: targetOf(id), changesHash, ...changed });
    start();
    await harness.createExecution(`kex-${id}`, { target: targetOf(id), approval: { ...approval, ...(uid === "" ? {} : { uid }) } });
    expect((await outcomeOf(`kex-${id}`))?.message).toContain(message);
  });
});

describe("other actions", () => {
  test("a Deployment is scaled through its scale alone", async () => {
    await harness.createWorkload("scaled");
    start();
    await harness.createExecution("kex-scaled", { target: targetOf("scaled"), action: "scale_deployment", parameters: { replicas: "3" } });
    await playJob("kex-scaled", "scaled", "scale_deployment");
    expect((await harness.until("kex-scaled", released)).status).toMatchObject({ phase: "Completed", changed: true });
    expect(await harness.cluster.direct.get(Deployments, { namespace: harness.shop, name: "scaled" })).toMatchObject({
      spec: { replicas: 3 },
    });
  });

  test("a limit is raised, however its number is written, and lowered again by the undo", async () => {
    await harness.createWorkload("raised");
    const resources = { limits: { memory: "512Mi", cpu: "0.5" }, requests: { memory: "0.5Gi", cpu: "100m" } };
    const spec = { template: { spec: { containers: [{ name: "app", image: "web:2", resources }] } } };
    await harness.cluster.direct.mergePatch(Deployments, { namespace: harness.shop, name: "raised" }, { spec });
    const resourcesNow = async () =>
      (await harness.cluster.direct.get(Deployments, { namespace: harness.shop, name: "raised" }))?.spec.template.spec.containers[0]
        ?.resources;
    const before = await resourcesNow();
    start();
    const action = "increase_resources";
    await harness.createExecution("kex-raised", {
      target: targetOf("raised"),
      action,
      parameters: { container: "app", memory: "1024Mi", cpu: "1000m" },
    });
    await playJob("kex-raised", "raised", action);
    const over = await harness.until("kex-raised", released);
    expect(over.status).toMatchObject({ phase: "Completed", result: "Applied" });
    expect(await resourcesNow()).toEqual({ limits: { memory: "1Gi", cpu: "1" }, requests: { memory: "1Gi", cpu: "100m" } });

    const undo = { target: targetOf("raised"), action, undoes: "kex-raised", changesHash: over.status?.inverseHash ?? "" };
    await harness.createExecution("undo-raised", undo);
    await playJob("undo-raised", "raised", action);
    expect((await harness.until("undo-raised", released)).status).toMatchObject({ phase: "Completed", changed: true });
    expect(await resourcesNow()).toEqual(before);
  });

  test("a reference is corrected to what exists, and not once that is gone", async () => {
    await harness.createWorkload("misnamed");
    const spec = {
      template: { spec: { containers: [{ name: "app", image: "web:2", envFrom: [{ configMapRef: { name: "setings" } }] }] } },
    };
    await harness.cluster.direct.mergePatch(Deployments, { namespace: harness.shop, name: "misnamed" }, { spec });
    const settings = { namespace: harness.shop, name: "settings" };
    await harness.cluster.direct.create(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: settings });
    const action = "fix_reference";
    const step = { target: targetOf("misnamed"), action, parameters: { kind: "ConfigMap", name: "setings", to: "settings" } };
    await harness.createExecution("kex-misnamed", step);
    const frozen = await harness.createExecution("kex-misnamed-late", { ...step, cancel: true });
    start();
    await playJob("kex-misnamed", "misnamed", action);
    expect((await harness.until("kex-misnamed", released)).status).toMatchObject({ phase: "Completed", result: "Applied" });
    const live = await harness.cluster.direct.get(Deployments, { namespace: harness.shop, name: "misnamed" });
    expect(live?.spec.template.spec.containers[0]?.envFrom).toEqual([{ configMapRef: { name: "settings" } }]);

    await harness.cluster.direct.mergePatch(Deployments, { namespace: harness.shop, name: "misnamed" }, { spec });
    await harness.cluster.direct.delete(ConfigMaps, settings);
    await harness.createExecution("kex-nothing-there", { ...step, changesHash: frozen.spec.changesHash });
    expect((await harness.until("kex-nothing-there", released)).status).toMatchObject({
      phase: "Failed",
      failure: "Refused",
      message: expect.stringContaining("ConfigMap settings does not exist") as string,
    });
  });

  test("a DaemonSet goes back to what its ControllerRevision keeps", async () => {
    const { direct } = harness.cluster;
    const key = { namespace: harness.shop, name: "agent" };
    const spec = { selector: { matchLabels: { app: "web" } }, template: badTemplate };
    const { metadata } = await direct.create(DaemonSets, { apiVersion: "apps/v1", kind: "DaemonSet", metadata: key, spec });
    await direct.create(ControllerRevisions, {
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: {
        namespace: harness.shop,
        name: "agent-1",
        ownerReferences: [{ apiVersion: "apps/v1", kind: "DaemonSet", name: "agent", uid: metadata.uid, controller: true }],
      },
      revision: 1,
      data: { spec: { template: { ...goodTemplate, $patch: "replace" } } },
    });
    start();
    const action = "rollback_daemonset";
    await harness.createExecution("kex-agent", { target: { ...targetOf("agent"), kind: "DaemonSet" }, action });
    await harness.untilJob("kex-agent");
    const { report } = await harness.runAct("kex-agent", action);
    expect(decodeReport(report)).toMatchObject({ result: "Applied", changed: true });
    const container = (await direct.get(DaemonSets, key))?.spec.template.spec.containers[0];
    expect([container?.image, container?.env]).toEqual(["web:1", undefined]);
  });

  test("a ConfigMap that was edited, and one that was deleted, are as the change journal kept them", async () => {
    const { direct } = harness.cluster;
    const target = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", namespace: harness.shop, name });
    const journal = createJournal();
    const at = systemClock.now() + 60_000;
    for (const name of ["edited", "deleted"]) {
      const metadata = { namespace: harness.shop, name };
      journal.see(await direct.create<ConfigMap>(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { rate: "2" } }), at);
    }
    await direct.mergePatch(ConfigMaps, { namespace: harness.shop, name: "edited" }, { data: { rate: "two", more: "x" } });
    await direct.delete(ConfigMaps, { namespace: harness.shop, name: "deleted" });
    await createConfigMapStore({ kube: direct, clock: systemClock, namespace: harness.own, randomBytes }).save(
      journal.takeChanged(),
      journal,
    );
    start();
    const action = "restore_object";
    for (const name of ["edited", "deleted"]) {
      const parameters = { before: new Date(at).toISOString() };
      const step = { target: target(name), action, parameters };
      const { changesHash } = (await harness.createExecution(`kex-config-${name}-frozen`, { ...step, cancel: true })).spec;
      const approval = await harness.createApproval(`aiar-config-${name}`, { ...step, changesHash });
      await harness.createExecution(`kex-config-${name}`, { ...step, approval });
      const job = await harness.untilJob(`kex-config-${name}`);
      const { code, report } = await harness.runAct(`kex-config-${name}`, action);
      await harness.endJob(job, code, report);
      expect((await harness.until(`kex-config-${name}`, released)).status).toMatchObject({ phase: "Completed", result: "Applied" });
      expect((await direct.get(ConfigMaps, { namespace: harness.shop, name }))?.data).toEqual({ rate: "2" });
    }
  });

  const pod = (name: string) => ({ apiVersion: "v1", kind: "Pod", namespace: harness.shop, name });

  test("a pod is evicted while another one is ready", async () => {
    const labels = { app: "evicted" };
    await harness.createPod("evicted-a", labels);
    await harness.createPod("evicted-b", labels);
    start();
    await harness.createExecution("kex-evicted", { target: pod("evicted-a"), action: "restart_pod", parameters: {} });
    const job = await harness.untilJob("kex-evicted");
    const { code, report } = await harness.runAct("kex-evicted", "restart_pod");
    await harness.endJob(job, code, report);
    await harness.cluster.direct.delete(Pods, { namespace: harness.shop, name: "evicted-a" }, { gracePeriodSeconds: 0 });
    expect((await harness.until("kex-evicted", released)).status).toMatchObject({ phase: "Completed", changed: true, inverse: "[]" });
  });

  test("a pod that its budget protects is left alone", async () => {
    const labels = { app: "guarded" };
    await harness.createPod("guarded-a", labels);
    await harness.createPod("guarded-b", labels);
    const budget = await harness.cluster.direct.create(PodDisruptionBudgets, {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { namespace: harness.shop, name: "guarded" },
      spec: { selector: { matchLabels: labels }, minAvailable: 2 },
    });
    const status = {
      observedGeneration: budget.metadata.generation,
      disruptionsAllowed: 0,
      currentHealthy: 2,
      desiredHealthy: 2,
      expectedPods: 2,
    };
    await harness.cluster.direct.mergePatch(
      PodDisruptionBudgets,
      { namespace: harness.shop, name: "guarded" },
      { status },
      { subresource: "status" },
    );
    start();
    await harness.createExecution("kex-guarded", { target: pod("guarded-a"), action: "restart_pod", parameters: {} });
    const over = await harness.until("kex-guarded", released);
    expect(over.status).toMatchObject({ phase: "Failed", failure: "DryRunRejected", changed: false });
    expect(over.status?.message).toMatch(/disruption budget/);
  });
});

test("an API server that falters is waited for, and shown where it lasts", async () => {
  await harness.createWorkload("faltering");
  const isDryRun = ({ path }: ProxiedRequest): boolean => path.includes("deployments/faltering") && path.includes("dryRun=All");
  harness.cluster.proxy.addRule({ match: isDryRun, times: 3, action: { kind: "answer", when: "before", status: 503 } });
  start({ aheadMs: quietMs + 5000 });
  await harness.createExecution("kex-faltering", { target: targetOf("faltering") });
  const waiting = await harness.until("kex-faltering", hasPhase("Validating"));
  expect(waiting.status?.message).toMatch(/^Waiting for the API server/);
  await playJob("kex-faltering", "faltering");
  expect((await harness.until("kex-faltering", released)).status).toMatchObject({ phase: "Completed", changed: true });
});

describe("the Job", () => {
  const executing = async (name: string): Promise<void> => {
    await harness.createWorkload(name);
    start();
    await harness.createExecution(`kex-${name}`, { target: targetOf(name) });
    await harness.untilJob(`kex-${name}`);
  };

  test("that was killed before its change has changed nothing", async () => {
    await executing("early");
    await harness.endJob(await harness.untilJob("kex-early"), 137, "");
    expect((await harness.until("kex-early", released)).status).toMatchObject({ phase: "Failed", failure: "JobFailed", changed: false });
  });

  test("that was killed after its change is followed by the verification", async () => {
    await executing("late");
    await harness.runAct("kex-late", "rollback_deployment");
    await harness.rollOut("late");
    await harness.endJob(await harness.untilJob("kex-late"), 137, "");
    expect((await harness.until("kex-late", released)).status).toMatchObject({ phase: "Completed", result: "Applied", changed: true });
  });

  test("that ran twice has changed the object once", async () => {
    await executing("twice");
    await harness.runAct("kex-twice", "rollback_deployment");
    const { code, report } = await harness.runAct("kex-twice", "rollback_deployment");
    expect({ code, ...decodeReport(report) }).toMatchObject({ code: 0, result: "AlreadyApplied" });
    expect(writesOn("deployments/twice").filter((request) => request.method === "PATCH")).toHaveLength(1);
  });

  test("that was deleted before it was recorded is made again", async () => {
    await executing("again");
    const first = await harness.untilJob("kex-again");
    await harness.cluster.direct.delete(Jobs, { namespace: harness.own, name: "kex-again" }, { propagation: "Background" });
    await expect
      .poll(
        async () =>
          (await harness.cluster.direct.get(Jobs, { namespace: harness.own, name: "kex-again" }))?.metadata.uid ?? first.metadata.uid,
        { timeout: 20_000 },
      )
      .not.toBe(first.metadata.uid);
    await playJob("kex-again", "again");
    expect((await harness.until("kex-again", released)).status).toMatchObject({ phase: "Completed", changed: true });
  });

  test("that lasts is recorded", async () => {
    await harness.createWorkload("lasting");
    start({ aheadMs: quietMs + 5000 });
    await harness.createExecution("kex-lasting", { target: targetOf("lasting") });
    const job = await harness.untilJob("kex-lasting");
    const recorded = await harness.until("kex-lasting", (execution) => execution.status?.job !== undefined);
    expect(recorded.status).toMatchObject({ phase: "Executing", job: { name: "kex-lasting", uid: job.metadata.uid } });
  });

  test("has ended, but its change spreads: the execution verifies until it is everywhere", async () => {
    await executing("spreading");
    await running?.stop();
    start({ aheadMs: quietMs + 30_000 });
    const { code, report } = await harness.runAct("kex-spreading", "rollback_deployment");
    await harness.endJob(await harness.untilJob("kex-spreading"), code, report);
    const verifying = await harness.until("kex-spreading", hasPhase("Verifying"));
    expect(verifying.status).toMatchObject({ changed: true, result: "Applied" });
    await harness.rollOut("spreading");
    expect((await harness.until("kex-spreading", released)).status).toMatchObject({ phase: "Completed", changed: true });
  });

  test("that was deleted after it was recorded is lost", async () => {
    await executing("lost");
    await running?.stop();
    const job = await harness.untilJob("kex-lost");
    const execution = await harness.until("kex-lost", hasPhase("Executing"));
    const status = { ...execution.status, job: { name: job.metadata.name, uid: job.metadata.uid } };
    await harness.controllers.replaceStatus(KubernetesExecution, { metadata: execution.metadata, status });
    await harness.cluster.direct.delete(Jobs, { namespace: harness.own, name: "kex-lost" }, { propagation: "Background" });
    start();
    expect((await harness.until("kex-lost", released)).status).toMatchObject({ phase: "Failed", failure: "JobLost", changed: false });
  });

  test("is not interrupted: a deleted execution stays until it has ended", async () => {
    await executing("deleted");
    const collector = harness.cluster.server.asPerson("system:serviceaccount:kube-system:generic-garbage-collector", ["system:masters"]);
    await collector.delete(KubernetesExecution, { namespace: harness.own, name: "kex-deleted" });
    await harness.until("kex-deleted", (execution) => execution.metadata.deletionTimestamp !== undefined);
    await playJob("kex-deleted", "deleted");
    await expect
      .poll(() => harness.cluster.direct.get(KubernetesExecution, { namespace: harness.own, name: "kex-deleted" }), { timeout: 20_000 })
      .toBeUndefined();
    expect(await imageOf("deleted")).toBe("web:1");
  });
});

test("stopped before and after each of its writes and started anew, it ends the same, with one Job and one change", async () => {
  const { proxy } = harness.cluster;
  const writes = 4;
  for (let write = 1; write <= writes; write += 1)
    for (const when of ["before", "after"] as const) {
      const id = `crash-${write}-${when}`;
      await harness.createWorkload(id);
      let seen = 0;
      const stopped = Promise.withResolvers<void>();
      const token = `"name":"kex-${id}"`;
      start();
      const dying = running;
      await harness.createExecution(`kex-${id}`, { target: targetOf(id) });
      proxy.onRequest((request) => {
        const isOurs = request.path.includes(`/kex-${id}`) || (request.method === "POST" && request.body.includes(token));
        if (!request.isWrite || !isOurs || request.path.endsWith("/kubernetesexecutions")) return undefined;
        seen += 1;
        if (seen !== write) return undefined;
        return {
          kind: "reset",
          when,
          meanwhile: () => {
            void dying?.stop().then(stopped.resolve);
          },
        };
      });
      const restarted = stopped.promise.then(() => start());
      await playJob(`kex-${id}`, id);
      await restarted;
      const over = await harness.until(`kex-${id}`, released);
      expect(over.status, id).toMatchObject({ phase: "Completed", changed: true });
      const made = proxy.requests.filter(
        (request) => request.isWrite && request.method === "POST" && request.path.endsWith("/jobs") && request.body.includes(token),
      );
      expect(
        made.filter((request) => request.upstreamStatus === 201),
        id,
      ).toHaveLength(1);
      expect(
        writesOn(`deployments/${id}`).filter((request) => request.method === "PATCH"),
        id,
      ).toHaveLength(1);
      proxy.onRequest(() => undefined);
      await running?.stop();
    }
}, 120_000);
