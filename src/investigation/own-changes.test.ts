// What a diagnosis says of Kintsugi's own work: an active request, a revision that it made, and the release that it left.
import { describe, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { collectEvidence } from "#evidence/collect-cluster.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { againstOwn, type OwnRequest, ownRevision } from "#investigation/own-changes.ts";
import { lookInto } from "#investigation/look-into.ts";
import { reportFrom } from "#test/report-from.ts";
import { readFromEvidence } from "#investigation/saved-objects.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { alert, crashAfterRelease, readerOf, sceneNow, target } from "#test/scene.ts";

const clock = createManualClock(sceneNow);
const collected = await collectEvidence(readerOf(crashAfterRelease), clock, { around: { target }, alerts: [alert] });
const template = { "f:spec": { "f:template": {} } };
const written = (...writers: readonly (readonly [manager: string, time: string, fields?: object])[]): Evidence => ({
  ...collected,
  objects: collected.objects.map((object): KubeObject =>
    object.kind !== "Deployment"
      ? object
      : {
          ...object,
          metadata: {
            ...object.metadata,
            managedFields: writers.map(([manager, time, fieldsV1 = template]) => ({ manager, time, operation: "Update", fieldsV1 })),
          },
        },
  ),
});
const byKintsugi = written(["helm", "2027-03-01T13:00:00Z"], ["kintsugi-act", "2027-03-01T13:50:00Z"]);
const request: OwnRequest = { name: "rr-1", target, phase: "Verifying", isOver: false, startedAt: "2027-03-01T13:49:00Z" };
const report = (evidence: Evidence, requests: readonly OwnRequest[] = []) =>
  reportFrom(evidence, readFromEvidence(evidence), { leastConfidence: 0.5, target, requests });

test("an object that a request works on is left to it: nothing else is proposed", async () => {
  const [finding] = (await report(collected, [request])).findings;
  expect(finding).toMatchObject({ code: "ReleaseCrashes", plans: [], refused: [], request: { name: "rr-1", phase: "Verifying" } });
  expect(finding).not.toHaveProperty("person");
});

test.each<[string, OwnRequest]>([
  ["is over", { ...request, phase: "Completed", isOver: true }],
  ["is for another object", { ...request, target: { ...target, name: "other" } }],
])("a request that %s changes nothing", async (_, each) => {
  expect((await report(collected, [each])).findings).toEqual((await report(collected)).findings);
});

test("Kintsugi's own revision is marked, and going back to the release that it left is not proposed", async () => {
  const [finding] = (await report(byKintsugi, [{ ...request, phase: "Completed", isOver: true }])).findings;
  expect(finding?.chain[0]).toBe("revision 2 was made by Kintsugi (rr-1), in place of revision 1");
  expect(finding).toMatchObject({
    verdict: "NeedsHuman",
    plans: [],
    refused: [
      {
        action: "rollback_deployment",
        reason: "Kintsugi replaced revision 1 with revision 2 at 2027-03-01T13:50:00Z; it does not go back",
      },
    ],
  });
});

test("an analysis does not propose it either", async () => {
  const reader = readerOf(crashAfterRelease);
  const deployments = byKintsugi.objects.filter(({ kind }) => kind === "Deployment");
  const kube = {
    ...reader,
    pages: async function* (type, scope, options) {
      for await (const page of reader.pages(type, scope, options))
        yield type.kind === "Deployment" ? { ...page, items: deployments as never } : page;
    },
  } satisfies typeof reader;
  const subject = { target, alert };
  const { findings } = await lookInto({ kube: kube as never, clock, read: readFromEvidence(byKintsugi) }, subject);
  expect(findings.map(({ planned, refused }) => [planned, refused.map(({ reason }) => reason)])).toEqual([
    [[], [expect.stringMatching(/^Kintsugi replaced revision 1/)]],
  ]);
});

describe("a revision is Kintsugi's", () => {
  const repair = { action: "rollback_deployment" as const, target, parameters: { revision: "1" } };
  test("where it wrote the template last", () => {
    expect(ownRevision(byKintsugi.objects, target)).toEqual({ revision: 2, left: 1, at: "2027-03-01T13:50:00Z" });
    expect(againstOwn(byKintsugi.objects, { ...repair, parameters: { revision: "7" } })).toBeUndefined();
    expect(againstOwn(byKintsugi.objects, { ...repair, action: "restart_pod" })).toBeUndefined();
  });
  test.each<[string, Evidence]>([
    [
      "another writer changed the template after it",
      written(["kintsugi-act", "2027-03-01T13:50:00Z"], ["kubectl", "2027-03-01T13:55:00Z"]),
    ],
    [
      "it wrote something else",
      written(["helm", "2027-03-01T13:00:00Z"], ["kintsugi-act", "2027-03-01T13:50:00Z", { "f:spec": { "f:replicas": {} } }]),
    ],
    ["no writer is recorded", written()],
  ])("not where %s", (_, { objects }) => {
    expect([ownRevision(objects, target), againstOwn(objects, repair)]).toEqual([undefined, undefined]);
  });
});
