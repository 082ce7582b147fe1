// What `kubectl get` prints of each built-in kind, as pkg/printers/internalversion of Kubernetes has it: one table of headings and where their
// cells come from. Pure.
import { conditionOf, conditionsOf, isTrue } from "#embedded/conditions.ts";
import { type Stored, at, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import { podReady, podRestarts, podStatus } from "#embedded/pod-columns.ts";
import { type Cell, type Column, age, column, count, name, shortDuration, text, wide } from "#embedded/printer-columns.ts";

const none = "<none>";
const orNone = (value: string): string => (value === "" ? none : value);
const pairs = (value: unknown): string =>
  Object.entries(recordOf(value))
    .map(([key, item]) => `${key}=${textOf(item)}`)
    .toSorted()
    .join(",");

/** Of every item of a list, one field. */
const fieldsOf = (list: unknown, field: string): string =>
  listOf(list)
    .map((item) => String((at(item, field) ?? "") as string | number))
    .join(",");

/** What runs in the pods, wide. */
const podsAt = (spec: string): readonly Column[] => {
  const containers = (object: Stored): unknown => at(object, ...spec.split("."), "template", "spec", "containers");
  const selector: Cell = (object) => orNone(pairs(at(object, ...spec.split("."), "selector", "matchLabels")));
  return wide(
    column("Containers", (object) => fieldsOf(containers(object), "name")),
    column("Images", (object) => fieldsOf(containers(object), "image")),
    column("Selector", selector),
  );
};
const pods = podsAt("spec");

const ready = column(
  "Ready",
  (object) => `${numberOf(at(object, "status", "readyReplicas")) ?? 0}/${String(at(object, "spec", "replicas"))}`,
);
const phase = column("Status", (object) =>
  object.metadata.deletionTimestamp === undefined ? textOf(at(object, "status", "phase")) : "Terminating",
);
const volumeClass = [
  text("StorageClass", "spec.storageClassName"),
  column("VolumeAttributesClass", (object) => textOf(at(object, "spec", "volumeAttributesClassName")) || "<unset>"),
];
const volumeMode = wide(text("VolumeMode", "spec.volumeMode"));

const jobWords = ["Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"];
const jobStatus: Cell = (job) => jobWords.find((word) => isTrue(job, word)) ?? "Running";

const jobDuration: Cell = (job, nowMs) => {
  const [start, end] = [textOf(at(job, "status", "startTime")), textOf(at(job, "status", "completionTime"))];
  return start === "" ? "" : shortDuration((end === "" ? nowMs : Date.parse(end)) - Date.parse(start));
};

const quota = (isWanted: (key: string) => boolean): Cell => {
  const shown = (object: Stored, key: string): string =>
    `${key}: ${textOf(at(object, "status", "used", key))}/${textOf(at(object, "status", "hard", key))}`;
  return (object) =>
    Object.keys(recordOf(at(object, "status", "hard")))
      .filter(isWanted)
      .toSorted()
      .map((key) => shown(object, key))
      .join(", ");
};

const nodeStatus: Cell = (node) => {
  const word = conditionOf(conditionsOf(node), "Ready") === undefined ? "Unknown" : isTrue(node, "Ready") ? "Ready" : "NotReady";
  return at(node, "spec", "unschedulable") === true ? `${word},SchedulingDisabled` : word;
};

const info = (heading: string, field: string): Column =>
  column(heading, (node) => textOf(at(node, "status", "nodeInfo", field)) || "<unknown>");

const port = (value: unknown): string => {
  const nodePort = numberOf(at(value, "nodePort"));
  return `${String(at(value, "port"))}${nodePort === undefined ? "" : `:${nodePort}`}/${textOf(at(value, "protocol"))}`;
};

const either = (heading: string, field: string): Column =>
  column(heading, (budget) => String((at(budget, "spec", field) ?? "N/A") as string | number));

const addressesOf = (subset: unknown): string[] =>
  listOf(at(subset, "addresses")).flatMap((address) =>
    listOf(at(subset, "ports")).map((each) => `${textOf(at(address, "ip"))}:${String(at(each, "port"))}`),
  );

/** Without a metrics server the use is never known. */
const targetOf = (metric: unknown): string =>
  `${textOf(at(metric, "resource", "name"))}: <unknown>/${String(at(metric, "resource", "target", "averageUtilization"))}%`;

export const columnsByKind: Readonly<Record<string, readonly Column[]>> = {
  "/Pod": [
    name,
    column("Ready", podReady),
    column("Status", podStatus),
    column("Restarts", (pod, nowMs) => podRestarts(pod, (ms) => shortDuration(nowMs - ms))),
    age,
    ...wide(text("IP", "status.podIP", none), text("Node", "spec.nodeName", none)),
    ...wide(
      text("Nominated Node", "status.nominatedNodeName", none),
      column("Readiness Gates", () => none),
    ),
  ],
  "/Service": [
    name,
    text("Type", "spec.type"),
    text("Cluster-IP", "spec.clusterIP", none),
    text("External-IP", "spec.externalName", none),
    column("Port(s)", (service) =>
      orNone(
        listOf(at(service, "spec", "ports"))
          .map(port)
          .join(","),
      ),
    ),
    age,
    ...wide(column("Selector", (service) => orNone(pairs(at(service, "spec", "selector"))))),
  ],
  "/Node": [
    name,
    column("Status", nodeStatus),
    column("Roles", () => none),
    age,
    text("Version", "status.nodeInfo.kubeletVersion"),
    ...wide(
      column("Internal-IP", (node) =>
        textOf(
          at(
            listOf(at(node, "status", "addresses")).find((item) => at(item, "type") === "InternalIP"),
            "address",
          ),
        ),
      ),
      column("External-IP", () => none),
      info("OS-Image", "osImage"),
      info("Kernel-Version", "kernelVersion"),
      info("Container-Runtime", "containerRuntimeVersion"),
    ),
  ],
  "/ConfigMap": [
    name,
    column("Data", (map) => Object.keys({ ...recordOf(map["data"]), ...recordOf(map["binaryData"]) }).length, "integer"),
    age,
  ],
  "/Secret": [name, text("Type", "type"), column("Data", (secret) => Object.keys(recordOf(secret["data"])).length, "integer"), age],
  "/Namespace": [name, text("Status", "status.phase"), age],
  "/ServiceAccount": [name, column("Secrets", (account) => listOf(account["secrets"]).length, "integer"), age],
  "/Event": [
    column("Last Seen", (event, nowMs) =>
      shortDuration(nowMs - Date.parse(textOf(event["lastTimestamp"]) || textOf(event["eventTime"]) || event.metadata.creationTimestamp)),
    ),
    text("Type", "type"),
    text("Reason", "reason"),
    column("Object", ({ involvedObject: about }) => `${textOf(at(about, "kind")).toLowerCase()}/${textOf(at(about, "name"))}`),
    text("Message", "message"),
  ],
  "/Endpoints": [name, column("Endpoints", ({ subsets }) => orNone(listOf(subsets).flatMap(addressesOf).join(","))), age],
  "/PersistentVolumeClaim": [
    name,
    phase,
    text("Volume", "spec.volumeName"),
    text("Capacity", "status.capacity.storage"),
    column("Access Modes", (claim) => listOf(at(claim, "status", "accessModes")).join(",")),
    ...volumeClass,
    age,
    ...volumeMode,
  ],
  "/PersistentVolume": [
    name,
    text("Capacity", "spec.capacity.storage"),
    column("Access Modes", (volume) => listOf(at(volume, "spec", "accessModes")).join(",")),
    text("Reclaim Policy", "spec.persistentVolumeReclaimPolicy"),
    phase,
    column("Claim", ({ spec }) => ["namespace", "name"].flatMap((field) => textOf(at(spec, "claimRef", field)) || []).join("/")),
    ...volumeClass,
    text("Reason", "status.reason"),
    age,
    ...volumeMode,
  ],
  "/ResourceQuota": [
    name,
    column(
      "Request",
      quota((key) => !key.startsWith("limits.")),
    ),
    column(
      "Limit",
      quota((key) => key.startsWith("limits.")),
    ),
    age,
  ],
  "apps/Deployment": [
    name,
    ready,
    count("Up-to-date", "status.updatedReplicas", "string"),
    count("Available", "status.availableReplicas", "string"),
    age,
    ...pods,
  ],
  "apps/ReplicaSet": [
    name,
    count("Desired", "spec.replicas"),
    count("Current", "status.replicas"),
    count("Ready", "status.readyReplicas"),
    age,
    ...pods,
  ],
  "apps/StatefulSet": [name, ready, age, ...pods.slice(0, 2)],
  "apps/DaemonSet": [
    name,
    count("Desired", "status.desiredNumberScheduled"),
    count("Current", "status.currentNumberScheduled"),
    count("Ready", "status.numberReady"),
    count("Up-to-date", "status.updatedNumberScheduled"),
    count("Available", "status.numberAvailable"),
    column("Node Selector", (set) => orNone(pairs(at(set, "spec", "template", "spec", "nodeSelector")))),
    age,
    ...pods,
  ],
  "apps/ControllerRevision": [
    name,
    column(
      "Controller",
      ({ metadata }) => metadata.ownerReferences?.map((owner) => `${owner.kind.toLowerCase()}.apps/${owner.name}`)[0] ?? none,
    ),
    count("Revision", "revision"),
    age,
  ],
  "batch/Job": [
    name,
    column("Status", jobStatus),
    column("Completions", (job) => `${numberOf(at(job, "status", "succeeded")) ?? 0}/${numberOf(at(job, "spec", "completions")) ?? 1}`),
    column("Duration", jobDuration),
    age,
    ...pods,
  ],
  "batch/CronJob": [
    name,
    text("Schedule", "spec.schedule"),
    text("Timezone", "spec.timeZone", none),
    column("Suspend", (cron) => (at(cron, "spec", "suspend") === true ? "True" : "False")),
    column("Active", (cron) => listOf(at(cron, "status", "active")).length, "integer"),
    column("Last Schedule", (cron, nowMs) => {
      const last = textOf(at(cron, "status", "lastScheduleTime"));
      return last === "" ? none : shortDuration(nowMs - Date.parse(last));
    }),
    age,
    ...podsAt("spec.jobTemplate.spec"),
  ],
  "autoscaling/HorizontalPodAutoscaler": [
    name,
    column("Reference", ({ spec }) => `${textOf(at(spec, "scaleTargetRef", "kind"))}/${textOf(at(spec, "scaleTargetRef", "name"))}`),
    column("Targets", ({ spec }) => listOf(at(spec, "metrics")).map(targetOf).join(", ")),
    count("MinPods", "spec.minReplicas", "string"),
    count("MaxPods", "spec.maxReplicas"),
    count("Replicas", "status.currentReplicas"),
    age,
  ],
  "policy/PodDisruptionBudget": [
    name,
    either("Min Available", "minAvailable"),
    either("Max Unavailable", "maxUnavailable"),
    count("Allowed Disruptions", "status.disruptionsAllowed"),
    age,
  ],
  "discovery.k8s.io/EndpointSlice": [
    name,
    text("AddressType", "addressType"),
    column("Ports", ({ ports }) => fieldsOf(ports, "port") || "<unset>"),
    column("Endpoints", ({ endpoints }) => fieldsOf(endpoints, "addresses") || "<unset>"),
    age,
  ],
  "storage.k8s.io/StorageClass": [
    name,
    text("Provisioner", "provisioner"),
    text("ReclaimPolicy", "reclaimPolicy"),
    text("VolumeBindingMode", "volumeBindingMode"),
    column("AllowVolumeExpansion", (object) => String(object["allowVolumeExpansion"] === true)),
    age,
  ],
  "coordination.k8s.io/Lease": [name, text("Holder", "spec.holderIdentity"), age],
};
