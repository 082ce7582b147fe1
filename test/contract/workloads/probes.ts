// Probes: when a container is ready, when it is killed for not answering, and what is told of it.
import { expect } from "vitest";
import { type Part } from "#test/contract/samples.ts";
import { containerOf, createPod, hasRestarted, isRunning, podOf, runs, told, untilPod } from "#test/contract/workloads/told-containers.ts";
import { conditionOf, untilEvent, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const about = { kind: "Pod", name: "a" };
const fieldPath = "spec.containers{web}";
const each = { periodSeconds: 1 };
const ports = [{ name: "http", containerPort: 8080 }];
const server = (extra: Part = {}): Part =>
  told(
    "mkdir /tmp/www; echo ok > /tmp/www/health; exec httpd -f -p 8080 -h /tmp/www",
    { onTerm: "ignored", httpStatus: { "/": 404, "/health": 200 } },
    { ports, ...extra },
  );
const isReady = (pod: Parameters<typeof conditionOf>[0]): boolean => conditionOf(pod, "Ready")?.status === "True";
const readiness = (probe: Part): Part => ({ readinessProbe: { ...each, ...probe } });

export const probes: WorkloadTopic = {
  title: "Probes",
  cases: [
    {
      name: "a server that answers is ready",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(server(readiness({ httpGet: { path: "/health", port: "http" } }))));
        expect(containerOf(await untilPod(cluster, namespace, isReady))).toMatchObject({ ready: true, started: true, restartCount: 0 });
      },
    },
    {
      name: "a port on which nobody listens",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(server(readiness({ httpGet: { path: "/health", port: 8081 } }))));
        const pod = await untilPod(cluster, namespace, isRunning);
        const address = `${pod.status["podIP"] as string}:8081`;
        const refused = `Readiness probe failed: Get "http://${address}/health": dial tcp ${address}: connect: connection refused`;
        const event = await untilEvent(cluster, namespace, about, "Unhealthy", refused);
        expect(event).toMatchObject({ type: "Warning", involvedObject: { fieldPath } });
        expect(containerOf(pod)).toMatchObject({ ready: false, started: true, restartCount: 0 });
        expect(pod.status).toMatchObject({ phase: "Running" });
        expect(conditionOf(pod, "Ready")).toMatchObject({
          status: "False",
          reason: "ContainersNotReady",
          message: "containers with unready status: [web]",
        });
      },
    },
    {
      name: "a path that is not served",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(server(readiness({ httpGet: { path: "/ready", port: 8080 } }))));
        await untilEvent(cluster, namespace, about, "Unhealthy", /^Readiness probe failed: HTTP probe failed with statuscode: 404$/);
      },
    },
    {
      name: "a command that fails, with what it prints",
      run: async (cluster, namespace) => {
        const probe = readiness({ exec: { command: ["sh", "-c", "echo not yet; exit 1"] } });
        const does = { onTerm: { code: 0 }, exec: { "sh -c echo not yet; exit 1": { code: 1, output: "not yet\n" } } };
        await createPod(cluster, namespace, podOf(told("trap 'exit 0' TERM; sleep 3600 & wait", does, probe)));
        await untilEvent(cluster, namespace, about, "Unhealthy", /^Readiness probe failed: not yet\n$/);
      },
    },
    {
      name: "a socket that is open is enough for a TCP probe",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(server(readiness({ tcpSocket: { port: 8080 } }))));
        await untilPod(cluster, namespace, isReady);
      },
    },
    {
      name: "liveness: a container that does not answer is killed and started again",
      run: async (cluster, namespace) => {
        const livenessProbe = { ...each, failureThreshold: 2, tcpSocket: { port: 8081 } };
        await createPod(cluster, namespace, podOf(told("sleep 3600", { onTerm: "ignored" }, { livenessProbe })));
        const killing = await untilEvent(cluster, namespace, about, "Killing");
        expect(killing).toMatchObject({
          type: "Normal",
          message: "Container web failed liveness probe, will be restarted",
          involvedObject: { fieldPath },
        });
        const pod = await untilPod(cluster, namespace, hasRestarted(1));
        expect(containerOf(pod)?.lastState.terminated).toMatchObject({ exitCode: 137, reason: "Error" });
        const address = `${pod.status["podIP"] as string}:8081`;
        await untilEvent(cluster, namespace, about, "Unhealthy", `Liveness probe failed: dial tcp ${address}: connect: connection refused`);
      },
    },
    {
      name: "liveness: a container that goes when it is asked to ends with its own code",
      run: async (cluster, namespace) => {
        const livenessProbe = { ...each, failureThreshold: 1, tcpSocket: { port: 8081 } };
        const script = "trap 'exit 7' TERM; sleep 3600 & wait";
        await createPod(cluster, namespace, podOf(told(script, { onTerm: { code: 7 } }, { livenessProbe })));
        const pod = await untilPod(cluster, namespace, hasRestarted(1));
        expect(containerOf(pod)?.lastState.terminated).toMatchObject({ exitCode: 7, reason: "Error" });
      },
    },
    {
      name: "startup: a container that never gets ready is killed",
      run: async (cluster, namespace) => {
        const startupProbe = { ...each, failureThreshold: 2, httpGet: { path: "/health", port: 8081 } };
        await createPod(cluster, namespace, podOf(server({ startupProbe })));
        const running = await untilPod(cluster, namespace, isRunning);
        expect(containerOf(running)).toMatchObject({ started: false, ready: false });
        await untilEvent(cluster, namespace, about, "Killing", /^Container web failed startup probe, will be restarted$/);
        await untilPod(cluster, namespace, hasRestarted(1));
      },
    },
    {
      name: "startup: nothing else is asked before it has succeeded",
      run: async (cluster, namespace) => {
        const startupProbe = { ...each, failureThreshold: 30, exec: { command: ["test", "-e", "/never"] } };
        const readinessProbe = { ...each, tcpSocket: { port: 8081 } };
        const does = { onTerm: { code: 0 }, exec: { "test -e /never": { code: 1 } } };
        await createPod(cluster, namespace, podOf(told("trap 'exit 0' TERM; sleep 3600 & wait", does, { startupProbe, readinessProbe })));
        await untilEvent(cluster, namespace, about, "Unhealthy", "Startup probe failed: ");
        const pod = await untilPod(cluster, namespace, isRunning);
        expect(containerOf(pod)).toMatchObject({ started: false, ready: false, restartCount: 0 });
      },
    },
    {
      name: "startup: once it has succeeded the container is started, and ready",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(server({ startupProbe: { ...each, tcpSocket: { port: "http" } } })));
        expect(containerOf(await untilPod(cluster, namespace, isReady))).toMatchObject({ started: true, ready: true });
      },
    },
    {
      name: "without a probe a container is ready when it runs",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs()));
        expect(containerOf(await untilPod(cluster, namespace, isRunning))).toMatchObject({ started: true, ready: true });
      },
    },
  ],
};
