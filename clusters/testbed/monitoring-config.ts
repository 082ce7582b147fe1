// The configuration of Prometheus, Alertmanager and CoreDNS, rendered. Pure; what differs per scenario (alert rules, the receiver)
// is passed in.
import { join } from "node:path";
import type { Place } from "#testbed/place.ts";

/** A Prometheus alerting rule, as in its rule files. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Webhook {
  readonly url: string;
  readonly bearerToken?: string;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

export const prometheusConfig = (place: Place, folder: string): string => {
  const pki = (file: string): string => join(place.stateFolder, "pki", file);
  // Debian's Prometheus is built without Kubernetes service discovery: the targets are static.
  const kubelets = [{ targets: place.nodes.map((node) => `${node.ip}:10250`) }];
  const asAdmin = {
    scheme: "https",
    scrape_interval: "5s",
    tls_config: { cert_file: pki("admin.crt"), key_file: pki("admin.key"), insecure_skip_verify: true },
    static_configs: kubelets,
  };
  return json({
    // A container's waiting state may last only a second or two: a slower scrape would miss it.
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: [join(folder, "rules.json")],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`${place.hostIp}:${place.ports.alertmanager}`] }] }] },
    scrape_configs: [
      {
        job_name: "kube-state-metrics",
        honor_labels: true,
        static_configs: [{ targets: [`127.0.0.1:${place.ports.kubeStateMetrics}`] }],
      },
      { job_name: "kubelet", ...asAdmin, scrape_timeout: "4s" },
      { job_name: "cadvisor", metrics_path: "/metrics/cadvisor", ...asAdmin, scrape_timeout: "4s" },
    ],
  });
};

export const rulesFile = (rules: readonly AlertRule[]): string => json({ groups: rules.length === 0 ? [] : [{ name: "testbed", rules }] });

/** Without a webhook alerts are kept and shown, and sent nowhere. */
export const alertmanagerConfig = (webhook: Webhook | undefined): string => {
  const authorization =
    webhook?.bearerToken === undefined ? {} : { http_config: { authorization: { type: "Bearer", credentials: webhook.bearerToken } } };
  const receiver =
    webhook === undefined
      ? { name: "webhook" }
      : { name: "webhook", webhook_configs: [{ url: webhook.url, send_resolved: true, ...authorization }] };
  return json({
    route: { receiver: "webhook", group_by: ["namespace", "alertname"], group_wait: "1s", group_interval: "5s", repeat_interval: "1h" },
    receivers: [receiver],
  });
};

/** Pods get cluster names only: nothing outside the testbed resolves. */
export const corefile = (hostIp: string, kubeconfigPath: string): string => `cluster.local:53 in-addr.arpa:53 {
  bind ${hostIp}
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfigPath} testbed
    pods insecure
  }
  errors
}
.:53 {
  bind ${hostIp}
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`;
