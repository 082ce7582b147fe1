// fix_probe: what is asked is corrected to what the container declares, and nothing else of a probe is touched.
import { describe, expect, test } from "vitest";
import type { Container, Deployment } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { preview } from "#actions/change.ts";
import { planStep } from "#actions/plan.ts";
import { deployment, observed, statefulSet, template } from "#test/action-samples.ts";

const container: Partial<Container> = {
  ports: [
    { name: "http", containerPort: 8080, protocol: "TCP" },
    { name: "admin", containerPort: 9090 },
    { name: "dns", containerPort: 5353, protocol: "UDP" },
  ],
  readinessProbe: { httpGet: { path: "/reday", port: 9000, scheme: "HTTP" }, periodSeconds: 1, failureThreshold: 3 },
  livenessProbe: { httpGet: { path: "/ready", port: "http", scheme: "HTTP" }, periodSeconds: 10 },
  startupProbe: { exec: { command: ["true"] } },
};
const web = (more: Partial<Container> = {}): Deployment => deployment({ template: template({ ...container, ...more }) });
const grpc = web({ startupProbe: { grpc: { port: 9000, service: "" } } });
const readiness = { container: "app", probe: "readiness" };
const plan = (parameters: Record<string, string>, target: KubeObject = web()) =>
  planStep(
    {
      action: "fix_probe",
      target: { apiVersion: "apps/v1", kind: target.kind, namespace: "shop", name: target.metadata.name },
      parameters,
    },
    observed({ target }),
  );
const after = (parameters: Record<string, string>, target: KubeObject = web()): Container => {
  const planned = plan(parameters, target);
  if (!planned.ok) throw new Error(planned.reason);
  return (preview(planned.changes[0]!, target) as Deployment).spec.template.spec.containers[0]!;
};

describe("what is corrected", () => {
  const was = { path: "/reday", scheme: "HTTP" };
  const cases: Record<string, [Record<string, string>, object]> = {
    "a port, by number": [{ port: "8080" }, { ...was, port: 8080 }],
    "a port, by name": [{ port: "http" }, { ...was, port: "http" }],
    "a path that another probe asks for": [{ path: "/ready" }, { path: "/ready", scheme: "HTTP", port: 9000 }],
    "both at once": [
      { port: "admin", path: "/ready" },
      { path: "/ready", scheme: "HTTP", port: "admin" },
    ],
  };
  test.each(Object.entries(cases))("%s, and nothing else", (_name, [parameters, question]) => {
    expect(after({ ...readiness, ...parameters })).toEqual({
      ...web().spec.template.spec.containers[0],
      readinessProbe: { httpGet: question, periodSeconds: 1, failureThreshold: 3 },
    });
  });
  test("a gRPC port, by number", () => {
    expect(after({ container: "app", probe: "startup", port: "9090" }, grpc).startupProbe).toEqual({ grpc: { port: 9090, service: "" } });
  });
  test("behind a test of the container and of the value", () => {
    const at = "/spec/template/spec/containers/0";
    expect(plan({ ...readiness, port: "8080" })).toMatchObject({
      changes: [
        {
          operations: [
            { op: "test", path: `${at}/name`, value: "app" },
            { op: "test", path: `${at}/readinessProbe/httpGet/port`, value: 9000 },
            { op: "replace", path: `${at}/readinessProbe/httpGet/port`, value: 8080 },
          ],
        },
      ],
    });
  });
});

describe("what is refused", () => {
  const cases: Record<string, [Record<string, string>, RegExp, KubeObject?]> = {
    "a correction of nothing": [readiness, /give a port, a path or both/],
    "a container that is not there": [{ ...readiness, container: "db", port: "8080" }, /no container db/],
    "a probe that the container does not have": [{ ...readiness, port: "8080" }, /has no readiness probe/, deployment()],
    "a probe that runs a command": [{ ...readiness, probe: "startup", port: "8080" }, /runs a command/],
    "a kind of probe that there is not": [{ ...readiness, probe: "ready", port: "8080" }, /parameters: probe/],
    "a port that the container does not declare": [{ ...readiness, port: "8081" }, /does not declare port 8081/],
    "a port's name that the container does not declare": [{ ...readiness, port: "https" }, /does not declare port https/],
    "a port that is not TCP": [{ ...readiness, port: "5353" }, /does not declare port 5353/],
    "a port that is none": [{ ...readiness, port: "70000" }, /parameters: port/],
    "a path that no other probe asks for": [{ ...readiness, path: "/admin" }, /no other probe of container app uses path \/admin/],
    "a path that is none": [{ ...readiness, path: "ready" }, /parameters: path/],
    "a path of a probe that asks for none": [{ ...readiness, probe: "startup", path: "/ready" }, /has no path/, grpc],
    "a gRPC port by name": [{ ...readiness, probe: "startup", port: "admin" }, /takes the number/, grpc],
    "a Deployment that is paused": [{ ...readiness, port: "8080" }, /paused/, deployment({ ...web().spec, paused: true })],
    "pods that are replaced by hand": [
      { ...readiness, port: "8080" },
      /OnDelete/,
      statefulSet({ ...web().spec, updateStrategy: { type: "OnDelete" } }),
    ],
    "a StatefulSet that waits for its broken pod": [{ ...readiness, port: "8080" }, /deleted by hand/, statefulSet(web().spec)],
  };
  test.each(Object.entries(cases))("%s", (_name, [parameters, reason, target]) => {
    const result = plan(parameters, target);
    expect(result).toMatchObject({ ok: false, code: "Refused" });
    expect(!result.ok && result.reason).toMatch(reason);
  });
  test("a port that is set already is no-op, not refused, by number and by name", () => {
    const liveness = { container: "app", probe: "liveness" };
    expect(plan({ ...liveness, port: "8080", path: "/ready" })).toMatchObject({ code: "NoOp" });
    expect(plan({ ...liveness, port: "http" })).toMatchObject({ code: "NoOp" });
  });
});

test("it is done when the pods are updated, and has failed when another client reverted it", () => {
  const planned = plan({ ...readiness, port: "8080" });
  if (!planned.ok) throw new Error(planned.reason);
  const changed = preview(planned.changes[0]!, web()) as Deployment;
  const verify = (live: KubeObject) => planned.action.verify(observed({ target: live }), planned.changes).state;
  expect(verify({ ...changed, status: { observedGeneration: 2, updatedReplicas: 1 } } as Deployment)).toBe("pending");
  expect(verify({ ...changed, status: { observedGeneration: 2, updatedReplicas: 2 } } as Deployment)).toBe("done");
  expect(verify(web())).toBe("failed");
});
