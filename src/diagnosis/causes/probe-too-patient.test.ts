import { expect, test } from "vitest";
import { probeTooPatient } from "#diagnosis/causes/probe-too-patient.ts";
import type { KubeObject } from "#api/object.ts";
import { answers, containerStatus, deployment, failing, podsOf } from "#test/evidence-sketch.ts";

const since = { running: { startedAt: "2027-03-01T13:58:00Z" } };
const unready = failing(containerStatus("web", since));
const asked = (initialDelaySeconds: number, spec: object = {}): KubeObject =>
  deployment("web", { readinessProbe: { tcpSocket: { port: 8080 }, initialDelaySeconds } }, { spec });
const answered = (web: KubeObject, pod = unready): readonly string[] => answers(probeTooPatient, { objects: [web, ...podsOf(web, pod)] });

test("a delay as long as the rollout's deadline starves the pod", () => {
  expect(answered(asked(900))).toEqual(["ProbeTooPatient Deployment web → person"]);
  expect(answered(asked(200, { progressDeadlineSeconds: 180 }))).toEqual(["ProbeTooPatient Deployment web → person"]);
});

test("a delay that ends before is only patience", () => {
  expect(answered(asked(300))).toEqual([]);
});

test("a probe that has been asked already starves no pod by its delay", () => {
  expect(answered(asked(100, { progressDeadlineSeconds: 60 }))).toEqual([]);
});

test("a pod that is ready is none", () => {
  const web = asked(900);
  expect(answers(probeTooPatient, { objects: [web, ...podsOf(web, {})] })).toEqual([]);
});

test("a container that is restarted has another trouble", () => {
  expect(answered(asked(900), failing(containerStatus("web", since, { restartCount: 2 })))).toEqual([]);
});
