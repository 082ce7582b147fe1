// Requests that await a person, on an API server under the controllers' own rights, with a change journal played by the test.
import { describe, expect, test } from "vitest";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { KubeObject, ObjectReference } from "#api/object.ts";
import { deploymentObject, managedBy } from "#test/journal-samples.ts";
import { applied, exists, findings, useIncidents } from "#test/incident-steps.ts";

const incidents = useIncidents();
const { requestIn, analyse } = incidents;

const awaiting = async (name: string): Promise<ObjectReference> => {
  const target = await incidents.harness.createWorkload(name);
  await incidents.harness.setHealth(name, "broken");
  await incidents.harness.createRequest(`rr-${name}`, target);
  await analyse(`rr-${name}`, target, findings(target));
  await requestIn(`rr-${name}`, "AwaitingPerson");
  return target;
};

/** The Deployment as the journal sees it; `at` is when its template was last written. */
const version = (name: string, image: string, by: string, at: number): KubeObject => {
  const object = managedBy(deploymentObject({ name, image }), [by, at, { "f:spec": { "f:template": {} } }]);
  return { ...object, metadata: { ...object.metadata, namespace: incidents.harness.shop, resourceVersion: image } };
};
const now = (): number => Date.now();

/** A change of this second, seen in the next one and settled: the API server's times are whole seconds, and a later look must not see it again. */
const change = async (name: string, image: string): Promise<void> => {
  const at = now();
  await expect.poll(() => Math.floor(now() / 1000), { timeout: 10_000 }).toBeGreaterThan(Math.floor(at / 1000));
  incidents.harness.pass(600);
  incidents.harness.see(version(name, image, "kubectl-edit", at));
};

describe("a request that awaits a person", () => {
  test("is the active one of its target, with the answer, until the symptom is gone by itself", async () => {
    await awaiting("alone");
    await incidents.harness.setHealth("alone", "healthy");
    await incidents.harness.resolveAlert("rr-alone");
    const { status } = await requestIn("rr-alone", "Completed");
    expect(status).toMatchObject({ outcome: "SelfResolved", awaiting: { outcome: "ManualReviewRequired", looks: 0 } });
    await expect
      .poll(() => incidents.harness.events.filter((event) => event.startsWith("rr-alone ")))
      .toEqual(["rr-alone Analyzing", "rr-alone ManualReviewRequired", "rr-alone SelfResolved"]);
  });

  test("ends with the name of the client that changed the workload, and what", async () => {
    incidents.harness.see(version("by-hand", "web:1", "kubectl-create", now() - 100_000));
    await awaiting("by-hand");
    await incidents.harness.setHealth("by-hand", "healthy");
    incidents.harness.pass(600);
    incidents.harness.see(version("by-hand", "web:2", "kubectl-set", now() + 2_000));
    await incidents.harness.resolveAlert("rr-by-hand");
    const { status } = await requestIn("rr-by-hand", "Completed");
    expect(status?.outcome).toBe("ResolvedByPerson");
    expect(status?.message).toContain(`kubectl-set changed spec.template`);
    expect(status?.message).toContain(`of Deployment ${incidents.harness.shop}/by-hand`);
  });

  test("is analyzed again when something near it changes; the same answer is not announced again, and a repair is made", async () => {
    incidents.harness.see(version("edited", "web:1", "kubectl-create", now() - 100_000));
    const target = await awaiting("edited");
    await change("edited", "web:2");
    await incidents.harness.setHealth("edited", "broken");
    await analyse("rr-edited", target, findings(target), 2);
    const again = await incidents.harness.until(
      RemediationRequest,
      "rr-edited",
      ({ status }) => status?.phase === "AwaitingPerson" && status.attempt === 2,
    );
    expect(again.status).toMatchObject({ message: "Unchanged: A person has to decide.", firstAttempt: 2, awaiting: { looks: 1 } });
    expect(incidents.harness.events.filter((event) => event === "rr-edited ManualReviewRequired")).toHaveLength(1);

    await change("edited", "web:3");
    await analyse("rr-edited", target, {}, 3);
    await incidents.harness.until(KubernetesExecution, "rr-edited-a3-kex-s1", exists);
    await incidents.harness.setHealth("edited", "healthy");
    await incidents.harness.execute("rr-edited-a3-kex-s1", applied);
    expect((await requestIn("rr-edited", "Completed")).status).toMatchObject({ outcome: "Remediated", attempt: 3 });
  });

  test("is closed by a person, in their own name and for good", async () => {
    await awaiting("known");
    const key = { namespace: incidents.harness.own, name: "rr-known" };
    const close = { by: "kubernetes-admin", message: "fixed on Monday" };
    const { direct } = incidents.harness.cluster;
    await expect(direct.mergePatch(RemediationRequest, key, { spec: { close: { ...close, by: "another" } } })).rejects.toThrow(
      "close a request in your own name",
    );
    await direct.mergePatch(RemediationRequest, key, { spec: { close } });
    await expect(direct.mergePatch(RemediationRequest, key, { spec: { close: null } })).rejects.toThrow("stays closed");
    const { status } = await requestIn("rr-known", "Completed");
    expect(status).toMatchObject({ outcome: "Closed", message: "Closed by kubernetes-admin (“fixed on Monday”)." });
  });
});
