// Jobs: how they end, how often they try, what they say; and what is left of them.
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
      name: "a Job's pods carry its name and uid, and a finalizer until they are counted",
      run: async (cluster, namespace) => {
        const { metadata } = await create(cluster, namespace, job("runs"));
        const [pod] = await until(cluster, core(namespace, "pods"), (pods) => pods.length === 1);
        expect(pod!.metadata).toMatchObject({
          generateName: "once-",
          finalizers: ["batch.kubernetes.io/job-tracking"],
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
        for (const { metadata } of pods) expect(metadata).not.toHaveProperty("finalizers");
        expect(await untilEvent(cluster, namespace, about, "BackoffLimitExceeded")).toMatchObject({
          type: "Warning",
          message: "Job has reached the specified backoff limit",
        });
      },
    },
    {
      name: "where containers are restarted in place, the pod is deleted when the limit is reached",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, job("fails", { backoffLimit: 1 }, { restartPolicy: "OnFailure" }));
        const done = await untilJob(cluster, namespace, isTrue("Failed"));
        expect(conditionOf(done, "Failed")).toMatchObject({ reason: "BackoffLimitExceeded" });
        expect(done.status).toMatchObject({ failed: 1 });
        await until(cluster, core(namespace, "pods"), (pods) => pods.length === 0);
        await untilEvent(cluster, namespace, about, "SuccessfulDelete", /^Deleted pod: once-/);
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
      name: "completions and parallelism say how many pods there are in all and at once",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, job("succeeds", { completions: 3, parallelism: 2 }));
        let most = 0;
        const done = await untilJob(cluster, namespace, (object) => {
          most = Math.max(most, Number(object.status["active"] ?? 0));
          return isTrue("Complete")(object);
        });
        expect(most).toBe(2);
        expect(done.status).toMatchObject({ succeeded: 3 });
        expect((await ok(cluster.get(core(namespace, "pods")))).items).toHaveLength(3);
      },
    },
    {
      name: "a Job that is suspended has no pods, and starts when it is resumed",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, job("runs", { suspend: true }));
        const idle = await untilJob(cluster, namespace, isTrue("Suspended"));
        expect(conditions(idle)).toEqual([["Suspended", "True", "JobSuspended", "Job suspended"]]);
        expect(idle.status).not.toHaveProperty("startTime");
        await untilEvent(cluster, namespace, about, "Suspended", /^Job suspended$/);
        await ok(cluster.patch("merge", batch(namespace, "jobs", "once"), { spec: { suspend: false } }));
        const going = await untilJob(cluster, namespace, ({ status }) => status["active"] === 1 && status["startTime"] !== undefined);
        expect(conditions(going)).toEqual([["Suspended", "False", "JobResumed", "Job resumed"]]);
        await untilEvent(cluster, namespace, about, "Resumed", /^Job resumed$/);
        await ok(cluster.patch("merge", batch(namespace, "jobs", "once"), { spec: { suspend: true } }));
        await until(cluster, core(namespace, "pods"), (pods) => pods.length === 0);
        await untilJob(cluster, namespace, isTrue("Suspended"));
      },
    },
    {
      name: "a finished Job is deleted ttlSecondsAfterFinished later, and its pods with it",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, job("succeeds", { ttlSecondsAfterFinished: 1 }));
        await untilJob(cluster, namespace, isTrue("Complete"));
        await until(cluster, batch(namespace, "jobs"), (items) => items.length === 0);
        await until(cluster, core(namespace, "pods"), (pods) => pods.length === 0);
      },
    },
    {
      name: "an exit code that the pod failure policy names fails the Job at once",
      run: async (cluster, namespace) => {
        const rules = [{ action: "FailJob", onExitCodes: { operator: "In", values: [3] } }];
        await create(cluster, namespace, job("fails", { backoffLimit: 6, podFailurePolicy: { rules } }));
        const done = await untilJob(cluster, namespace, isTrue("Failed"));
        const [pod] = (await ok(cluster.get(core(namespace, "pods")))).items;
        expect(conditionOf(done, "Failed")).toMatchObject({
          reason: "PodFailurePolicy",
          message: `Container web for pod ${namespace}/${pod!.metadata.name} failed with exit code 3 matching FailJob rule at index 0`,
        });
        expect(done.status).toMatchObject({ failed: 1 });
      },
    },
    {
      name: "a Job whose account is missing stays as it is and says why",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, job("succeeds", {}, { serviceAccountName: "nobody" }));
        const event = await untilEvent(cluster, namespace, about, "FailedCreate");
        expect(event.message).toBe(
          `Error creating: pods "once-" is forbidden: error looking up service account ${namespace}/nobody: serviceaccount "nobody" not found`,
        );
        const waiting = await untilJob(cluster, namespace, ({ status }) => status["startTime"] !== undefined);
        expect(waiting.status).not.toHaveProperty("conditions");
      },
    },
  ],
};

