// Starts CoreDNS, kube-state-metrics, Prometheus and Alertmanager, and changes rules and receiver while they run. The files on disk
// are the truth: another process may open the same testbed and change them too.
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { answersOk } from "#testbed/http-probe.ts";
import { alertmanagerConfig, corefile, prometheusConfig, rulesFile, type AlertRule, type Webhook } from "#testbed/monitoring-config.ts";
import type { Start } from "#testbed/nodes.ts";
import type { Place } from "#testbed/place.ts";
import { waitUntilReady } from "#testbed/processes.ts";
import { runCommand } from "#testbed/run-command.ts";

const folderOf = (place: Place): string => join(place.stateFolder, "monitoring");
const rulesPath = (place: Place): string => join(folderOf(place), "rules.json");
const alertmanagerPath = (place: Place): string => join(folderOf(place), "alertmanager.json");

export const prometheusUrlOf = (place: Place): string => `http://${place.hostIp}:${place.ports.prometheus}`;
export const alertmanagerUrlOf = (place: Place): string => `http://${place.hostIp}:${place.ports.alertmanager}`;

/** A reader never sees half a file. */
const replaceFile = async (path: string, text: string): Promise<void> => {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
};

const reload = async (what: string, url: string): Promise<void> => {
  const response = await fetch(`${url}/-/reload`, { method: "POST", signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${what} refused its new configuration: ${(await response.text()).trim()}`);
};

const knowsAlertmanager = async (place: Place): Promise<boolean> => {
  const response = await fetch(`${prometheusUrlOf(place)}/api/v1/alertmanagers`, { signal: AbortSignal.timeout(10_000) });
  const answer = (await response.json()) as { data: { activeAlertmanagers: readonly unknown[] } };
  return answer.data.activeAlertmanagers.length > 0;
};

/** Checked before they are put in place: a mistake is reported in Prometheus's own words and changes nothing. */
export const setAlertRules = async (place: Place, rules: readonly AlertRule[]): Promise<void> => {
  const candidate = join(folderOf(place), "candidate.json");
  await writeFile(candidate, rulesFile(rules));
  await runCommand("promtool", ["check", "rules", candidate]);
  await rename(candidate, rulesPath(place));
  await reload("Prometheus", prometheusUrlOf(place));
  // A reload forgets the Alertmanagers for up to five seconds, and alerts of that time are dropped.
  while (!(await knowsAlertmanager(place))) await sleep(100);
};

export const setWebhook = async (place: Place, webhook: Webhook | undefined): Promise<void> => {
  await replaceFile(alertmanagerPath(place), alertmanagerConfig(webhook));
  await reload("Alertmanager", alertmanagerUrlOf(place));
};

export const startMonitoring = async (place: Place, kubeconfigPath: string, start: Start): Promise<void> => {
  const folder = folderOf(place);
  const { hostIp, ports } = place;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "Corefile"), corefile(hostIp, kubeconfigPath));
  await writeFile(join(folder, "prometheus.json"), prometheusConfig(place, folder));
  await writeFile(rulesPath(place), rulesFile([]));
  await writeFile(alertmanagerPath(place), alertmanagerConfig(undefined));
  const coredns = start("coredns", "coredns", ["-conf", join(folder, "Corefile")]);
  const kubeStateMetrics = start("kube-state-metrics", "kube-state-metrics", [
    `--kubeconfig=${kubeconfigPath}`,
    "--host=127.0.0.1",
    `--port=${ports.kubeStateMetrics}`,
    "--telemetry-host=127.0.0.1",
    `--telemetry-port=${ports.kubeStateMetricsSelf}`,
  ]);
  const alertmanager = start("alertmanager", "prometheus-alertmanager", [
    `--config.file=${alertmanagerPath(place)}`,
    `--storage.path=${join(folder, "alertmanager-data")}`,
    `--web.listen-address=${hostIp}:${ports.alertmanager}`,
    `--web.external-url=${alertmanagerUrlOf(place)}`,
    "--cluster.listen-address=",
  ]);
  const prometheus = start("prometheus", "prometheus", [
    `--config.file=${join(folder, "prometheus.json")}`,
    `--storage.tsdb.path=${join(folder, "prometheus-data")}`,
    `--web.listen-address=${hostIp}:${ports.prometheus}`,
    `--web.external-url=${prometheusUrlOf(place)}`,
    "--web.enable-lifecycle",
    "--storage.tsdb.retention.time=2h",
    // An alert that Alertmanager missed comes again soon, and one whose rule is gone is over in 20 s (four times this).
    "--rules.alert.resend-delay=5s",
  ]);
  await coredns;
  await waitUntilReady(await kubeStateMetrics, 30_000, () => answersOk(`http://127.0.0.1:${ports.kubeStateMetrics}/healthz`));
  await waitUntilReady(await alertmanager, 30_000, () => answersOk(`${alertmanagerUrlOf(place)}/-/ready`));
  await waitUntilReady(await prometheus, 30_000, () => answersOk(`${prometheusUrlOf(place)}/-/ready`));
};
