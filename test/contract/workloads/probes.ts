// Probes: when a container is ready.
import { expect } from "vitest";
import { type Part } from "#test/contract/samples.ts";
import { containerOf, createPod, isRunning, podOf, runs, scripted, untilPod } from "#test/contract/workloads/scripted-containers.ts";
import { conditionOf, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const each = { periodSeconds: 1 };
const ports = [{ name: "http", containerPort: 8080 }];
const server = (extra: Part = {}): Part =>
  scripted("mkdir /tmp/www; echo ok > /tmp/www/health; exec httpd -f -p 8080 -h /tmp/www", { onTerm: "ignored" }, { ports, ...extra });
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
      name: "a socket that is open is enough for a TCP probe",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(server(readiness({ tcpSocket: { port: 8080 } }))));
        await untilPod(cluster, namespace, isReady);
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
