// The subresources that are other kinds than their object: scale, eviction, token, binding. From pkg/registry of Kubernetes.
import { toTimestamp } from "#lib/clock.ts";
import { admit } from "#embedded/admission.ts";
import { type Identities, issuer } from "#embedded/identity.ts";
import { type JsonRecord, type Stored, at, listOf, numberOf, recordOf, textOf, withValue } from "#embedded/json.ts";
import { deleteObject } from "#embedded/deletion.ts";
import { type Place, updateObject } from "#embedded/objects.ts";
import type { Resource } from "#embedded/resources.ts";
import { selectsPod } from "#embedded/disruption-budgets.ts";
import { type Status, badRequest, conflict, invalid, invalidValue, modified, notFound, tooManyRequests } from "#embedded/status.ts";
import type { ServerContext, Writer } from "#embedded/server-context.ts";

export const scaleOf = (object: Stored): JsonRecord => {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = numberOf(at(object, "spec", "replicas"));
  const selector = Object.entries(recordOf(at(object, "spec", "selector", "matchLabels"))).map(([key, value]) => `${key}=${textOf(value)}`);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === undefined || replicas === 0 ? {} : { replicas },
    status: {
      replicas: numberOf(at(object, "status", "replicas")) ?? 0,
      ...(selector.length === 0 ? {} : { selector: selector.toSorted().join(",") }),
    },
  };
};

export const writeScale = (
  server: ServerContext,
  resource: Resource,
  place: Place,
  change: (scale: JsonRecord) => unknown,
  writer: Writer,
): JsonRecord => {
  const { object } = updateObject(
    server,
    resource,
    place,
    {
      subresource: "scale",
      shownAs: scaleOf,
      change: (old) => {
        const wanted = recordOf(change(scaleOf(old)));
        const replicas = numberOf(at(wanted, "spec", "replicas")) ?? 0;
        if (replicas < 0)
          throw invalid({ group: "autoscaling", kind: "Scale" }, place.name, [
            invalidValue("spec.replicas", replicas, "must be greater than or equal to 0"),
          ]);
        const name = at(wanted, "metadata", "name");
        if (name !== undefined && name !== place.name)
          throw badRequest(`the name of the object (${textOf(name)}) does not match the name on the URL (${place.name})`);
        const version = textOf(at(wanted, "metadata", "resourceVersion"));
        if (version !== "" && version !== old.metadata.resourceVersion) throw conflict(resource, place.name, modified);
        return withValue(old, ["spec", "replicas"], replicas);
      },
    },
    writer,
  );
  return scaleOf(object);
};

const evicted: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };

/** A pod is deleted unless a budget that selects it has no disruption left. */
export const evict = (server: ServerContext, resource: Resource, place: Place, body: JsonRecord, writer: Writer): Status => {
  const pod = server.find(resource, place.namespace, place.name);
  if (pod === undefined) throw notFound(resource, place.name);
  const name = textOf(at(body, "metadata", "name"));
  if (name !== "" && name !== place.name) throw badRequest(`name in URL does not match name in Eviction object: ${name} != ${place.name}`);
  admit(server, { resource, subresource: "eviction", ...place, operation: "CREATE", object: body, oldObject: null, options: {} }, writer);
  const budgetsOf = { group: "policy", plural: "poddisruptionbudgets" };
  const isOver =
    ["Succeeded", "Failed", "Pending"].includes(textOf(at(pod, "status", "phase"))) || pod.metadata.deletionTimestamp !== undefined;
  const budgets = isOver ? [] : server.store.list(`${budgetsOf.group}/${budgetsOf.plural}`).filter((budget) => selectsPod(budget, pod));
  for (const budget of budgets) {
    const allowed = numberOf(at(budget, "status", "disruptionsAllowed")) ?? 0;
    if (allowed > 0) continue;
    const needed = numberOf(at(budget, "status", "desiredHealthy")) ?? 0;
    const healthy = numberOf(at(budget, "status", "currentHealthy")) ?? 0;
    throw tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", {
      causes: [
        {
          reason: "DisruptionBudget",
          message: `The disruption budget ${budget.metadata.name} needs ${needed} healthy pods and has ${healthy} currently`,
        },
      ],
    });
  }
  const options = recordOf(body["deleteOptions"]);
  for (const budget of budgets) if (!writer.dryRun) takeDisruption(server, budget, place.name);
  if (!writer.dryRun) markDisrupted(server, pod);
  deleteObject(server, resource, place, { ...options, isAdmitted: true }, writer);
  return evicted;
};

