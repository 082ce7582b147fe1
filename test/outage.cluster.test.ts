// The Gateway before a real kube-apiserver that is killed under alerts, and fed by the real Alertmanager.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { toYaml } from "#manifests/manifest.ts";
import { startControlPlane } from "#testbed/control-plane.ts";
import { freePorts } from "#testbed/free-ports.ts";
import { alertmanagerConfig } from "#testbed/monitoring-config.ts";
import { type RunningProcess, startProcess } from "#testbed/processes.ts";
import { openCluster } from "#test/cluster.ts";
import { kubectlOf, mustKubectl } from "#test/kubectl.ts";
import { outageSuite, type StoppableApiServer } from "#test/outage-suite.ts";

const openReal = async (): Promise<StoppableApiServer> => {
  const controlPlane = await startControlPlane();
  const cluster = await openCluster(controlPlane);
  const kubectl = kubectlOf(controlPlane);
  const server = { server: controlPlane.url, "certificate-authority-data": Buffer.from(controlPlane.caPem).toString("base64") };
  return {
    cluster,
    apply: async (manifests) => {
      await mustKubectl(kubectl, ["apply", "--server-side", "-f", "-"], toYaml(manifests));
      await mustKubectl(kubectl, ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
    },
    kubeconfig: (token) =>
      JSON.stringify({
        "current-context": "c",
        clusters: [{ name: "c", cluster: server }],
        contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
        users: [{ name: "u", user: { token } }],
      }),
    stopApiServer: controlPlane.stopApiServer,
    startApiServer: controlPlane.startApiServer,
    stop: async () => {
      cluster.close();
      await controlPlane.stop();
    },
  };
};

const secret = "shared-secret-of-the-outage-test-0123456789";
/** Ten minutes take ten minutes: `OUTAGE_SECONDS=600`. */
const outageSeconds = Number(process.env["OUTAGE_SECONDS"] ?? 15);
const scene = outageSuite(openReal, { outageSeconds, perSecond: 50 });

test("the real Alertmanager retries what was answered with 503, also after its own restart, and nothing is doubled", async () => {
  const { api, folder, gatewayUrl, startGateway, probe, recorded, requestCount } = scene();
  await writeFile(join(folder, "secrets"), `${secret}\n`, { mode: 0o600 });
  await startGateway("--sender-secret-file", join(folder, "secrets"));
  const [amPort = 0] = await freePorts(1);
  await writeFile(join(folder, "alertmanager.json"), alertmanagerConfig({ url: gatewayUrl, bearerToken: secret }));
  const startAlertmanager = async (): Promise<RunningProcess> => {
    const process = await startProcess({
      name: "alertmanager",
      command: "prometheus-alertmanager",
      args: [
        `--config.file=${join(folder, "alertmanager.json")}`,
        `--storage.path=${join(folder, "alertmanager-data")}`,
        `--web.listen-address=127.0.0.1:${amPort}`,
        "--cluster.listen-address=",
      ],
      logFolder: folder,
      marker: folder,
      lifetime: "parent",
    });
    await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${amPort}/-/ready`)).status).toBe(200), { timeout: 30_000 });
    return process;
  };
  let alertmanager = await startAlertmanager();
  const fire = async (): Promise<void> => {
    const alerts = Array.from({ length: 20 }, (_, index) => ({
      labels: { alertname: `Alert${index}`, severity: "critical", namespace: "shop", deployment: `d${index % 4}` },
      startsAt: new Date(Date.now() - 60_000).toISOString(),
      endsAt: new Date(Date.now() + 600_000).toISOString(),
    }));
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(alerts) };
    expect((await fetch(`http://127.0.0.1:${amPort}/api/v2/alerts`, init)).status).toBe(200);
  };
  try {
    await api.stopApiServer();
    await fire();
    await vi.waitFor(async () => expect(await probe("/metrics")).toMatch(/service="gateway",method="POST",status="503"\} [1-9]/), {
      timeout: 60_000,
    });
    await alertmanager.terminate();
    alertmanager = await startAlertmanager();
    await fire();
    await api.startApiServer();
    const names = async (): Promise<string[]> => [...(await recorded()).keys()].toSorted();
    await vi.waitFor(async () => expect(await names()).toEqual(Array.from({ length: 20 }, (_, index) => `Alert${index}`).toSorted()), {
      timeout: 120_000,
      interval: 1_000,
    });
    expect(await requestCount()).toBe(4);
  } catch (error) {
    throw new Error(await readFile(alertmanager.logPath, "utf8"), { cause: error });
  } finally {
    await alertmanager.kill();
  }
}, 300_000);
