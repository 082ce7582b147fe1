// A caller that fails for a workload that is down, in another namespace too; where the fault of that one is known, it explains the caller.
import { describe, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { dependencyDown } from "#diagnosis/causes/dependency-down.ts";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import type { Evidence } from "#evidence/evidence.ts";
import {
  answers,
  containerStatus,
  crashed,
  deployment,
  evidence,
  failing,
  objects,
  podsOf,
  type PodSketch,
} from "#test/evidence-sketch.ts";

const web = deployment("web", { env: [{ name: "API_URL", value: "http://api:80" }] });
const api = deployment("api");
const [service] = objects(
  "{ apiVersion: v1, kind: Service, metadata: { name: api }, spec: { clusterIP: 10.2.0.9, selector: { app: api }, ports: [{ port: 80 }] } }",
);
const unready: PodSketch = failing(containerStatus("api", { running: { startedAt: "2027-03-01T13:00:30Z" } }));
const refused = "dial tcp 10.2.0.9:80: connect: connection refused";

const scene = (sketch: PodSketch, line: string): Partial<Evidence> => {
  const pods: KubeObject[] = podsOf(web, failing(crashed("web", 1)));
  return {
    objects: [web, ...pods, api, ...podsOf(api, sketch), service!],
    logs: [{ namespace: "shop", pod: pods.at(-1)!.metadata.name, container: "web", run: "previous", text: line }],
  };
};
const foundIn = (parts: Partial<Evidence>): string[] =>
  diagnoseCluster(evidence(parts)).findings.map(({ code, object }) => `${code} ${object.name}`);

test("a workload without a ready pod, and a caller that cannot reach it: it is where to look", () => {
  expect(answers(dependencyDown, scene(unready, refused))).toEqual(["DependencyDown Deployment api → person"]);
  expect(foundIn(scene(unready, refused))).toEqual(["DependencyDown api"]);
});

test("where it is known why it is down, that is the finding, and explains its callers", () => {
  const missing = failing(
    containerStatus("api", { waiting: { reason: "CreateContainerConfigError", message: 'configmap "settings" not found' } }),
  );
  const { findings } = diagnoseCluster(evidence(scene(missing, refused)));
  expect(findings.map(({ code, object }) => `${code} ${object.name}`)).toEqual(["ReferenceMissing api"]);
  expect(findings[0]?.explains?.map(({ name }) => name)).toContain("web");
});

test("a caller that fails of itself is its own fault, though the other one is down as well", () => {
  expect(answers(dependencyDown, scene(unready, "cannot read /etc/web.conf"))).toEqual([]);
});

test("a ready pod contradicts what a log says of a while ago", () => {
  expect(answers(dependencyDown, scene({}, refused))).toEqual([]);
});

describe("a caller in another namespace", () => {
  const shop: KubeObject = { ...web, metadata: { ...web.metadata, namespace: "front", uid: "uid-front-web" } };
  const lineOf = (line: string): Partial<Evidence> => {
    const pods = podsOf(shop, failing(crashed("web", 1)));
    return {
      objects: [shop, ...pods, api, ...podsOf(api, unready), service!],
      logs: [{ namespace: "front", pod: pods.at(-1)!.metadata.name, container: "web", run: "previous", text: line }],
    };
  };
  test.each([
    ["GET http://api.shop.svc.cluster.local:80/prices: Connection refused", true],
    ["GET http://api.shop.svc/prices: Connection refused", true],
    ["dial api.shop:80: connection refused", true],
    ["GET http://api.shop.svc:8081/prices: Connection refused", false],
    ["dial api:80: connection refused", false],
  ])("%s: %s", (line, isMeant) => {
    expect(answers(dependencyDown, lineOf(line))).toEqual(isMeant ? ["DependencyDown Deployment api → person"] : []);
  });
});
