import { expect, test } from "vitest";
import type { PodTemplate } from "#api/kubernetes.ts";
import { configState, configsRead } from "#evidence/configs.ts";
import { selectorText } from "#evidence/selector-text.ts";

test("ConfigMaps are found in variables, whole environments, volumes and projections, each with who reads it", () => {
  const template: PodTemplate = {
    spec: {
      initContainers: [{ name: "init", envFrom: [{ configMapRef: { name: "a" } }, { secretRef: { name: "secret" } }] }],
      containers: [
        {
          name: "main",
          env: [
            { name: "ONE", valueFrom: { configMapKeyRef: { name: "b", key: "k" } } },
            { name: "TWO", valueFrom: { secretKeyRef: { name: "secret", key: "k" } } },
          ],
          volumeMounts: [
            { name: "files", mountPath: "/files" },
            { name: "mixed", mountPath: "/mixed" },
          ],
        },
        { name: "sidecar", envFrom: [{ configMapRef: { name: "a" } }] },
      ],
      volumes: [
        { name: "files", configMap: { name: "c" } },
        { name: "mixed", projected: { sources: [{ configMap: { name: "d" } }, { secret: { name: "secret" } }] } },
        { name: "unused", configMap: { name: "e" } },
        { name: "keys", secret: { secretName: "secret" } },
      ],
    },
  };
  expect(configsRead(template)).toEqual([
    { name: "a", readBy: ["init", "sidecar"] },
    { name: "b", readBy: ["main"] },
    { name: "c", readBy: ["main"] },
    { name: "d", readBy: ["main"] },
  ]);
});

test("where no field manager is recorded, the time of the edit is not known", () => {
  const metadata = { name: "a", uid: "u", resourceVersion: "1", creationTimestamp: "2027-03-01T13:00:00Z" };
  expect(configState({ name: "a", readBy: ["main"] }, { apiVersion: "v1", kind: "ConfigMap", metadata, binaryData: { logo: "" } })).toEqual(
    {
      name: "a",
      readBy: ["main"],
      state: "found",
      createdAt: "2027-03-01T13:00:00Z",
      keys: ["logo"],
    },
  );
});

test("a selector becomes what a list call takes", () => {
  const matchExpressions = [
    { key: "tier", operator: "In", values: ["web", "api"] },
    { key: "track", operator: "NotIn", values: ["canary"] },
    { key: "owner", operator: "Exists" },
    { key: "legacy", operator: "DoesNotExist" },
  ];
  expect(selectorText({ matchLabels: { app: "web" }, matchExpressions })).toBe(
    "app=web,tier in (web,api),track notin (canary),owner,!legacy",
  );
});
