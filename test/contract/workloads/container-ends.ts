// How containers end, and what follows: exit codes, restarts and their back-off, memory, last words.
import { expect } from "vitest";
import { type Part } from "#test/contract/samples.ts";
import {
  containerOf,
  createPod,
  hasPhase,
  hasRestarted,
  isWaiting,
  podOf,
  runs,
  scripted,
  untilPod,
} from "#test/contract/workloads/scripted-containers.ts";
import { conditionOf, untilEvent, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const about = { kind: "Pod", name: "a" };
const never = { restartPolicy: "Never" };
const fails = (code: number, extra: Part = {}): Part => scripted(`echo boom; exit ${code}`, { log: ["boom"], exit: { code } }, extra);
const succeeds = (extra: Part = {}): Part => scripted("exit 0", { exit: { code: 0 } }, extra);

export const containerEnds: WorkloadTopic = {
  title: "Containers end",
  cases: [
    {
      name: "a pod that is not to be restarted and succeeds",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(succeeds(), never));
        const pod = await untilPod(cluster, namespace, hasPhase("Succeeded"));
        expect(containerOf(pod)).toMatchObject({
          ready: false,
          started: false,
          restartCount: 0,
          state: { terminated: { exitCode: 0, reason: "Completed" } },
        });
        for (const type of ["Ready", "ContainersReady"])
          expect(conditionOf(pod, type)).toMatchObject({ status: "False", reason: "PodCompleted" });
        expect(conditionOf(pod, "Initialized")).toMatchObject({ status: "True", reason: "PodCompleted" });
      },
    },
    {
      name: "a pod that is not to be restarted and fails",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(fails(3), never));
        const pod = await untilPod(cluster, namespace, hasPhase("Failed"));
        expect(containerOf(pod)).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 3, reason: "Error" } } });
        expect(conditionOf(pod, "Ready")).toMatchObject({ status: "False", reason: "PodFailed" });
        expect(conditionOf(pod, "Initialized")).toMatchObject({ status: "True" });
      },
    },
    {
      name: "a pod that is restarted only on failure ends with success",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(succeeds(), { restartPolicy: "OnFailure" }));
        expect(containerOf(await untilPod(cluster, namespace, hasPhase("Succeeded")))).toMatchObject({ restartCount: 0 });
      },
    },
    {
      name: "a pod that is restarted on failure is restarted",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(fails(1), { restartPolicy: "OnFailure" }));
        expect((await untilPod(cluster, namespace, hasRestarted(1))).status).toMatchObject({ phase: "Running" });
      },
    },
    {
      name: "a container that ends well but is to run always is restarted too",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(succeeds()));
        const pod = await untilPod(cluster, namespace, isWaiting("CrashLoopBackOff"));
        expect(containerOf(pod)).toMatchObject({ lastState: { terminated: { exitCode: 0, reason: "Completed" } } });
      },
    },
    {
      name: "crash loop: the first restart at once, then a reported wait",
      run: async (cluster, namespace) => {
        const { metadata } = await createPod(cluster, namespace, podOf(fails(3)));
        const name = `a_${namespace}(${metadata.uid})`;
        const pod = await untilPod(cluster, namespace, isWaiting("CrashLoopBackOff"));
        expect(containerOf(pod)?.state.waiting?.message).toMatch(/^back-off (10|20)s restarting failed container=web pod=/);
        expect(containerOf(pod)?.state.waiting?.message).toMatch(new RegExp(` pod=${name.replaceAll(/[()]/g, String.raw`\$&`)}$`));
        expect(containerOf(pod)).toMatchObject({
          ready: false,
          started: false,
          lastState: { terminated: { exitCode: 3, reason: "Error" } },
        });
        expect(containerOf(pod)?.restartCount).toBeGreaterThanOrEqual(1);
        expect(pod.status).toMatchObject({ phase: "Running" });
        expect(conditionOf(pod, "Ready")).toMatchObject({
          status: "False",
          reason: "ContainersNotReady",
          message: "containers with unready status: [web]",
        });
        expect(await untilEvent(cluster, namespace, about, "BackOff")).toMatchObject({
          type: "Warning",
          message: `Back-off restarting failed container web in pod ${name}`,
        });
      },
    },
    {
      name: "crash loop: ten seconds between the second run and the third",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(fails(3)));
        const second = containerOf(await untilPod(cluster, namespace, (pod) => hasRestarted(1)(pod) && ended(pod) !== undefined));
        const third = containerOf(await untilPod(cluster, namespace, (pod) => hasRestarted(2)(pod) && ended(pod) !== undefined));
        const [before, after] = [
          second?.state.terminated ?? second?.lastState.terminated,
          third?.state.terminated ?? third?.lastState.terminated,
        ];
        const seconds = (Date.parse(String(after?.startedAt)) - Date.parse(String(before?.finishedAt))) / 1000;
        expect(seconds).toBeGreaterThanOrEqual(9);
        expect(seconds).toBeLessThanOrEqual(20);
      },
    },
    {
      name: "crash loop: repeated events are counted",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(fails(3)));
        await untilPod(cluster, namespace, hasRestarted(2));
        const started = await untilEvent(cluster, namespace, about, "Started");
        expect(started["count"]).toBeGreaterThanOrEqual(3);
        expect(Date.parse(String(started["lastTimestamp"]))).toBeGreaterThan(Date.parse(String(started["firstTimestamp"])));
      },
    },
    {
      name: "more memory than allowed: OOMKilled, 137",
      run: async (cluster, namespace) => {
        const script = `exec awk 'BEGIN { for (i = 1; i <= 4000000; i++) d[i] = "sku-" i " in stock" }'`;
        await createPod(
          cluster,
          namespace,
          podOf(scripted(script, { startMs: 100, memoryBytes: 2 ** 28 }, { resources: { limits: { memory: "16Mi" } } }), never),
        );
        const pod = await untilPod(cluster, namespace, hasPhase("Failed"));
        expect(containerOf(pod)).toMatchObject({ state: { terminated: { exitCode: 137, reason: "OOMKilled" } } });
      },
    },
    {
      name: "more memory than allowed, again and again",
      run: async (cluster, namespace) => {
        const script = `exec awk 'BEGIN { for (i = 1; i <= 4000000; i++) d[i] = "sku-" i " in stock" }'`;
        await createPod(
          cluster,
          namespace,
          podOf(scripted(script, { startMs: 100, memoryBytes: 2 ** 28 }, { resources: { limits: { memory: "16Mi" } } })),
        );
        const pod = await untilPod(
          cluster,
          namespace,
          (object) => hasRestarted(1)(object) && containerOf(object)?.lastState.terminated !== undefined,
        );
        expect(containerOf(pod)?.lastState.terminated).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
        expect(containerOf(pod)).toMatchObject({ resources: { limits: { memory: "16Mi" }, requests: { memory: "16Mi" } } });
      },
    },
    {
      name: "the last words of a container are in its status",
      run: async (cluster, namespace) => {
        const script = "echo 'no database' > /dev/termination-log; exit 4";
        await createPod(cluster, namespace, podOf(scripted(script, { exit: { code: 4 }, terminationMessage: "no database\n" }), never));
        const pod = await untilPod(cluster, namespace, hasPhase("Failed"));
        expect(containerOf(pod)).toMatchObject({ state: { terminated: { exitCode: 4, message: "no database\n" } } });
      },
    },
    {
      name: "one of two containers ends: the pod runs on, and is not ready",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf([runs(), fails(1, { name: "side" })], never));
        const pod = await untilPod(
          cluster,
          namespace,
          (object) => containerOf(object, "side")?.state.terminated !== undefined && containerOf(object)?.ready === true,
        );
        expect(pod.status).toMatchObject({ phase: "Running" });
        expect(conditionOf(pod, "ContainersReady")).toMatchObject({ status: "False", message: "containers with unready status: [side]" });
      },
    },
  ],
};

const ended = (pod: Parameters<typeof containerOf>[0]): unknown =>
  containerOf(pod)?.state.terminated ?? (containerOf(pod)?.state.waiting && containerOf(pod)?.lastState.terminated);
