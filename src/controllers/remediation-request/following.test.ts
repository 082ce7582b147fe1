// One incident of several objects: a request that leads, and those that follow it, on an API server under the controllers' own rights.
import { describe, expect, test } from "vitest";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { ObjectReference } from "#api/object.ts";
import { applied, cause, exists, findings, useIncidents } from "#test/incident-steps.ts";
import { aPlan, aStep } from "#test/orchestration-samples.ts";

const incidents = useIncidents();
const { requestIn, analyse } = incidents;

describe("one incident", () => {
  const core = (kind: string, name: string, namespace?: string): ObjectReference => ({
    apiVersion: "v1",
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
  });
  const set = (name: string, namespace: string): ObjectReference => ({ apiVersion: "apps/v1", kind: "StatefulSet", namespace, name });

  test.each<[string, string, (shop: string) => readonly [ObjectReference, ObjectReference]]>([
    ["a claim and the workload that mounts it", "claim", (shop) => [core("PersistentVolumeClaim", "data", shop), set("files", shop)]],
    ["a workload and the Service before it", "service", (shop) => [set("api", shop), core("Service", "api", shop)]],
    ["a node and a workload on it", "node", (shop) => [core("Node", "node-1"), set("busy", shop)]],
    ["a database and its client in another namespace", "database", (shop) => [set("db", shop), set("orders", `${shop}-other`)]],
  ])("%s are one leader, and a follower that runs nothing", async (_what, name, objects) => {
    const [root, dependent] = objects(incidents.harness.shop);
    await incidents.harness.createRequest(`rr-${name}-root`, root);
    await analyse(`rr-${name}-root`, root, findings(root));
    await requestIn(`rr-${name}-root`, "AwaitingPerson");
    await incidents.harness.createRequest(`rr-${name}-too`, dependent);
    await analyse(`rr-${name}-too`, dependent, { rootCause: cause(root), plans: [aPlan({ steps: [aStep("s1", { target: root })] })] });
    const follower = await requestIn(`rr-${name}-too`, "Following");
    expect(follower.status).toMatchObject({ leader: `rr-${name}-root` });
    expect(incidents.harness.writes(`rr-${name}-too`).filter((write) => write.startsWith("POST"))).toEqual([
      "POST remediationprocessings",
      "POST aianalyses",
    ]);
    // Closed without a repair, and the symptom remains: it looks itself.
    const close = { by: "kubernetes-admin", message: "done" };
    await incidents.harness.cluster.direct.mergePatch(
      RemediationRequest,
      { namespace: incidents.harness.own, name: `rr-${name}-root` },
      { spec: { close } },
    );
    await requestIn(`rr-${name}-root`, "Completed");
    await incidents.harness.cluster.direct.mergePatch(
      RemediationRequest,
      { namespace: incidents.harness.own, name: `rr-${name}-too` },
      { spec: { close } },
    );
    await requestIn(`rr-${name}-too`, "Completed");
  });

  test("a follower ends with the outcome and the name of the request that repaired its backend, for five writes", async () => {
    const backend = await incidents.harness.createWorkload("backend");
    const front = await incidents.harness.createWorkload("front");
    await incidents.harness.setHealth("backend", "broken");
    await incidents.harness.setHealth("front", "broken");
    await incidents.harness.createRequest("rr-backend", backend);
    await analyse("rr-backend", backend, {});
    await incidents.harness.until(KubernetesExecution, "rr-backend-a1-kex-s1", exists);
    await incidents.harness.createRequest("rr-front", front);
    await analyse("rr-front", front, { rootCause: cause(backend) });
    await requestIn("rr-front", "Following");
    await incidents.harness.setHealth("backend", "healthy");
    await incidents.harness.execute("rr-backend-a1-kex-s1", applied);
    await requestIn("rr-backend", "Completed");
    await incidents.harness.setHealth("front", "healthy");
    const { status } = await requestIn("rr-front", "Completed");
    expect(status).toMatchObject({ outcome: "Remediated", leader: "rr-backend" });
    expect(status?.message).toContain(`Followed rr-backend, which worked on Deployment ${incidents.harness.shop}/backend: Repaired:`);
    expect(incidents.harness.writes("rr-front").filter((write) => write !== "PUT remediationprocessings/rr-front-a1-rp/status")).toEqual([
      "POST remediationprocessings",
      "POST aianalyses",
      "PATCH remediationrequests/rr-front/status",
      "PATCH remediationrequests/rr-front/status",
      "PATCH remediationrequests/rr-front/status",
    ]);
  });

  test("two that name the same root object at the same moment have one leader: the older one", async () => {
    const both = ["twin-a", "twin-b"] as const;
    const root = await incidents.harness.createWorkload("twin-root");
    for (const name of both) await incidents.harness.createRequest(`rr-${name}`, await incidents.harness.createWorkload(name));
    for (const name of both) await incidents.harness.until(AIAnalysis, `rr-${name}-a1-aia`, exists);
    await Promise.all(both.map((name) => incidents.harness.analyse(`rr-${name}-a1-aia`, root, findings(root))));
    await requestIn("rr-twin-b", "Following");
    expect((await requestIn("rr-twin-a", "AwaitingPerson")).status?.leader).toBeUndefined();
  });
});
