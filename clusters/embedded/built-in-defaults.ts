// Defaults of the built-in kinds that depend on the rest of the object: pkg/apis/*/v1/defaults.go of Kubernetes, a function for each kind. Those
// that depend on nothing are in the schemas. Pure.
import { type JsonRecord, at, isRecord, listOf, recordOf, textOf } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";

/** With the defaults of its schema in place. */
export const builtInDefaults = (resource: Pick<Resource, "group" | "kind">, object: JsonRecord): JsonRecord =>
  table[`${resource.group}/${resource.kind}`]?.(object) ?? object;

type Fill = (object: JsonRecord) => JsonRecord;

const inside =
  (field: string, fill: Fill): Fill =>
  (object) => ({ ...object, [field]: fill(recordOf(object[field])) });

const each = (record: JsonRecord, field: string, fill: Fill): JsonRecord =>
  Array.isArray(record[field]) ? { [field]: listOf(record[field]).map((item) => fill(recordOf(item))) } : {};

const pullPolicyOf = (image: string): string => {
  const tail = image.slice(image.lastIndexOf("/") + 1);
  return image.includes("@") || (tail.includes(":") && !tail.endsWith(":latest")) ? "IfNotPresent" : "Always";
};

const container: Fill = (given) => ({ imagePullPolicy: pullPolicyOf(textOf(given["image"])), ...given });

/** In a pod, not in a template: a request that is not given is the limit. */
const podContainer: Fill = (given) => {
  const { limits, requests, ...rest } = recordOf(given["resources"]);
  const wanted = { ...recordOf(limits), ...recordOf(requests) };
  const resources = {
    ...rest,
    ...(limits === undefined ? {} : { limits }),
    ...(Object.keys(wanted).length === 0 ? {} : { requests: wanted }),
  };
  return { ...container(given), resources };
};

/** A volume without a source is an empty folder. */
const volume: Fill = (given) => (Object.keys(given).length === 1 ? { ...given, emptyDir: {} } : given);

const podSpec =
  (fill: Fill): Fill =>
  (spec) => {
    // Each is written under both of its names.
    const account = textOf(spec["serviceAccountName"]) || textOf(spec["serviceAccount"]);
    return {
      ...spec,
      ...each(spec, "containers", fill),
      ...each(spec, "initContainers", fill),
      ...each(spec, "volumes", volume),
      ...(account === "" ? {} : { serviceAccountName: account, serviceAccount: account }),
    };
  };

const templated = inside("spec", inside("template", inside("spec", podSpec(container))));

const tolerations = ["not-ready", "unreachable"].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: 300,
}));

const pod: Fill = (object) => {
  const spec = {
    preemptionPolicy: "PreemptLowerPriority",
    priority: 0,
    enableServiceLinks: true,
    serviceAccountName: "default",
    serviceAccount: "default",
    tolerations,
    ...podSpec(podContainer)(recordOf(object["spec"])),
  };
  return { ...object, spec, status: { phase: "Pending", qosClass: qualityOf(spec), ...recordOf(object["status"]) } };
};

/** component-helpers' qos: all containers bounded by what they ask for, none with a request or limit, or in between. */
const qualityOf = (spec: JsonRecord): string => {
  const all = listOf(spec["containers"]).map((item) => recordOf(at(item, "resources")));
  const isBounded = (resources: JsonRecord): boolean =>
    ["cpu", "memory"].every((name) => {
      const limit = at(resources, "limits", name);
      return limit !== undefined && limit === at(resources, "requests", name);
    });
  if (all.every(({ requests, limits }) => requests === undefined && limits === undefined)) return "BestEffort";
  return all.every(isBounded) ? "Guaranteed" : "Burstable";
};

const rollingUpdate: Fill = (strategy) =>
  strategy["type"] === "RollingUpdate"
    ? { ...strategy, rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%", ...recordOf(strategy["rollingUpdate"]) } }
    : strategy;

const jobSpec: Fill = (spec) => ({
  backoffLimit: 6,
  ...(spec["completions"] === undefined && spec["parallelism"] === undefined ? { completions: 1 } : {}),
  parallelism: 1,
  completionMode: "NonIndexed",
  suspend: false,
  manualSelector: false,
  podReplacementPolicy: "TerminatingOrFailed",
  ...spec,
});

/** A new job selects its pods by its own uid. */
const job: Fill = (object) => {
  const filled = templated(inside("spec", jobSpec)(object));
  const { uid, name } = recordOf(object["metadata"]);
  if (textOf(uid) === "" || at(filled, "spec", "manualSelector") === true || at(filled, "spec", "selector") !== undefined) return filled;
  const byUid = { "batch.kubernetes.io/controller-uid": uid };
  const labels = { ...byUid, "batch.kubernetes.io/job-name": name, "controller-uid": uid, "job-name": name };
  const withLabels = inside(
    "template",
    inside(
      "metadata",
      inside("labels", (own) => ({ ...own, ...labels })),
    ),
  );
  return inside("spec", (spec) => withLabels({ ...spec, selector: { matchLabels: byUid } }))(filled);
};

/** The address follows from the uid, so that the server keeps no table of addresses. */
const addressOf = (uid: string): string => `10.96.${Number.parseInt(uid.slice(0, 2), 16)}.${Number.parseInt(uid.slice(2, 4), 16)}`;

const service: Fill = (object) => {
  const uid = textOf(at(object, "metadata", "uid"));
  return inside("spec", (spec) => {
    const address = spec["clusterIP"] ?? (uid === "" ? undefined : addressOf(uid));
    return {
      ...spec,
      ...(address === undefined || spec["type"] === "ExternalName" ? {} : { clusterIP: address, clusterIPs: [address] }),
      ...each(spec, "ports", (port) => ({ targetPort: port["port"], ...port })),
    };
  })(object);
};

const secret: Fill = ({ stringData, ...object }) => {
  if (!isRecord(stringData)) return object;
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(textOf(value)).toString("base64")]);
  return { ...object, data: { ...recordOf(object["data"]), ...Object.fromEntries(encoded) } };
};

const subjects: Fill = (object) => ({
  ...object,
  ...each(object, "subjects", (subject) =>
    subject["kind"] === "User" || subject["kind"] === "Group" ? { apiGroup: "rbac.authorization.k8s.io", ...subject } : subject,
  ),
});

const names: Fill = (given) => {
  const kind = textOf(given["kind"]);
  return { listKind: `${kind}List`, singular: kind.toLowerCase(), ...given };
};

const table: Readonly<Record<string, Fill>> = {
  "/Pod": pod,
  "/Namespace": (object) =>
    inside(
      "metadata",
      inside("labels", (labels) => ({ ...labels, "kubernetes.io/metadata.name": at(object, "metadata", "name") })),
    )(object),
  "/Secret": secret,
  "/Service": service,
  "apps/Deployment": (object) => inside("spec", inside("strategy", rollingUpdate))(templated(object)),
  "apps/ReplicaSet": templated,
  "apps/StatefulSet": templated,
  "apps/DaemonSet": templated,
  "batch/Job": job,
  "batch/CronJob": inside("spec", inside("jobTemplate", templated)),
  "rbac.authorization.k8s.io/RoleBinding": subjects,
  "rbac.authorization.k8s.io/ClusterRoleBinding": subjects,
  "apiextensions.k8s.io/CustomResourceDefinition": inside("spec", inside("names", names)),
};
