// HorizontalPodAutoscalers: how many replicas their metrics ask for, within their bounds and not too fast; pkg/controller/podautoscaler. Knows
// the resource metrics cpu and memory; of behaviour, the default one.
import { type Measure, measured } from "#embedded/controllers/autoscaler-measure.ts";
import { conditionOf, conditionsOf } from "#embedded/controllers/conditions.ts";
import { type Client, type Controller, builtIn, podsOf } from "#embedded/controllers/controller.ts";
import { selects } from "#embedded/controllers/ownership.ts";
import { replicasOf } from "#embedded/controllers/replica-set.ts";
import { type JsonRecord, type Stored, at, listOf, numberOf, recordOf, textOf, withValue } from "#embedded/json.ts";
import { findKind } from "#embedded/resources.ts";
import { qualified } from "#embedded/status.ts";

const autoscalers = builtIn("autoscaling/v2", "HorizontalPodAutoscaler");

const periodMs = 15_000;
const stabilizationMs = 300_000;

interface Recommendation {
  readonly atMs: number;
  readonly replicas: number;
}

export const autoscalerController = (client: Client, measure: Measure): Controller => {
  const history = new Map<string, Recommendation[]>();
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
      const recent = (history.get(uid) ?? []).filter(({ atMs }) => atMs > now - stabilizationMs);
      history.set(uid, recent);
      scale(client, scaler, measure, recent);
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

const scale = (client: Client, scaler: Stored, measure: Measure, recent: Recommendation[]): void => {
  const now = client.world.clock.now();
  const { apiVersion, kind, name } = recordOf(at(scaler, "spec", "scaleTargetRef"));
  const resource = findKind(client.world.resources(), textOf(apiVersion), textOf(kind));
  const target = resource === undefined ? undefined : client.find(resource, scaler.metadata.namespace, textOf(name));
  let conditions = conditionsOf(scaler);
  const old = recordOf(scaler["status"]);
  const kept = old["lastScaleTime"] === undefined ? {} : { lastScaleTime: old["lastScaleTime"] };
  if (resource === undefined || target === undefined) {
    const why =
      resource === undefined
        ? `no matches for kind "${textOf(kind)}" in group "${textOf(apiVersion).split("/")[0] ?? ""}"`
        : `${qualified(resource)} "${textOf(name)}" not found`;
    client.tell(scaler, "Warning", "FailedGetScale", why);
    const message = `the HPA controller was unable to get the target's current scale: ${why}`;
    conditions = say(client, conditions, "AbleToScale", { status: "False", reason: "FailedGetScale", message });
    client.setStatus(scaler, { ...kept, currentMetrics: null, desiredReplicas: 0, conditions });
    return;
  }
  const replicas = replicasOf(target);
  const [least, most] = [numberOf(at(scaler, "spec", "minReplicas")) ?? 1, numberOf(at(scaler, "spec", "maxReplicas")) ?? 1];
  conditions = say(client, conditions, "AbleToScale", {
    status: "True",
    reason: "SucceededGetScale",
    message: "the HPA controller was able to get the target's current scale",
  });
  const write = (desired: number, currentMetrics: unknown, times: JsonRecord = kept): void =>
    void client.setStatus(scaler, { ...times, currentReplicas: replicas, desiredReplicas: desired, currentMetrics, conditions });

  if (replicas === 0 && least !== 0) {
    const message = "scaling is disabled since the replica count of the target is zero";
    conditions = say(client, conditions, "ScalingActive", { status: "False", reason: "ScalingDisabled", message });
    write(0, old["currentMetrics"] ?? null);
    return;
  }
  let desired = replicas;
  let why = "";
  let current: unknown = old["currentMetrics"] ?? null;
  if (replicas > most) [desired, why] = [most, "Current number of replicas above Spec.MaxReplicas"];
  else if (replicas < least) [desired, why] = [least, "Current number of replicas below Spec.MinReplicas"];
  else {
    const pods = client.list(podsOf, scaler.metadata.namespace).filter((pod) => selects(target, pod.metadata.labels));
    const results = listOf(at(scaler, "spec", "metrics")).map((metric) => measured(recordOf(metric), pods, replicas, measure));
    const best = results.flatMap((result) => ("replicas" in result ? [result] : [])).toSorted((a, b) => b.replicas - a.replicas)[0];
    const failure = results.flatMap((result) => ("problem" in result ? [result] : []))[0];
    if (best === undefined || (failure !== undefined && best.replicas < replicas)) {
      const { reason = "", problem = "" } = failure ?? {};
      client.tell(scaler, "Warning", reason, problem);
      const count = results.filter((result) => "problem" in result).length;
      const metric = textOf(at(scaler, "spec", "metrics", 0, "resource", "name"));
      const first = `invalid metrics (${count} invalid out of ${results.length}), first error is: failed to get ${metric} resource metric value: ${problem}`;
      client.tell(scaler, "Warning", "FailedComputeMetricsReplicas", first);
      conditions = say(client, conditions, "ScalingActive", {
        status: "False",
        reason,
        message: `the HPA was unable to compute the replica count: ${problem}`,
      });
      write(numberOf(old["desiredReplicas"]) ?? 0, [{ type: "" }]);
      return;
    }
    current = results.map((result) => ("current" in result ? result.current : { type: "" }));
    conditions = say(client, conditions, "ScalingActive", {
      status: "True",
      reason: "ValidMetricFound",
      message: `the HPA was able to successfully calculate a replica count from ${best.source}`,
    });
    recent.push({ atMs: now, replicas: best.replicas });
    const highest = Math.max(...recent.map((each) => each.replicas));
    const isHeld = best.replicas < replicas && highest > best.replicas;
    // Down only as far as the highest wish of the last minutes.
    desired = best.replicas < replicas ? Math.min(replicas, highest) : best.replicas;
    conditions = say(client, conditions, "AbleToScale", {
      status: "True",
      ...(isHeld
        ? {
            reason: "ScaleDownStabilized",
            message: "recent recommendations were higher than current one, applying the highest recent recommendation",
          }
        : { reason: "ReadyForNewScale", message: "recommended size matches current size" }),
    });
    const fastest = Math.max(2 * replicas, replicas + 4);
    const [bounded, limit] = bound(desired, least, most, fastest);
    conditions = say(client, conditions, "ScalingLimited", limit);
    desired = bounded;
    why = desired > replicas ? `${best.source} above target` : "All metrics below target";
  }
  if (desired === replicas) {
    write(desired, current);
    return;
  }
  client.update(target, (stored) => withValue(stored, ["spec", "replicas"], desired), "scale");
  client.tell(scaler, "Normal", "SuccessfulRescale", `New size: ${desired}; reason: ${why}`);
  conditions = say(client, conditions, "AbleToScale", {
    status: "True",
    reason: "SucceededRescale",
    message: `the HPA controller was able to update the target scale to ${desired}`,
  });
  write(desired, current, { lastScaleTime: client.world.timestamp() });
};

const bound = (desired: number, least: number, most: number, fastest: number): readonly [number, Said] => {
  const limited = (replicas: number, reason: string, message: string): readonly [number, Said] => [
    replicas,
    { status: "True", reason, message },
  ];
  if (desired > Math.min(fastest, most))
    return fastest < most
      ? limited(fastest, "ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
      : limited(most, "TooManyReplicas", "the desired replica count is more than the maximum replica count");
  if (desired < least) return limited(least, "TooFewReplicas", "the desired replica count is less than the minimum replica count");
  return [desired, { status: "False", reason: "DesiredWithinRange", message: "the desired count is within the acceptable range" }];
};
