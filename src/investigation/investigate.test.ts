import { expect, test } from "vitest";
import { savedJournal } from "#cluster/journal/journal-reader.ts";
import { readForAction } from "#cluster/read-for-action.ts";
import { diagnoseHere, type Diagnoser } from "#investigation/diagnoser.ts";
import { type Look, lookInto, type LookDeps, type LookSubject } from "#investigation/look-into.ts";
import { planRepair } from "#investigation/plan-repair.ts";
import type { Kube } from "#kube/client.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { alert, configEdited, crashAfterRelease, healthy, outOfMemory, readerOf, type Scene, sceneNow, target } from "#test/scene.ts";

const configMapReference = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "web-settings" };
const depsOn = (reader: Pick<Kube, "get" | "list">): LookDeps => ({
  kube: reader as Kube,
  clock: createManualClock(sceneNow),
  read: (reads, reference) => readForAction({ kube: reader, journal: savedJournal(reader, "kintsugi-system") }, reads, reference),
});
/** All findings together. */
const together = ({ target: { verdict }, findings, evidence, unfinished }: Look) => ({
  verdict,
  evidence,
  unfinished,
  findings,
  planned: findings.flatMap(({ planned }) => planned),
  refused: findings.flatMap(({ refused }) => refused),
  persons: findings.flatMap(({ person }) => person ?? []),
});
const lookWith = async (deps: LookDeps, subject: Partial<LookSubject> = {}) =>
  together(await lookInto(deps, { target, alert, ...subject }));
const look = (scene: Scene, subject: Partial<LookSubject> = {}) => lookWith(depsOn(readerOf(scene) as unknown as Kube), subject);

test("a release that crashes is planned to be rolled back, with hash and diff, and nothing is refused", async () => {
  const { verdict, planned, refused, persons } = await look(crashAfterRelease);
  expect(verdict.kind).toBe("Cause");
  expect(planned.map(({ repair, plan }) => [repair.action, plan.reversible, plan.diffs.length])).toEqual([
    ["rollback_deployment", true, 1],
  ]);
  expect(planned[0]?.plan.steps[0]?.changesHash).toMatch(/^[0-9a-f]{64}$/);
  expect([...refused, ...persons]).toEqual([]);
});

test("what did not finish is a gap: the rest is planned all the same, and where nothing was found, the message says what is not known", async () => {
  const gap = "GatewayMisroutes did not finish within 5000 ms of CPU time: skipped";
  const diagnoser: Diagnoser = {
    survey: async (...asked) => ({ ...(await diagnoseHere.survey(...asked)), gaps: [gap] }),
  };
  const lookAt = (scene: Scene) => lookWith({ ...depsOn(readerOf(scene) as unknown as Kube), diagnoser });
  const found = await lookAt(crashAfterRelease);
  expect(found.planned).toHaveLength(1);
  expect(found.unfinished).toEqual([gap]);
  expect(found.verdict.ruledOut[0]).toEqual({ code: "NotFinished", reason: gap });
  expect((await lookAt(healthy)).verdict.message).toContain(`Not known: ${gap}.`);
});

test("the same look gives the same plan", async () => {
  const hashes = await Promise.all([look(crashAfterRelease), look(crashAfterRelease)]);
  expect(hashes[0]?.planned[0]?.plan.changesHash).toBe(hashes[1]?.planned[0]?.plan.changesHash);
});

test("an action that failed in this episode is not offered again", async () => {
  const { planned, refused } = await look(crashAfterRelease, { pastActions: ["rollback_deployment"] });
  expect(planned).toEqual([]);
  expect(refused).toEqual([{ action: "rollback_deployment", reason: expect.stringContaining("tried in this episode") as string }]);
});

test("a repair that people rejected in this episode is not offered again, and names the approver and the reason", async () => {
  const steps = [{ action: "rollback_deployment", target, parameters: { revision: "1", reason: "for the record" } }];
  const { planned, refused } = await look(crashAfterRelease, { rejected: [{ steps, reason: "Rejected by ann (“not today”)." }] });
  expect(planned).toEqual([]);
  expect(refused).toEqual([{ action: "rollback_deployment", reason: "people refused it in this episode: Rejected by ann (“not today”)." }]);
});

