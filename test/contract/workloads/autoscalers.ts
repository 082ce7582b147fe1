// HorizontalPodAutoscalers where there is no metrics server: what they say, and the bounds that they keep all the same.
import { expect } from "vitest";
import { type Body, type Caller, ok } from "#test/contract/cluster.ts";
import { apps, type Part } from "#test/contract/samples.ts";
import { templateOf } from "#test/contract/workloads/programs.ts";
import { conditionOf, untilEvent, untilObject, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const scalersIn = (namespace: string): string => `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`;
const scaler = (cluster: Caller, namespace: string, spec: Part = {}): Promise<Body> =>
  ok(
    cluster.create(scalersIn(namespace), {
      metadata: { name: "web" },
      spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, maxReplicas: 3, ...spec },
    }),
  );
const target = (cluster: Caller, namespace: string, replicas: number): Promise<Body> =>
  ok(
    cluster.create(apps(namespace, "deployments"), {
      metadata: { name: "web" },
      spec: { replicas, selector: { matchLabels: { app: "web" } }, template: templateOf("web", "runs") },
    }),
  );
const untilSays = (cluster: Caller, namespace: string, type: string): Promise<Body> =>
  untilObject(cluster, scalersIn(namespace), "web", (object) => conditionOf(object, type) !== undefined);
const about = { kind: "HorizontalPodAutoscaler", name: "web" };

export const autoscalers: WorkloadTopic = {
  title: "Autoscalers",
  cases: [
    {
      name: "one whose target is not there cannot scale",
      run: async (cluster, namespace) => {
        const { spec } = await scaler(cluster, namespace);
        expect(spec).toMatchObject({
          minReplicas: 1,
          metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } }],
        });
        const lost = await untilSays(cluster, namespace, "AbleToScale");
        expect(conditionOf(lost, "AbleToScale")).toMatchObject({
          status: "False",
          reason: "FailedGetScale",
          message: `the HPA controller was unable to get the target's current scale: deployments.apps "web" not found`,
        });
        expect(lost.status).toMatchObject({ desiredReplicas: 0 });
        expect(await untilEvent(cluster, namespace, about, "FailedGetScale")).toMatchObject({
          type: "Warning",
          message: 'deployments.apps "web" not found',
          source: { component: "horizontal-pod-autoscaler" },
        });
      },
    },
    {
      name: "without metrics it is not active",
      run: async (cluster, namespace) => {
        await target(cluster, namespace, 1);
        await scaler(cluster, namespace);
        const blind = await untilSays(cluster, namespace, "ScalingActive");
        const why =
          "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)";
        expect(conditionOf(blind, "AbleToScale")).toMatchObject({
          status: "True",
          reason: "SucceededGetScale",
          message: "the HPA controller was able to get the target's current scale",
        });
        expect(conditionOf(blind, "ScalingActive")).toMatchObject({
          status: "False",
          reason: "FailedGetResourceMetric",
          message: `the HPA was unable to compute the replica count: ${why}`,
        });
        expect(blind.status).toMatchObject({ currentReplicas: 1, desiredReplicas: 0 });
        await untilEvent(cluster, namespace, about, "FailedGetResourceMetric", /^failed to get cpu utilization: unable to get metrics/);
        const all = `invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${why}`;
        await untilEvent(cluster, namespace, about, "FailedComputeMetricsReplicas", all);
      },
    },
    {
      name: "too many and too few replicas are put right without any metrics",
      run: async (cluster, namespace) => {
        await target(cluster, namespace, 1);
        await scaler(cluster, namespace, { minReplicas: 2 });
        const scaled = await untilObject(
          cluster,
          scalersIn(namespace),
          "web",
          (object) => conditionOf(object, "AbleToScale")?.reason === "SucceededRescale",
        );
        expect(conditionOf(scaled, "AbleToScale")).toMatchObject({
          status: "True",
          message: "the HPA controller was able to update the target scale to 2",
        });
        const event = await untilEvent(cluster, namespace, about, "SuccessfulRescale");
        expect(event).toMatchObject({ type: "Normal", message: "New size: 2; reason: Current number of replicas below Spec.MinReplicas" });
        await untilObject(cluster, apps(namespace, "deployments"), "web", ({ spec }) => spec["replicas"] === 2);
        await ok(cluster.patch("merge", apps(namespace, "deployments", "web", "scale"), { spec: { replicas: 5 } }));
        await untilEvent(
          cluster,
          namespace,
          about,
          "SuccessfulRescale",
          /^New size: 3; reason: Current number of replicas above Spec.MaxReplicas$/,
        );
        await untilObject(cluster, apps(namespace, "deployments"), "web", ({ spec }) => spec["replicas"] === 3);
      },
    },
    {
      name: "a target that is scaled to nothing is left alone",
      run: async (cluster, namespace) => {
        await target(cluster, namespace, 0);
        await scaler(cluster, namespace);
        const off = await untilSays(cluster, namespace, "ScalingActive");
        expect(conditionOf(off, "ScalingActive")).toMatchObject({
          status: "False",
          reason: "ScalingDisabled",
          message: "scaling is disabled since the replica count of the target is zero",
        });
      },
    },
  ],
};
