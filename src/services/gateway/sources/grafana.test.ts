// The payload is that of Grafana 12's contact point "webhook", as its documentation prints it.
import { describe, expect, test } from "vitest";
import { defaultLabelOrder } from "#cluster/reported-object.ts";
import type { Delivery } from "#services/gateway/sources/delivery.ts";
import { grafana } from "#services/gateway/sources/grafana.ts";

const now = Date.UTC(2030, 0, 1);
const alert = (change: object = {}) => ({
  status: "firing",
  labels: { alertname: "High latency", grafana_folder: "Shop", namespace: "shop", deployment: "web", severity: "warning" },
  annotations: { summary: "p99 is over 2 s" },
  startsAt: "2029-12-31T23:50:00.12+02:00",
  endsAt: "0001-01-01T00:00:00Z",
  values: { A: 44.23, C: 1 },
  valueString: "[ var='A' labels={} value=44.23 ]",
  generatorURL: "https://grafana.example/alerting/1afz29v7z/edit",
  fingerprint: "c6eadffa33fcdf37",
  silenceURL: "https://grafana.example/alerting/silence/new?alertmanager=grafana",
  dashboardURL: "",
  panelURL: "",
  imageURL: "",
  ...change,
});
const body = (alerts: readonly unknown[], change: object = {}) => ({
  receiver: "kintsugi",
  status: "firing",
  orgId: 1,
  alerts,
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: "https://grafana.example/",
  version: "1",
  groupKey: "{}:{}",
  truncatedAlerts: 0,
  title: "[FIRING:1]",
  state: "alerting",
  message: "**Firing**",
  ...change,
});
const parse = (value: unknown): Delivery => grafana.parse(value, { nowMs: now, order: defaultLabelOrder });

test("a firing alert is read as Alertmanager's are", () => {
  expect(parse(body([alert()]))).toEqual({
    kind: "read",
    alerts: [
      {
        kind: "signal",
        signal: {
          status: "firing",
          name: "High latency",
          fingerprint: "c6eadffa33fcdf37",
          severity: "warning",
          startsAtMs: Date.parse("2029-12-31T21:50:00.120Z"),
          source: "grafana",
          labels: alert().labels,
          annotations: { summary: "p99 is over 2 s" },
          generatorURL: "https://grafana.example/alerting/1afz29v7z/edit",
          reported: { kind: "Deployment", namespace: "shop", name: "web" },
        },
      },
    ],
  });
});

describe("one alert of a group", () => {
  test.each<[string, object, object]>([
    ["that is resolved", { status: "resolved", endsAt: "2029-12-31T23:59:00Z" }, { kind: "signal", signal: { status: "resolved" } }],
    [
      "about the rule's data source",
      { labels: { alertname: "DatasourceError", rulename: "x" } },
      { kind: "ignored", name: "DatasourceError" },
    ],
    ["about a rule without data", { labels: { alertname: "DatasourceNoData", namespace: "shop" } }, { kind: "ignored" }],
    ["of an unknown status", { status: "alerting" }, { kind: "rejected", name: "High latency" }],
    ["without labels", { labels: null }, { kind: "rejected" }],
  ])("%s", (_name, change, expected) => {
    const parsed = parse(body([alert(), alert(change)]));
    expect(parsed).toMatchObject({ kind: "read", alerts: [{ kind: "signal" }, expected] });
  });
});

test.each<[string, object, string]>([
  ["Alertmanager's own", { version: "4" }, "/version"],
  ["without orgId", { orgId: undefined }, "/orgId"],
  ["without alerts", { alerts: undefined }, "/alerts"],
])("a delivery that is not Grafana's, %s, is refused as a whole", (_name, change, pointer) => {
  expect(parse(body([alert()], change))).toMatchObject({ kind: "unreadable", errors: [{ pointer }] });
});