test.each([
  ["with other parameters", { parameters: { revision: "7" } }],
  ["on another object", { target: { ...target, name: "other" } }],
  ["by another action", { action: "scale_deployment" }],
])("what people refused %s is another repair", async (_name, change) => {
  const step = { action: "rollback_deployment", target, parameters: { revision: "1" }, ...change };
  const { planned } = await look(crashAfterRelease, { rejected: [{ steps: [step], reason: "no" }] });
  expect(planned).toHaveLength(1);
});

test("what Helm owns is not changed behind its back", async () => {
  const managedBy = { tool: "Helm", object: "shop/web", proof: "annotation meta.helm.sh/release-name" } as const;
  const { planned, refused } = await look(crashAfterRelease, { managedBy });
  expect(planned).toEqual([]);
  expect(refused[0]?.reason).toMatch(/belongs to Helm shop\/web, which would revert/);
});

test("a memory limit that is too small is planned to be raised", async () => {
  const { planned } = await look(outOfMemory);
  expect(planned.map(({ repair }) => repair.action)).toContain("increase_resources");
});

test("what an edited ConfigMap was before is put back, and pods that would wait for minutes are restarted", async () => {
  const deps = depsOn(readerOf(configEdited) as unknown as Kube);
  const kept = { object: configMapReference, at: "2027-03-01T12:58:20Z", content: { data: { "web.conf": "rounding = 2" } } };
  const read: LookDeps["read"] = async (reads, reference) => ({ ...(await deps.read(reads, reference)), kept });
  const { planned, persons } = await lookWith({ ...deps, read });
  expect(planned.map(({ plan }) => plan.steps.map(({ action, target: on, critical }) => [action, on.name, critical]))).toEqual([
    [
      ["restore_object", "web-settings", true],
      ["restart_pod", "web-6c8d5f9b7-abcd0", false],
      ["restart_pod", "web-6c8d5f9b7-abcd1", false],
    ],
  ]);
  expect(persons).toEqual([]);
});

test("what another tool would put back is left to it, also where only the repair's own object is its", async () => {
  const deps = depsOn(readerOf(configEdited) as unknown as Kube);
  const read: LookDeps["read"] = async (reads, reference) => {
    const observed = await deps.read(reads, reference);
    const metadata = { ...observed.target!.metadata, labels: { "argocd.argoproj.io/instance": "shop" } };
    return { ...observed, target: { ...observed.target!, metadata } };
  };
  const { planned, refused } = await lookWith({ ...deps, read });
  expect(planned).toEqual([]);
  expect(refused).toEqual([{ action: "restore_object", reason: expect.stringMatching(/belongs to Argo CD shop, which would revert/) }]);
});

test("if the content before is unknown, a person decides, and no other cause's repair is planned", async () => {
  const { findings, planned, refused, persons } = await look(configEdited);
  expect(findings[0]?.code).toBe("ConfigEdited");
  expect(planned).toEqual([]);
  expect(refused).toEqual([{ action: "restore_object", reason: "the change journal does not know it" }]);
  expect(persons).toEqual([expect.stringMatching(/restore the earlier content of ConfigMap web-settings/)]);
});

test("a step that only follows, and is not possible, is left out of the plan", async () => {
  const deps = depsOn(readerOf(crashAfterRelease) as unknown as Kube);
  const { planned } = await look(crashAfterRelease);
  const pod = { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "gone" };
  const repair = { ...planned[0]!.repair, afterwards: [{ action: "restart_pod" as const, target: pod, parameters: {} }] };
  const plan = await planRepair(deps.read, repair, 0.9);
  expect(typeof plan === "string" ? plan : plan.plan.steps.map(({ action }) => action)).toEqual(["rollback_deployment"]);
});

test("a healthy target has no cause and no plan", async () => {
  const { verdict, planned, refused, persons } = await look(healthy);
  expect(verdict.kind).toBe("Healthy");
  expect([planned, refused, persons]).toEqual([[], [], []]);
});

test("a repair that no longer fits the live object is refused with the reason", async () => {
  const reader = readerOf(crashAfterRelease);
  // Evidence is made of lists; by the time that the plan asks for the target itself, it is deleted.
  const vanishing = {
    ...reader,
    get: (...args: Parameters<typeof reader.get>) => (args[0].kind === "Deployment" ? Promise.resolve(undefined) : reader.get(...args)),
  } as unknown as Kube;
  const { planned, refused } = await lookWith(depsOn(vanishing));
  expect(planned).toEqual([]);
  expect(refused.map(({ action }) => action)).toEqual(["rollback_deployment"]);
});
