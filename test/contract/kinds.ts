// What the server itself does to the built-in kinds that Kintsugi reads: defaults, allocations, and what may not change.
import { expect } from "vitest";
import { ok, type Topic } from "#test/contract/cluster.ts";
import { apps, batch, configMap, container, core, deployment, failure, type Part, pod, service } from "#test/contract/samples.ts";

const template = (name: string): Part => ({ metadata: { labels: { app: name } }, spec: { containers: [container()] } });

const statefulSet = (name: string, spec: Part = {}): Part => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name },
  spec: { serviceName: name, selector: { matchLabels: { app: name } }, template: template(name), ...spec },
});

const node = (name: string): Part => ({ apiVersion: "v1", kind: "Node", metadata: { name } });

export const kinds: Topic = {
  title: "Built-in kinds",
  cases: [
    {
      name: "a Service gets an address of the cluster, and its ports a protocol and a target",
      run: async (cluster, namespace) => {
        const made = await ok(cluster.create(core(namespace, "services"), service("web")));
        expect(made.spec).toMatchObject({
          type: "ClusterIP",
          sessionAffinity: "None",
          clusterIP: expect.stringMatching(/^10\.96\.\d+\.\d+$/),
          ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
        });
        expect(made.spec["clusterIPs"]).toEqual([made.spec["clusterIP"]]);
      },
    },
    {
      name: "a headless Service gets no address",
      run: async (cluster, namespace) => {
        const made = await ok(cluster.create(core(namespace, "services"), service("web", { clusterIP: "None" })));
        expect(made.spec).toMatchObject({ clusterIP: "None", clusterIPs: ["None"] });
      },
    },
    {
      name: "a Service without ports is Invalid, but for a headless one",
      run: async (cluster, namespace) => {
        expect(await cluster.create(core(namespace, "services"), service("web", { ports: [] }))).toMatchObject(
          failure(422, "Invalid", 'Service "web" is invalid: spec.ports: Required value'),
        );
        expect(await cluster.create(core(namespace, "services"), service("other", { ports: [], clusterIP: "None" }))).toMatchObject({
          status: 201,
        });
      },
    },
    {
      name: "a StatefulSet comes with its defaults",
      run: async (cluster, namespace) => {
        expect((await ok(cluster.create(apps(namespace, "statefulsets"), statefulSet("db")))).spec).toMatchObject({
          replicas: 1,
          podManagementPolicy: "OrderedReady",
          updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
          revisionHistoryLimit: 10,
        });
      },
    },
    {
      name: "a DaemonSet comes with its defaults",
      run: async (cluster, namespace) => {
        const daemonSet = {
          apiVersion: "apps/v1",
          kind: "DaemonSet",
          metadata: { name: "agent" },
          spec: { selector: { matchLabels: { app: "agent" } }, template: template("agent") },
        };
        expect((await ok(cluster.create(apps(namespace, "daemonsets"), daemonSet))).spec).toMatchObject({
          updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
          revisionHistoryLimit: 10,
        });
      },
    },
    {
      name: "a probe comes with its defaults",
      run: async (cluster, namespace) => {
        const probed = container({ readinessProbe: { httpGet: { port: 8080 } } });
        const made = await ok(cluster.create(core(namespace, "pods"), pod("a", { containers: [probed] })));
        expect(made.spec["containers"]).toMatchObject([
          {
            readinessProbe: {
              httpGet: { path: "/", port: 8080, scheme: "HTTP" },
              timeoutSeconds: 1,
              periodSeconds: 10,
              successThreshold: 1,
              failureThreshold: 3,
            },
          },
        ]);
      },
    },
    {
      name: "a node can be cordoned by a patch, and its status has a path of its own",
      run: async (cluster, namespace) => {
        await ok(cluster.create("/api/v1/nodes", node(namespace)));
        expect(await cluster.patch("merge", `/api/v1/nodes/${namespace}`, { spec: { unschedulable: true } })).toMatchObject({
          status: 200,
          body: { spec: { unschedulable: true } },
        });
        const condition = { type: "Ready", status: "False", reason: "KubeletNotReady" };
        expect(
          await cluster.patch("strategic", `/api/v1/nodes/${namespace}/status`, { status: { conditions: [condition] } }),
        ).toMatchObject({
          status: 200,
          body: { status: { conditions: [condition] } },
        });
      },
    },
    {
      name: "a Deployment can be paused and goes on",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const path = apps(namespace, "deployments", "web");
        expect((await ok(cluster.patch("merge", path, { spec: { paused: true } }))).spec).toMatchObject({ paused: true });
        expect((await ok(cluster.patch("merge", path, { spec: { paused: null } }))).spec).not.toHaveProperty("paused");
      },
    },
    {
      name: "the type of a Secret stays",
      run: async (cluster, namespace) => {
        const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, type: "Opaque", data: {} };
        await ok(cluster.create(core(namespace, "secrets"), secret));
        const answer = await cluster.patch("merge", core(namespace, "secrets", "s"), { type: "example.com/other" });
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain('type: Invalid value: "example.com/other": field is immutable');
      },
    },
    {
      name: "a ConfigMap's key is a file name",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "configmaps"), configMap("a", { "no/path": "1" }));
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain('data[no/path]: Invalid value: "no/path": a valid config key must consist of');
      },
    },
    {
      name: "a value of a wrong type is a bad request",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "configmaps"), { ...configMap("a"), data: { k: 1 } });
        expect(answer).toMatchObject(failure(400, "BadRequest"));
        expect(answer.body.message).toContain('ConfigMap in version "v1" cannot be handled as a ConfigMap');
      },
    },
    {
      name: "a label that is none is Invalid",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "configmaps"), configMap("a", {}, { labels: { app: "no spaces" } }));
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain(
          'ConfigMap "a" is invalid: metadata.labels: Invalid value: "no spaces": a valid label must be',
        );
      },
    },
    {
      name: "a CronJob comes with its defaults",
      run: async (cluster, namespace) => {
        const jobTemplate = { spec: { template: { spec: { restartPolicy: "Never", containers: [container()] } } } };
        const cronJob = { metadata: { name: "nightly" }, spec: { schedule: "0 3 * * *", jobTemplate } };
        expect((await ok(cluster.create(batch(namespace, "cronjobs"), cronJob))).spec).toMatchObject({
          concurrencyPolicy: "Allow",
          suspend: false,
          successfulJobsHistoryLimit: 3,
          failedJobsHistoryLimit: 1,
        });
      },
    },
    {
      name: "a pod whose container has no name, or one twice, is Invalid",
      run: async (cluster, namespace) => {
        expect(await cluster.create(core(namespace, "pods"), pod("a", { containers: [{ image: "i" }] }))).toMatchObject(
          failure(422, "Invalid", 'Pod "a" is invalid: spec.containers[0].name: Required value'),
        );
        expect(await cluster.create(core(namespace, "pods"), pod("a", { containers: [container(), container()] }))).toMatchObject(
          failure(422, "Invalid", 'Pod "a" is invalid: spec.containers[1].name: Duplicate value: "web"'),
        );
      },
    },
    {
      name: "a pod of an account that is not there is Forbidden",
      run: async (cluster, namespace) => {
        expect(await cluster.create(core(namespace, "pods"), pod("a", { serviceAccountName: "none" }))).toMatchObject(
          failure(
            403,
            "Forbidden",
            `pods "a" is forbidden: error looking up service account ${namespace}/none: serviceaccount "none" not found`,
          ),
        );
      },
    },
    {
      name: "a pod that is on no node has no logs, one that is not there is NotFound",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a")));
        expect(await cluster.get(core(namespace, "pods", "a", "log"))).toMatchObject({ status: 204, text: "" });
        expect(await cluster.get(core(namespace, "pods", "none", "log"))).toMatchObject(failure(404, "NotFound", 'pods "none" not found'));
      },
    },
  ],
};
