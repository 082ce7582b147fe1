// HorizontalPodAutoscalers without a metrics server: the bounds that they keep all the same, and what they say of the rest;
// pkg/controller/podautoscaler.
import { conditionOf, conditionsOf } from "#embedded/conditions.ts";
import type { Client, Controller } from "#embedded/controllers/controller.ts";
import { replicasOf } from "#embedded/controllers/replica-set.ts";
import { type JsonRecord, type Stored, at, listOf, numberOf, recordOf, textOf, withValue } from "#embedded/json.ts";
import { builtIn, findKind } from "#embedded/resources.ts";
import { qualified } from "#embedded/status.ts";

const autoscalers = builtIn("autoscaling/v2", "HorizontalPodAutoscaler");

const periodMs = 15_000;

export const autoscalerController = (client: Client): Controller => {
  /** Once in a period, the first time at the end of one: neither a change nor its own writes are a reason to look sooner. */
  const looks = new Map<string, number>();
  return {
    resource: autoscalers,
    affected: () => [],
    sync: (scaler, again) => {
      const now = client.world.clock.now();
      const { uid } = scaler.metadata;
      const last = looks.get(uid);
      const wait = last === undefined ? periodMs : last + periodMs - now;
      if (last === undefined) looks.set(uid, now);
      again(wait > 0 ? wait : periodMs);
      if (wait > 0) return;
      looks.set(uid, now);
      scale(client, scaler);
    },
  };
};

interface Said {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

/** They change in place, unlike other conditions. */
const say = (client: Client, conditions: readonly JsonRecord[], type: string, said: Said): readonly JsonRecord[] => {
  const old = conditionOf(conditions, type);
  const lastTransitionTime = old !== undefined && old["status"] === said.status ? old["lastTransitionTime"] : client.world.timestamp();
  const next = { type, ...said, lastTransitionTime };
  return old === undefined ? [...conditions, next] : conditions.map((each) => (each === old ? next : each));
};

const scale = (client: Client, scaler: Stored): void => {
  const { apiVersion, kind, name } = recordOf(at(scaler, "spec", "scaleTargetRef"));
  const resource = findKind(client.world.resources(), textOf(apiVersion), textOf(kind));
  const target = resource === undefined ? undefined : client.find(resource, scaler.metadata.namespace, textOf(name));
  const old = recordOf(scaler["status"]);
  const kept = old["lastScaleTime"] === undefined ? {} : { lastScaleTime: old["lastScaleTime"] };
  if (target === undefined) {
    const why =
      resource === undefined
        ? `no matches for kind "${textOf(kind)}" in group "${textOf(apiVersion).split("/")[0] ?? ""}"`
        : `${qualified(resource)} "${textOf(name)}" not found`;
    client.tell(scaler, "Warning", "FailedGetScale", why);
    const message = `the HPA controller was unable to get the target's current scale: ${why}`;
    const conditions = say(client, conditionsOf(scaler), "AbleToScale", { status: "False", reason: "FailedGetScale", message });
    client.setStatus(scaler, { ...kept, currentMetrics: null, desiredReplicas: 0, conditions });
    return;
  }
  const replicas = replicasOf(target);
  const [least, most] = [numberOf(at(scaler, "spec", "minReplicas")) ?? 1, numberOf(at(scaler, "spec", "maxReplicas")) ?? 1];
  const conditions = say(client, conditionsOf(scaler), "AbleToScale", {
    status: "True",
    reason: "SucceededGetScale",
    message: "the HPA controller was able to get the target's current scale",
  });
  const write = (said: readonly JsonRecord[], desiredReplicas: number, currentMetrics: unknown, times: JsonRecord = kept): void =>
    void client.setStatus(scaler, { ...times, currentReplicas: replicas, desiredReplicas, currentMetrics, conditions: said });
  const inactive = (reason: string, message: string): readonly JsonRecord[] =>
    say(client, conditions, "ScalingActive", { status: "False", reason, message });

  if (replicas === 0 && least !== 0) {
    write(
      inactive("ScalingDisabled", "scaling is disabled since the replica count of the target is zero"),
      0,
      old["currentMetrics"] ?? null,
    );
  } else if (replicas > most || replicas < least) {
    const [desired, why] = replicas > most ? [most, "above Spec.MaxReplicas"] : [least, "below Spec.MinReplicas"];
    client.update(target, (stored) => withValue(stored, ["spec", "replicas"], desired), "scale");
    client.tell(scaler, "Normal", "SuccessfulRescale", `New size: ${desired}; reason: Current number of replicas ${why}`);
    const message = `the HPA controller was able to update the target scale to ${desired}`;
    const said = say(client, conditions, "AbleToScale", { status: "True", reason: "SucceededRescale", message });
    write(said, desired, old["currentMetrics"] ?? null, { lastScaleTime: client.world.timestamp() });
  } else {
    const metrics = listOf(at(scaler, "spec", "metrics"));
    const metric = textOf(at(metrics[0], "resource", "name"));
    const problem = `failed to get ${metric} utilization: unable to get metrics for resource ${metric}: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)`;
    client.tell(scaler, "Warning", "FailedGetResourceMetric", problem);
    const first = `invalid metrics (${metrics.length} invalid out of ${metrics.length}), first error is: failed to get ${metric} resource metric value: ${problem}`;
    client.tell(scaler, "Warning", "FailedComputeMetricsReplicas", first);
    const said = inactive("FailedGetResourceMetric", `the HPA was unable to compute the replica count: ${problem}`);
    write(said, numberOf(old["desiredReplicas"]) ?? 0, [{ type: "" }]);
  }
};
