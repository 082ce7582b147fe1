// fix_reference: every place of a template, and every reason to leave it alone.
import { describe, expect, test } from "vitest";
import type { Deployment, PersistentVolumeClaim, PodSpec, StatefulSet } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import type { ObservedObjects } from "#api/observed.ts";
import { preview } from "#actions/change.ts";
import { planStep } from "#actions/plan.ts";
import { findAction } from "#actions/registry.ts";
import { configMap, deployment, observed, statefulSet } from "#test/action-samples.ts";

const app = { name: "app", image: "web:2" };
const spec: PodSpec = {
  initContainers: [{ name: "prepare", envFrom: [{ secretRef: { name: "setings" } }, { configMapRef: { name: "setings" } }] }],
  containers: [
    {
      ...app,
      env: [
        { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "setings", key: "log_level" } } },
        { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "setings", key: "log_level" } } },
        { name: "OTHER", valueFrom: { configMapKeyRef: { name: "flags", key: "log_level" } } },
      ],
    },
  ],
  volumes: [
    { name: "conf", configMap: { name: "setings", items: [{ key: "currency", path: "c" }] } },
    { name: "all", projected: { sources: [{ secret: { name: "setings" } }, { configMap: { name: "setings" } }] } },
    { name: "data", persistentVolumeClaim: { claimName: "setings" } },
  ],
};
const web = (pod: PodSpec = spec): Deployment => deployment({ template: { metadata: { labels: { app: "web" } }, spec: pod } });
const settings = configMap("settings", { log_level: "info", currency: "EUR" });
const claim = (name: string, phase = "Bound"): PersistentVolumeClaim => ({
  ...settings,
  kind: "PersistentVolumeClaim",
  metadata: { ...settings.metadata, name },
  spec: {},
  status: { phase },
});
const leaving = <T extends KubeObject>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata, deletionTimestamp: "2030-01-01T00:00:00Z" },
});
const rename = { kind: "ConfigMap", name: "setings", to: "settings" };

const plan = (parameters: Record<string, string>, seen: ObservedObjects) =>
  planStep(
    { action: "fix_reference", target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" }, parameters },
    seen,
  );
const specAfter = (parameters: Record<string, string>, named: readonly KubeObject[], target: KubeObject = web()): PodSpec => {
  const planned = plan(parameters, observed({ target, named }));
  if (!planned.ok) throw new Error(planned.reason);
  return (preview(planned.changes[0]!, target) as Deployment).spec.template.spec;
};

describe("what is corrected", () => {
  test("a ConfigMap's name, in every place, and nothing else of that name", () => {
    expect(specAfter(rename, [settings])).toEqual({
      ...spec,
      initContainers: [{ name: "prepare", envFrom: [{ secretRef: { name: "setings" } }, { configMapRef: { name: "settings" } }] }],
      containers: [
        {
          ...app,
          env: [
            { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "settings", key: "log_level" } } },
            { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "setings", key: "log_level" } } },
            { name: "OTHER", valueFrom: { configMapKeyRef: { name: "flags", key: "log_level" } } },
          ],
        },
      ],
      volumes: [
        { name: "conf", configMap: { name: "settings", items: [{ key: "currency", path: "c" }] } },
        { name: "all", projected: { sources: [{ secret: { name: "setings" } }, { configMap: { name: "settings" } }] } },
        { name: "data", persistentVolumeClaim: { claimName: "setings" } },
      ],
    });
  });

  test("a claim's name, and nothing else of that name", () => {
    const after = specAfter({ kind: "PersistentVolumeClaim", name: "setings", to: "data-0" }, [claim("data-0")]);
    expect(after).toEqual({
      ...spec,
      volumes: [...spec.volumes!.slice(0, 2), { name: "data", persistentVolumeClaim: { claimName: "data-0" } }],
    });
  });

  test("a key, in a variable and in a volume, of that ConfigMap alone", () => {
    const pod: PodSpec = {
      containers: [
        {
          ...app,
          env: [
            { name: "A", valueFrom: { configMapKeyRef: { name: "settings", key: "loglevel" } } },
            { name: "B", valueFrom: { configMapKeyRef: { name: "flags", key: "loglevel" } } },
            { name: "C", valueFrom: { secretKeyRef: { name: "settings", key: "loglevel" } } },
          ],
        },
      ],
      volumes: [
        { name: "conf", projected: { sources: [{ configMap: { name: "settings", items: [{ key: "loglevel", path: "l" }] } }] } },
        { name: "all", configMap: { name: "settings" } },
      ],
    };
    const after = specAfter({ kind: "ConfigMap", name: "settings", key: "loglevel", to: "log_level" }, [settings], web(pod));
    expect(JSON.stringify(after).match(/"loglevel"/g)).toHaveLength(2);
    expect(after.containers[0]?.env?.[0]).toEqual({ name: "A", valueFrom: { configMapKeyRef: { name: "settings", key: "log_level" } } });
    expect(after.volumes?.[0]).toEqual({
      name: "conf",
      projected: { sources: [{ configMap: { name: "settings", items: [{ key: "log_level", path: "l" }] } }] },
    });
  });

  test("with a test before every value, and of whose key it is", () => {
    const pod: PodSpec = { containers: [{ ...app, env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "settings", key: "x" } } }] }] };
    const at = "/spec/template/spec/containers/0/env/0/valueFrom/configMapKeyRef";
    expect(
      plan({ kind: "ConfigMap", name: "settings", key: "x", to: "currency" }, observed({ target: web(pod), named: [settings] })),
    ).toMatchObject({
      changes: [
        {
          operations: [
            { op: "test", path: `${at}/name`, value: "settings" },
            { op: "test", path: `${at}/key`, value: "x" },
            { op: "replace", path: `${at}/key`, value: "currency" },
          ],
        },
      ],
    });
  });

  test("only what is named is looked up, and a Secret never", () => {
    const action = findAction("fix_reference")!;
    const named = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", name });
    expect(action.readsFor(rename)).toEqual([named("setings"), named("settings")]);
    expect(action.readsFor({ ...rename, key: "a", to: "b" })).toEqual([named("setings")]);
    expect(action.readsFor({ ...rename, kind: "Secret" })).toEqual([]);
  });
});

