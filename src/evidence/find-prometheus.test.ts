import { describe, expect, test } from "vitest";
import type { EndpointSlice } from "#api/kubernetes.ts";
import { choosePrometheus } from "#evidence/find-prometheus.ts";

const slice = (namespace: string, service: string, more: Partial<EndpointSlice> = {}, labels: object = {}): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: {
    name: `${service}-x`,
    namespace,
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "",
    labels: { "kubernetes.io/service-name": service, ...labels },
  },
  endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true } }],
  ports: [{ name: "http-web", port: 9090, protocol: "TCP" }],
  ...more,
});
const labelled = { "app.kubernetes.io/name": "prometheus" };

describe("found", () => {
  test.each<[string, EndpointSlice, string]>([
    ["the operator's", slice("monitoring", "prometheus-operated"), "prometheus-operated:http-web"],
    [
      "beside a sidecar",
      slice("monitoring", "prometheus-operated", {
        ports: [
          { name: "grpc", port: 10901 },
          { name: "web", port: 9090 },
        ],
      }),
      "prometheus-operated:web",
    ],
    [
      "by its port's number",
      slice("monitoring", "prometheus-server", {
        ports: [
          { name: "x", port: 1 },
          { name: "prom", port: 9090 },
        ],
      }),
      "prometheus-server:prom",
    ],
    ["with one port without a name", slice("monitoring", "prometheus-server", { ports: [{ port: 8080 }] }), "prometheus-server:"],
    ["over TLS", slice("monitoring", "prometheus-k8s", { ports: [{ name: "https", port: 9091 }] }), "https:prometheus-k8s:https"],
    ["by the label of a release of any name", slice("monitoring", "metrics-server-2", {}, labelled), "metrics-server-2:http-web"],
  ])("%s", (_, found, service) => {
    expect(choosePrometheus([slice("shop", "web"), found])).toEqual({ namespace: "monitoring", service });
  });

  test("the most telling one, whatever the order", () => {
    const all = [
      slice("b", "prometheus-server"),
      slice("a", "other", {}, labelled),
      slice("z", "prometheus-operated"),
      slice("y", "prometheus-operated"),
    ];
    expect(choosePrometheus(all)).toEqual({ namespace: "y", service: "prometheus-operated:http-web" });
    expect(choosePrometheus(all.toReversed())).toEqual(choosePrometheus(all));
  });
});

test.each<[string, EndpointSlice]>([
  ["another name", slice("monitoring", "grafana")],
  ["no endpoint that is ready", slice("monitoring", "prometheus-server", { endpoints: [{ conditions: { ready: false } }] })],
  ["no endpoint", slice("monitoring", "prometheus-server", { endpoints: [] })],
  [
    "several ports that say nothing",
    slice("monitoring", "prometheus-server", {
      ports: [
        { name: "a", port: 1 },
        { name: "b", port: 2 },
      ],
    }),
  ],
  ["no TCP port", slice("monitoring", "prometheus-server", { ports: [{ name: "web", port: 9090, protocol: "UDP" }] })],
])("not found: %s", (_, each) => {
  expect(choosePrometheus([each])).toBeUndefined();
});

test("a Service that selects nothing is none, and does not hide another", () => {
  const empty = slice("monitoring", "prometheus", { endpoints: null, ports: null });
  expect(choosePrometheus([empty])).toBeUndefined();
  expect(
    choosePrometheus([empty, slice("other", "web", { endpoints: null, ports: null }), slice("monitoring", "prometheus-server")]),
  ).toEqual({
    namespace: "monitoring",
    service: "prometheus-server:http-web",
  });
});