const cronJob = (spec: Part = {}): Part => ({
  metadata: { name: "tick" },
  spec: {
    schedule: "* * * * *",
    jobTemplate: { spec: { template: { spec: podSpecOf("succeeds", { restartPolicy: "Never" }) } } },
    ...spec,
  },
});

export const cronJobs: WorkloadTopic = {
  title: "CronJobs",
  cases: [
    {
      name: "a CronJob makes a Job at each time of its schedule, named after the minute",
      run: async (cluster, namespace) => {
        const { metadata } = await ok(cluster.create(batch(namespace, "cronjobs"), cronJob()));
        const [made] = await until(cluster, batch(namespace, "jobs"), (items) => items.length > 0);
        const due = made!.metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"]!;
        expect(due).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/);
        expect(made!.metadata).toMatchObject({
          name: `tick-${Date.parse(due) / 60_000}`,
          ownerReferences: [
            { apiVersion: "batch/v1", kind: "CronJob", name: "tick", uid: metadata.uid, controller: true, blockOwnerDeletion: true },
          ],
        });
        const seen = await untilObject(
          cluster,
          batch(namespace, "cronjobs"),
          "tick",
          ({ status }) => status["lastSuccessfulTime"] !== undefined,
        );
        // Where the pod took its time, the next minute has come meanwhile.
        expect(Date.parse(seen.status["lastScheduleTime"] as string)).toBeGreaterThanOrEqual(Date.parse(due));
        const cron = { kind: "CronJob", name: "tick" };
        await untilEvent(cluster, namespace, cron, "SuccessfulCreate", `Created job ${made!.metadata.name}`);
        await untilEvent(cluster, namespace, cron, "SawCompletedJob", `Saw completed job: ${made!.metadata.name}, condition: Complete`);
      },
    },
    {
      name: "a Job that runs is its CronJob's active one, and Forbid keeps the next from starting",
      run: async (cluster, namespace) => {
        const jobTemplate = { spec: { template: { spec: podSpecOf("runs", { restartPolicy: "Never" }) } } };
        await ok(cluster.create(batch(namespace, "cronjobs"), cronJob({ concurrencyPolicy: "Forbid", jobTemplate })));
        const [made] = await until(cluster, batch(namespace, "jobs"), (items) => items.length > 0);
        const active = await untilObject(cluster, batch(namespace, "cronjobs"), "tick", ({ status }) => status["active"] !== undefined);
        expect(active.status["active"]).toMatchObject([
          { apiVersion: "batch/v1", kind: "Job", name: made!.metadata.name, namespace, uid: made!.metadata.uid },
        ]);
        const event = await untilEvent(cluster, namespace, { kind: "CronJob", name: "tick" }, "JobAlreadyActive");
        expect(event.message).toBe("Not starting job because prior execution is running and concurrency policy is Forbid");
        expect((await ok(cluster.get(batch(namespace, "jobs")))).items).toHaveLength(1);
      },
    },
    {
      name: "a schedule that is none is refused",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(batch(namespace, "cronjobs"), cronJob({ schedule: "every day" }));
        expect(answer.status).toBe(422);
        expect(answer.body.message).toContain('spec.schedule: Invalid value: "every day":');
      },
    },
  ],
};