describe("what is refused", () => {
  const set = (more: Partial<StatefulSet["spec"]>, readyReplicas: number): StatefulSet => {
    const made = statefulSet({ template: web().spec.template, ...more });
    return { ...made, status: { ...made.status, readyReplicas } };
  };
  const asked = (pod: object): PodSpec => ({ containers: [{ ...app, ...pod }] });
  const optional = asked({ env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "setings", key: "mode", optional: true } } }] });
  const cases: Record<string, [Record<string, string>, readonly KubeObject[], RegExp, KubeObject?]> = {
    "a Secret": [{ ...rename, kind: "Secret" }, [settings], /parameters: kind/],
    "a ServiceAccount": [{ ...rename, kind: "ServiceAccount" }, [settings], /parameters: kind/],
    "a name that is none": [{ ...rename, name: "Setings/../x" }, [settings], /parameters: name/],
    "a name that occurs nowhere": [{ ...rename, name: "sttings" }, [settings], /does not name ConfigMap sttings/],
    "a right name that does not exist": [rename, [], /ConfigMap settings does not exist/],
    "a right name that another kind has": [rename, [claim("settings")], /ConfigMap settings does not exist/],
    "a wrong name that exists after all": [rename, [settings, configMap("setings", {})], /ConfigMap setings exists/],
    "a ConfigMap without a key that is asked of it": [
      rename,
      [configMap("settings", { currency: "EUR" })],
      /settings has no key log_level/,
    ],
    "a ConfigMap that is being deleted": [rename, [leaving(settings)], /being deleted/],
    "a claim that is being deleted": [
      { kind: "PersistentVolumeClaim", name: "setings", to: "data" },
      [leaving(claim("data"))],
      /being deleted/,
    ],
    "a claim that lost its volume": [{ kind: "PersistentVolumeClaim", name: "setings", to: "data" }, [claim("data", "Lost")], /lost/],
    "a key of a claim": [{ kind: "PersistentVolumeClaim", name: "setings", key: "a", to: "b" }, [], /has no keys/],
    "a key that nothing asks for": [{ ...rename, name: "flags", key: "a", to: "b" }, [configMap("flags", { b: "" })], /does not use key a/],
    "a key of a ConfigMap that does not exist": [
      { ...rename, name: "flags", key: "log_level", to: "b" },
      [],
      /ConfigMap flags does not exist/,
    ],
    "a wrong key that exists after all": [
      { ...rename, name: "flags", key: "log_level", to: "b" },
      [configMap("flags", { log_level: "", b: "" })],
      /flags has key log_level/,
    ],
    "a right key that does not exist": [{ ...rename, name: "flags", key: "log_level", to: "b" }, [configMap("flags", {})], /has no key b/],
    "a Deployment that is paused": [rename, [settings], /paused/, deployment({ ...web().spec, paused: true })],
    "a StatefulSet that waits for its broken pod": [rename, [settings], /deleted by hand/, set({}, 0)],
    "a Pod": [rename, [settings], /works on Deployment, StatefulSet, DaemonSet/, { ...web(), kind: "Pod" }],
  };
  test.each(Object.entries(cases))("%s", (_name, [parameters, named, reason, target = web()]) => {
    const result = plan(parameters, observed({ target, named }));
    expect(result).toMatchObject({ ok: false, code: "Refused" });
    expect(!result.ok && result.reason).toMatch(reason);
  });

  test("a name or a key that is right already is no-op, not refused", () => {
    const right = asked({ env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "settings", key: "currency" } } }] });
    const seen = observed({ target: web(right), named: [settings] });
    expect(plan(rename, seen)).toMatchObject({ code: "NoOp" });
    expect(plan({ ...rename, name: "settings", key: "curency", to: "currency" }, seen)).toMatchObject({ code: "NoOp" });
  });

  test("but not an optional key that is not there, nor a StatefulSet that replaces all at once or whose pods are well", () => {
    expect(specAfter(rename, [settings], web(optional))).toMatchObject({
      containers: [{ env: [{ valueFrom: { configMapKeyRef: { name: "settings" } } }] }],
    });
    for (const target of [set({ podManagementPolicy: "Parallel" }, 0), set({}, 1)])
      expect(plan(rename, observed({ target, named: [settings] })).ok).toBe(true);
  });
});

test("it is done when the pods are updated, and has failed when another client reverted it", () => {
  const target = web();
  const planned = plan(rename, observed({ target, named: [settings] }));
  if (!planned.ok) throw new Error(planned.reason);
  const after = preview(planned.changes[0]!, target) as Deployment;
  const verify = (live: KubeObject) => planned.action.verify(observed({ target: live }), planned.changes).state;
  expect(verify({ ...after, status: { observedGeneration: 2, updatedReplicas: 1 } } as Deployment)).toBe("pending");
  expect(verify({ ...after, status: { observedGeneration: 2, updatedReplicas: 2 } } as Deployment)).toBe("done");
  expect(verify(target)).toBe("failed");
});
