// The role gateway: its rights, port and metrics. Loads the service when it starts.
import { GROUP } from "#api/define-kind.ts";
import type { Need } from "#api/object.ts";
import { needs as ownerNeeds } from "#cluster/owners.ts";
import type { MetricDefinition } from "#lib/metrics.ts";
import type { Role } from "#runtime/role.ts";
import { needs as recordNeeds } from "#services/gateway/alert-records.ts";
import { needs as accessNeeds } from "#services/access.ts";

export const needs: readonly Need[] = [
  { group: GROUP, resource: "remediationrequests", verbs: ["get", "list", "watch", "create"], scope: "own" },
  { group: GROUP, resource: "remediationrequests/status", verbs: ["patch"], scope: "own" },
  // Where Kubernetes events are taken as alerts.
  { group: "", resource: "events", verbs: ["list", "watch"], scope: "cluster" },
  { group: "", resource: "namespaces", verbs: ["get", "list", "watch"], scope: "cluster" },
  ...accessNeeds,
  ...recordNeeds,
  ...ownerNeeds,
];

/** The right of a sender. The API server serves no such subresource: this right alone creates nothing. */
export const senderNeeds: readonly Need[] = [{ group: GROUP, resource: "remediationrequests/signals", verbs: ["create"], scope: "own" }];

export const metrics = {
  signals: { type: "counter", name: "gateway_signals_total", help: "Alerts received by source and result", labels: ["source", "result"] },
  walRecords: { type: "gauge", name: "gateway_wal_records", help: "Alerts in the write-ahead log that wait to be recorded" },
  walBytes: { type: "gauge", name: "gateway_wal_bytes", help: "Size of the write-ahead log in bytes" },
  walOldest: { type: "gauge", name: "gateway_wal_oldest_seconds", help: "Age of the oldest alert that waits in the write-ahead log" },
  walRecorded: {
    type: "counter",
    name: "gateway_wal_recorded_total",
    help: "Alerts of the write-ahead log by what became of them",
    labels: ["result"],
  },
} as const satisfies Record<string, MetricDefinition>;

export const gateway: Role = {
  name: "gateway",
  summary: "Receives alerts and opens remediation requests",
  needs,
  ports: [{ name: "http", number: 8080, option: "--port", serves: "alerts", secured: { http: 80, https: 443 } }],
  takesAlerts: true,
  metrics: Object.values(metrics),
  start: async () => (await import("#services/gateway/gateway.ts")).createGateway,
};
