// Subresources: who writes what through which path, and what counts as a new generation.
import { expect } from "vitest";
import { ok, type Topic } from "#test/contract/cluster.ts";
import { apps, batch, configMap, container, core, deployment, failure, type Part, pod } from "#test/contract/samples.ts";

export const status: Topic = {
  title: "Status and generation",
  cases: [
    {
      name: "a new object of a kind with a spec is generation 1, a ConfigMap has none",
      run: async (cluster, namespace) => {
        expect((await ok(cluster.create(apps(namespace, "deployments"), deployment("web")))).metadata.generation).toBe(1);
        expect((await ok(cluster.create(core(namespace, "configmaps"), configMap("a")))).metadata.generation).toBeUndefined();
      },
    },
    {
      name: "a change of the spec is a new generation; labels and status are not",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const path = apps(namespace, "deployments", "web");
        expect((await ok(cluster.patch("merge", path, { metadata: { labels: { a: "b" } } }))).metadata.generation).toBe(1);
        expect((await ok(cluster.patch("merge", `${path}/status`, { status: { replicas: 1 } }))).metadata.generation).toBe(1);
        expect((await ok(cluster.patch("merge", path, { spec: { replicas: 2 } }))).metadata.generation).toBe(2);
      },
    },
    {
      name: "the status in a create is dropped",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(apps(namespace, "deployments"), { ...deployment("web"), status: { replicas: 7 } });
        expect(answer.body.status).toEqual({});
      },
    },
    {
      name: "the status in a write of the object is dropped",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const answer = await cluster.patch("merge", apps(namespace, "deployments", "web"), {
          metadata: { labels: { a: "b" } },
          status: { replicas: 7 },
        });
        expect(answer).toMatchObject({ status: 200, body: { metadata: { labels: { a: "b" } }, status: {} } });
        expect(answer.body.status["replicas"]).toBeUndefined();
      },
    },
    {
      name: "a write of the status changes the status alone",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const answer = await cluster.patch("merge", apps(namespace, "deployments", "web", "status"), {
          spec: { replicas: 9 },
          status: { replicas: 1, readyReplicas: 1 },
        });
        expect(answer).toMatchObject({ status: 200, body: { spec: { replicas: 1 }, status: { replicas: 1, readyReplicas: 1 } } });
      },
    },
    {
      name: "a replace of the status of an old version is a Conflict",
      run: async (cluster, namespace) => {
        const before = await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const path = apps(namespace, "deployments", "web", "status");
        expect(await cluster.replace(path, { ...before, status: { replicas: 1 } })).toMatchObject({ status: 200 });
        expect(await cluster.replace(path, { ...before, status: { replicas: 2 } })).toMatchObject(failure(409, "Conflict"));
      },
    },
    {
      name: "the status can be read by its own path and is the whole object",
      run: async (cluster, namespace) => {
        const made = await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        expect(await cluster.get(apps(namespace, "deployments", "web", "status"))).toMatchObject({ status: 200, body: made });
      },
    },
    {
      name: "a pod's status is merged by condition type in a strategic patch",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a")));
        const path = core(namespace, "pods", "a", "status");
        const condition = (type: string, value: string): object => ({ status: { conditions: [{ type, status: value }] } });
        await ok(cluster.patch("strategic", path, condition("Ready", "False")));
        await ok(cluster.patch("strategic", path, condition("PodScheduled", "True")));
        const after = await ok(cluster.patch("strategic", path, condition("Ready", "True")));
        const conditions = after.status["conditions"] as readonly { type: string; status: string }[];
        expect(conditions.map(({ type, status: value }) => `${type}=${value}`).toSorted()).toEqual(["PodScheduled=True", "Ready=True"]);
      },
    },
    {
      name: "a Deployment comes with its defaults",
      run: async (cluster, namespace) => {
        const { spec, metadata } = await ok(cluster.create(apps(namespace, "deployments"), deployment("web", { replicas: undefined })));
        expect(metadata.generation).toBe(1);
        expect(spec).toMatchObject({
          replicas: 1,
          progressDeadlineSeconds: 600,
          revisionHistoryLimit: 10,
          strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
          template: {
            spec: {
              restartPolicy: "Always",
              terminationGracePeriodSeconds: 30,
              dnsPolicy: "ClusterFirst",
              schedulerName: "default-scheduler",
              securityContext: {},
              containers: [
                {
                  imagePullPolicy: "IfNotPresent",
                  resources: {},
                  terminationMessagePath: "/dev/termination-log",
                  terminationMessagePolicy: "File",
                },
              ],
            },
          },
        });
      },
    },
    {
      name: "a pod comes with its defaults, Pending, and of a quality of service",
      run: async (cluster, namespace) => {
        const plain = await ok(cluster.create(core(namespace, "pods"), pod("a")));
        expect(plain).toMatchObject({
          spec: { restartPolicy: "Always", serviceAccountName: "default", enableServiceLinks: true, priority: 0 },
          status: { phase: "Pending", qosClass: "BestEffort" },
        });
        const resources = { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "128Mi" } };
        const bounded = await ok(cluster.create(core(namespace, "pods"), pod("b", { containers: [container({ resources })] })));
        expect(bounded.status).toMatchObject({ qosClass: "Burstable" });
        const limits = { limits: { cpu: "1", memory: "64Mi" } };
        const guaranteed = await ok(cluster.create(core(namespace, "pods"), pod("c", { containers: [container({ resources: limits })] })));
        expect(guaranteed).toMatchObject({
          spec: { containers: [{ resources: { requests: { cpu: "1", memory: "64Mi" } } }] },
          status: { qosClass: "Guaranteed" },
        });
      },
    },
    {
      name: "an image without a tag, or with latest, is always pulled",
      run: async (cluster, namespace) => {
        for (const [name, image] of [
          ["a", "registry.example/web"],
          ["b", "registry.example/web:latest"],
        ] as const)
          expect(await cluster.create(core(namespace, "pods"), pod(name, { containers: [container({ image })] }))).toMatchObject({
            body: { spec: { containers: [{ imagePullPolicy: "Always" }] } },
          });
      },
    },
    {
      name: "quantities are written in their canonical form",
      run: async (cluster, namespace) => {
        const resources = { requests: { cpu: "0.5", memory: "1024Mi" }, limits: { cpu: "1000m", memory: "1.5Gi" } };
        const made = await ok(cluster.create(core(namespace, "pods"), pod("a", { containers: [container({ resources })] })));
        expect(made.spec).toMatchObject({
          containers: [{ resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { cpu: "1", memory: "1536Mi" } } }],
        });
      },
    },
    {
      name: "a Deployment's selector must fit its template, and cannot change",
      run: async (cluster, namespace) => {
        const misfit = await cluster.create(
          apps(namespace, "deployments"),
          deployment("web", { selector: { matchLabels: { app: "other" } } }),
        );
        expect(misfit).toMatchObject(
          failure(
            422,
            "Invalid",
            'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
          ),
        );
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const moved = await cluster.patch("merge", apps(namespace, "deployments", "web"), {
          spec: { selector: { matchLabels: { tier: "x" } }, template: { metadata: { labels: { tier: "x" } } } },
        });
        expect(moved).toMatchObject(failure(422, "Invalid"));
        expect(moved.body.message).toContain("spec.selector: Invalid value:");
        expect(moved.body.message).toContain("field is immutable");
      },
    },
    {
      name: "a Deployment without containers, or of one without an image, is Invalid",
      run: async (cluster, namespace) => {
        const template = (containers: readonly unknown[]): Part => ({
          template: { metadata: { labels: { app: "web" } }, spec: { containers } },
        });
        expect(await cluster.create(apps(namespace, "deployments"), deployment("web", template([])))).toMatchObject(
          failure(422, "Invalid", 'Deployment.apps "web" is invalid: spec.template.spec.containers: Required value'),
        );
        expect(await cluster.create(apps(namespace, "deployments"), deployment("web", template([{ name: "web" }])))).toMatchObject(
          failure(422, "Invalid", 'Deployment.apps "web" is invalid: spec.template.spec.containers[0].image: Required value'),
        );
      },
    },
    {
      name: "a request above its limit is Invalid",
      run: async (cluster, namespace) => {
        const resources = { requests: { memory: "2Gi" }, limits: { memory: "1Gi" } };
        expect(await cluster.create(core(namespace, "pods"), pod("a", { containers: [container({ resources })] }))).toMatchObject(
          failure(
            422,
            "Invalid",
            'Pod "a" is invalid: spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
          ),
        );
      },
    },
    {
      name: "a Job gets a selector and labels by its uid, and its template cannot change",
      run: async (cluster, namespace) => {
        const job = {
          apiVersion: "batch/v1",
          kind: "Job",
          metadata: { name: "once" },
          spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", containers: [container()] } } },
        };
        const made = await ok(cluster.create(batch(namespace, "jobs"), job));
        expect(made.spec).toMatchObject({
          completions: 1,
          parallelism: 1,
          suspend: false,
          completionMode: "NonIndexed",
          selector: { matchLabels: { "batch.kubernetes.io/controller-uid": made.metadata.uid } },
          template: {
            metadata: { labels: { "batch.kubernetes.io/job-name": "once", "job-name": "once", "controller-uid": made.metadata.uid } },
          },
        });
        const answer = await cluster.patch("json", batch(namespace, "jobs", "once"), [
          { op: "replace", path: "/spec/template/spec/containers/0/image", value: "registry.example/web:2.0" },
        ]);
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain("spec.template: Invalid value:");
        expect(answer.body.message).toContain("field is immutable");
      },
    },
    {
      name: "a Job of pods that restart always is refused",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(batch(namespace, "jobs"), {
          apiVersion: "batch/v1",
          kind: "Job",
          metadata: { name: "once" },
          spec: { template: { spec: { containers: [container()] } } },
        });
        expect(answer).toMatchObject(
          failure(
            422,
            "Invalid",
            'Job.batch "once" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
          ),
        );
      },
    },
  ],
};
