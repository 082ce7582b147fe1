// Deliveries as Alertmanager sends them (webhook version 4), for tests.
import { sha256 } from "#lib/canonical-json.ts";

export interface AlertShape {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly status?: "firing" | "resolved";
  readonly startsAt?: string;
  readonly endsAt?: string;
  readonly fingerprint?: string;
}

export const alertmanagerAlert = (shape: AlertShape = {}): Record<string, unknown> => {
  const labels = {
    alertname: shape.name ?? "KubePodCrashLooping",
    severity: "critical",
    ...(shape.labels ?? { namespace: "shop", deployment: "web" }),
  };
  return {
    status: shape.status ?? "firing",
    labels,
    annotations: shape.annotations ?? { summary: "Pod restarts again and again" },
    startsAt: shape.startsAt ?? "2029-12-31T23:59:00.123456789Z",
    endsAt: shape.endsAt ?? "0001-01-01T00:00:00Z",
    generatorURL: "http://prometheus.monitoring:9090/graph?g0.expr=x",
    fingerprint: shape.fingerprint ?? sha256(JSON.stringify(labels)).slice(0, 16),
  };
};

export const delivery = (alerts: readonly unknown[]): Record<string, unknown> => ({
  version: "4",
  groupKey: '{}:{alertname="KubePodCrashLooping"}',
  truncatedAlerts: 0,
  status: "firing",
  receiver: "kintsugi",
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: "http://alertmanager.monitoring:9093",
  alerts,
});
