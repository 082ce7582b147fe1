// Each shared check and lookup by itself: where it holds, where it does not, and where the evidence does not say.
import { describe, expect, test } from "vitest";
import type { ContainerStatus, Pod, PodSpec, ResourceQuota } from "#api/kubernetes.ts";
import { repeated } from "#diagnosis/checks/events.ts";
import { hasUnreadyPod, lacksPods } from "#diagnosis/checks/pods.ts";
import { keptOutBy, schedulerCounts } from "#diagnosis/checks/scheduling.ts";
import { containerOf, failingWorkloads, memoryLimitOf, messagesOf, statusesOf } from "#diagnosis/containers.ts";
import { lineIn, unreadyLogs } from "#diagnosis/log-lines.ts";
import { isQuotaFull } from "#diagnosis/quotas.ts";
import { createView, type Workload } from "#diagnosis/view.ts";
import { containerStatus, crashed, deployment, evidence, failing, podsOf, type PodSketch, warning } from "#test/evidence-sketch.ts";
import { says } from "#test/three-cases/three-cases.ts";

const web = deployment("web");
const viewOfPods = (...pods: readonly PodSketch[]) => createView(evidence({ objects: [web, ...podsOf(web, ...pods)] }));
const view = viewOfPods({});
const workloadOf = (...pods: readonly PodSketch[]): Workload => viewOfPods(...pods).workloads[0]!;

describe("pods", () => {
  test.each<[string, PodSketch, boolean]>([
    ["a pod that is ready", {}, false],
    ["a pod that is not", failing(crashed("web", 1)), true],
  ])("%s", (_, pod, holds) => expect(hasUnreadyPod.holds({ workload: workloadOf(pod) }, view)).toBe(holds));

  test("a workload lacks pods where its controller wants more than exist", () => {
    const workload = workloadOf({});
    expect(lacksPods.holds({ workload }, view)).toBe(false);
    expect(lacksPods.holds({ workload: { ...workload, desired: 2 } }, view)).toBe(true);
  });
});

test("an event is repeated where it was counted more than once; of none it is unknown", () => {
  const event = evidence({ events: [warning(web, "FailedCreate", "no")] }).events[0]!;
  expect([{ event: { ...event, count: 1 } }, { event: { ...event, count: 2 } }, {}].map((each) => repeated.holds(each, view))).toEqual([
    false,
    true,
    "unknown",
  ]);
});

test("a refusal counts where the scheduler counts nodes under it, and keeps a pod out where it is the largest", () => {
  const workload = workloadOf({});
  const waiting = { workload, pod: workload.pods[0]!, message: "", counts: { cpu: 2, taint: 1 }, blocker: "cpu" } as const;
  expect(schedulerCounts("taint").holds(waiting, view)).toBe(true);
  expect(schedulerCounts("memory").holds(waiting, view)).toBe(false);
  expect(keptOutBy("cpu", "CPU").holds(waiting, view)).toBe(true);
  expect(keptOutBy("taint", "a taint").holds(waiting, view)).toBe(false);
});

describe("containers", () => {
  const spec: PodSpec = {
    containers: [{ name: "web", resources: { limits: { memory: "64Mi" } } }],
    initContainers: [{ name: "setup" }],
  };
  test("are found by name, init containers included", () => {
    expect([containerOf(spec, "setup")?.name, containerOf(spec, "other")]).toEqual(["setup", undefined]);
    expect([memoryLimitOf(spec, "web"), memoryLimitOf(spec, "setup")]).toEqual(["64Mi", undefined]);
  });
  test("have messages of their state, then of their last run", () => {
    const status = containerStatus("web", { waiting: { reason: "CrashLoopBackOff", message: "back-off" } });
    const ended: ContainerStatus = { ...status, lastState: { terminated: { exitCode: 1, message: "boom" } } };
    expect(messagesOf(ended)).toEqual(["back-off", "boom"]);
    expect(messagesOf({ ...status, state: { running: { startedAt: "2027-03-01T13:00:00Z" } } })).toEqual([]);
  });
  test("have their statuses with those of init containers first", () => {
    const pod: Pick<Pod, "status"> = {
      status: { initContainerStatuses: [containerStatus("setup", {})], containerStatuses: [containerStatus("web", {})] },
    };
    expect(statusesOf(pod).map(({ name }) => name)).toEqual(["setup", "web"]);
  });
  test("make a workload fail where one of them does not simply run", () => {
    expect(failingWorkloads(viewOfPods({}))).toEqual([]);
    expect(failingWorkloads(viewOfPods(failing(crashed("web", 1))))).toHaveLength(1);
  });
});

test("a line is the first that matches, of unready pods alone where only their logs are a ground for a change", () => {
  const logs = [says("web", "ready\nERROR one\nERROR two")];
  const given = (pod: PodSketch) => createView(evidence({ objects: [web, ...podsOf(web, pod)], logs }));
  expect(lineIn(logs, (line) => line.startsWith("ERROR"))?.text).toBe("ERROR one");
  expect(lineIn(logs, () => false)).toBeUndefined();
  const [steady, unready] = [given({}), given(failing(crashed("web", 1)))];
  expect(unreadyLogs(steady, steady.workloads[0]!)).toEqual([]);
  expect(unreadyLogs(unready, unready.workloads[0]!)).toEqual(logs);
});

test.each<[string, ResourceQuota["status"], boolean]>([
  ["all of it is used", { hard: { services: "2" }, used: { services: "2" } }, true],
  ["some is left", { hard: { services: "2" }, used: { services: "1" } }, false],
  ["its use is not known", { hard: { services: "2" } }, false],
])("a quota is full: %s", (_, status, isFull) => {
  const quota = {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "q", uid: "q" },
    spec: {},
    status,
  } as unknown as ResourceQuota;
  expect(isQuotaFull(quota, "services")).toBe(isFull);
});
