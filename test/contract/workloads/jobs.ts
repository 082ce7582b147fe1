// Jobs: how they end, how often they try, and their conditions and events.
import { expect } from "vitest";
import { type Body, type Caller, ok } from "#test/contract/cluster.ts";
import { batch, core, type Part } from "#test/contract/samples.ts";
import { podSpecOf, type ProgramName } from "#test/contract/workloads/programs.ts";
import {
  type Condition,
  conditionOf,
  until,
  untilEvent,
  untilObject,
  type WorkloadTopic,
} from "#test/contract/workloads/workload-cluster.ts";

const job = (program: ProgramName, spec: Part = {}, pod: Part = {}): Part => ({
  metadata: { name: "once" },
  spec: { template: { spec: podSpecOf(program, { restartPolicy: "Never", ...pod }) }, ...spec },
});

const create = (cluster: Caller, namespace: string, body: Part): Promise<Body> => ok(cluster.create(batch(namespace, "jobs"), body));

const untilJob = (cluster: Caller, namespace: string, fits: (job: Body) => boolean): Promise<Body> =>
  untilObject(cluster, batch(namespace, "jobs"), "once", fits);

const isTrue =
  (type: string) =>
  (object: Body): boolean =>
    conditionOf(object, type)?.status === "True";

const conditions = (object: Body): readonly (readonly [string, string, string, string])[] =>
  (object.status["conditions"] as readonly Condition[]).map(({ type, status, reason, message }) => [type, status, reason, message]);

const about = { kind: "Job", name: "once" };

export const jobs: WorkloadTopic = {
  title: "Jobs",
  cases: [
    {
      name: "a Job whose pod succeeds is Complete",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, job("succeeds"));
        const done = await untilJob(cluster, namespace, isTrue("Complete"));
        expect(conditions(done)).toEqual([
          ["SuccessCriteriaMet", "True", "CompletionsReached", "Reached expected number of succeeded pods"],
          ["Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods"],
        ]);
        expect(done.status).toMatchObject({ succeeded: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
        expect(done.status).not.toHaveProperty("active");
        expect(done.status).not.toHaveProperty("failed");
        expect(done.status["completionTime"]).toBeDefined();
        await untilEvent(cluster, namespace, about, "SuccessfulCreate", /^Created pod: once-.{5}$/);
        expect(await untilEvent(cluster, namespace, about, "Completed")).toMatchObject({
          type: "Normal",
          message: "Job completed",
          source: { component: "job-controller" },
        });
      },
    },
    {
      name: "a Job's pods carry its name and uid",
      run: async (cluster, namespace) => {
        const { metadata } = await create(cluster, namespace, job("runs"));
        const [pod] = await until(cluster, core(namespace, "pods"), (pods) => pods.length === 1);
        expect(pod!.metadata).toMatchObject({
          generateName: "once-",
          labels: {
            "batch.kubernetes.io/controller-uid": metadata.uid,
            "batch.kubernetes.io/job-name": "once",
            "controller-uid": metadata.uid,
            "job-name": "once",
          },
          ownerReferences: [
            { apiVersion: "batch/v1", kind: "Job", name: "once", uid: metadata.uid, controller: true, blockOwnerDeletion: true },
          ],
        });
        await untilJob(cluster, namespace, ({ status }) => status["ready"] === 1 && status["active"] === 1);
        await ok(cluster.delete(batch(namespace, "jobs", "once"), { propagationPolicy: "Background" }));
        await until(cluster, core(namespace, "pods"), (pods) => pods.length === 0);
      },
    },
    {
      name: "a pod that fails is kept, and another one made ten seconds later, until the backoff limit is reached",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, job("fails", { backoffLimit: 1 }));
        const done = await untilJob(cluster, namespace, isTrue("Failed"));
        expect(conditions(done)).toEqual([
          ["FailureTarget", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit"],
          ["Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit"],
        ]);
        expect(done.status).toMatchObject({ failed: 2, ready: 0, terminating: 0 });
        expect(done.status).not.toHaveProperty("completionTime");
        const pods = (await ok(cluster.get(core(namespace, "pods")))).items;
        expect(pods.map(({ status }) => status["phase"])).toEqual(["Failed", "Failed"]);
        const [first, second] = pods.map(({ metadata }) => Date.parse(metadata.creationTimestamp)).toSorted((a, b) => a - b);
        expect(second! - first!).toBeGreaterThanOrEqual(10_000);
        expect(await untilEvent(cluster, namespace, about, "BackoffLimitExceeded")).toMatchObject({
          type: "Warning",
          message: "Job has reached the specified backoff limit",
        });
      },
    },
    {
      name: "a Job that takes longer than activeDeadlineSeconds fails and its pod goes",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, job("runs", { activeDeadlineSeconds: 2 }));
        const done = await untilJob(cluster, namespace, isTrue("Failed"));
        expect(conditions(done)).toEqual([
          ["FailureTarget", "True", "DeadlineExceeded", "Job was active longer than specified deadline"],
          ["Failed", "True", "DeadlineExceeded", "Job was active longer than specified deadline"],
        ]);
        expect(done.status).toMatchObject({ failed: 1, ready: 0, terminating: 0 });
        await until(cluster, core(namespace, "pods"), (pods) => pods.length === 0);
        await untilEvent(cluster, namespace, about, "DeadlineExceeded", /^Job was active longer than specified deadline$/);
      },
    },
    {
      name: "a Job whose account is missing stays as it is and says why",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, job("succeeds", {}, { serviceAccountName: "missing" }));
        const event = await untilEvent(cluster, namespace, about, "FailedCreate");
        expect(event.message).toBe(
          `Error creating: pods "once-" is forbidden: error looking up service account ${namespace}/missing: serviceaccount "missing" not found`,
        );
        const waiting = await untilJob(cluster, namespace, ({ status }) => status["startTime"] !== undefined);
        expect(waiting.status).not.toHaveProperty("conditions");
      },
    },
  ],
};