/** The pod with this condition, which goes to the end. */
const withCondition = (pod: Stored, condition: JsonRecord): Stored => {
  const { generation } = pod.metadata;
  const others = listOf(at(pod, "status", "conditions")).filter((each) => at(each, "type") !== condition["type"]);
  const counted = { ...condition, status: "True", ...(generation === undefined ? {} : { observedGeneration: generation }) };
  return withValue(pod, ["status", "conditions"], [...others, counted]) as unknown as Stored;
};

/** So that the status says why the pod went. */
const markDisrupted = (server: ServerContext, pod: Stored): void => {
  const condition = {
    type: "DisruptionTarget",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime: server.timestamp(),
  };
  server.store.put("/pods", withCondition(pod, condition));
};

/** At once, so that two evictions never share the last one; the count is checked against the pods a moment later. */
const takeDisruption = (server: ServerContext, budget: Stored, pod: string): void => {
  const status = recordOf(budget["status"]);
  const left = (numberOf(status["disruptionsAllowed"]) ?? 0) - 1;
  const disruptedPods = { ...recordOf(status["disruptedPods"]), [pod]: server.timestamp() };
  server.store.put("policy/poddisruptionbudgets", { ...budget, status: { ...status, disruptionsAllowed: left, disruptedPods } });
};

/** The decision of the scheduler. */
export const bind = (server: ServerContext, pod: Stored, node: string): void => {
  const scheduled = withCondition(pod, { type: "PodScheduled", lastTransitionTime: server.timestamp() });
  server.store.put("/pods", withValue(scheduled, ["spec", "nodeName"], node) as unknown as Stored);
};

export const requestToken = (
  server: ServerContext,
  identities: Identities,
  resource: Resource,
  place: Place,
  body: JsonRecord,
  writer: Writer,
): JsonRecord => {
  const account = server.find(resource, place.namespace, place.name);
  if (account === undefined) throw notFound(resource, place.name);
  admit(server, { resource, subresource: "token", ...place, operation: "CREATE", object: body, oldObject: null, options: {} }, writer);
  const spec = recordOf(body["spec"]);
  const audiences = listOf(spec["audiences"]).map(textOf);
  const seconds = numberOf(spec["expirationSeconds"]) ?? 3600;
  const type = { group: "authentication.k8s.io", kind: "TokenRequest" };
  if (seconds < 600)
    throw invalid(type, "", [invalidValue("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")]);
  const reference = recordOf(spec["boundObjectRef"]);
  const pod =
    reference["kind"] === "Pod" ? server.find({ group: "", plural: "pods" }, place.namespace, textOf(reference["name"])) : undefined;
  if (reference["kind"] === "Pod" && pod === undefined) throw notFound({ group: "", plural: "pods" }, textOf(reference["name"]));
  const { token, expiresAtMs } = identities.issue({
    namespace: place.namespace ?? "",
    account: place.name,
    accountUid: account.metadata.uid,
    audiences: audiences.length === 0 ? [issuer] : audiences,
    seconds,
    ...(pod === undefined ? {} : { pod: { name: pod.metadata.name, uid: pod.metadata.uid } }),
  });
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name: place.name, namespace: place.namespace, creationTimestamp: server.timestamp() },
    spec: {
      ...spec,
      audiences: audiences.length === 0 ? [issuer] : audiences,
      expirationSeconds: seconds,
      boundObjectRef: spec["boundObjectRef"] ?? null,
    },
    status: { token, expirationTimestamp: toTimestamp(expiresAtMs) },
  };
};
