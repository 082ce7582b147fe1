// The columns of everything that has to do with workloads, as pkg/printers/internalversion of Kubernetes prints them. Pure.
import { at, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import { podReady, podRestarts, podStatus } from "#embedded/pod-columns.ts";
import { type Column, age, column, count, name, shortDuration, text, wide } from "#embedded/printer-columns.ts";

type Cell = Column["cell"];

const none = "<none>";
const orNone = (value: string): string => (value === "" ? none : value);
const pairs = (value: unknown): string =>
  Object.entries(recordOf(value))
    .map(([key, item]) => `${key}=${textOf(item)}`)
    .toSorted()
    .join(",");

const selectorText = (selector: unknown): string => {
  const expressions = listOf(at(selector, "matchExpressions")).map((each) => {
    const values = listOf(at(each, "values")).map(textOf).join(",");
    const key = textOf(at(each, "key"));
    const operator = textOf(at(each, "operator"));
    return operator === "Exists" ? key : operator === "DoesNotExist" ? `!${key}` : `${key} ${operator.toLowerCase()} (${values})`;
  });
  return orNone([pairs(at(selector, "matchLabels")), ...expressions].filter((part) => part !== "").join(","));
};

const containersAt = (...path: readonly string[]): readonly Column[] => {
  const all =
    (field: string): Cell =>
    (object) =>
      listOf(at(object, ...path, "containers"))
        .map((container) => textOf(at(container, field)))
        .join(",");
  return wide(column("Containers", all("name")), column("Images", all("image")));
};
const selectorColumn = wide(column("Selector", (object) => selectorText(at(object, "spec", "selector"))));
const template = ["spec", "template", "spec"];

const ofMany =
  (...path: readonly string[]): Cell =>
  (object, nowMs) =>
    `${String(count(...path)(object, nowMs))}/${String(count("spec", "replicas")(object, nowMs))}`;

const since =
  (...path: readonly string[]): Cell =>
  (object, nowMs) =>
    at(object, ...path) === undefined ? none : shortDuration(nowMs - Date.parse(textOf(at(object, ...path))));

const jobStatus: Cell = (job) => {
  const conditions = listOf(at(job, "status", "conditions"));
  const has = (type: string): boolean => conditions.some((item) => at(item, "type") === type && at(item, "status") === "True");
  if (has("Complete")) return "Complete";
  if (has("Failed")) return "Failed";
  if (job.metadata.deletionTimestamp !== undefined) return "Terminating";
  if (has("Suspended")) return "Suspended";
  if (has("FailureTarget")) return "FailureTarget";
  return has("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
};

const completions: Cell = (job) => {
  const succeeded = numberOf(at(job, "status", "succeeded")) ?? 0;
  const wanted = numberOf(at(job, "spec", "completions"));
  const parallelism = numberOf(at(job, "spec", "parallelism")) ?? 1;
  return wanted === undefined ? `${succeeded}/1${parallelism > 1 ? ` of ${parallelism}` : ""}` : `${succeeded}/${wanted}`;
};

const duration: Cell = (job, nowMs) => {
  const start = textOf(at(job, "status", "startTime"));
  const end = textOf(at(job, "status", "completionTime"));
  if (start === "") return "";
  return shortDuration((end === "" ? nowMs : Date.parse(end)) - Date.parse(start));
};

const accessModes: Cell = (object) => {
  const short: Readonly<Record<string, string>> = {
    ReadWriteOnce: "RWO",
    ReadOnlyMany: "ROX",
    ReadWriteMany: "RWX",
    ReadWriteOncePod: "RWOP",
  };
  const modes = at(object, object.kind === "PersistentVolume" ? "spec" : "status", "accessModes");
  return listOf(modes)
    .map((mode) => short[textOf(mode)] ?? textOf(mode))
    .join(",");
};

const quota =
  (fits: (key: string) => boolean): Cell =>
  (object) =>
    Object.entries(recordOf(at(object, "status", "hard")))
      .filter(([key]) => fits(key))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, hard]) => `${key}: ${textOf(at(object, "status", "used", key))}/${textOf(hard)}`)
      .join(", ");

const targets: Cell = (scaler) =>
  listOf(at(scaler, "spec", "metrics"))
    .map((metric, index) => {
      const key = textOf(at(metric, "resource", "name"));
      const current = at(scaler, "status", "currentMetrics", index, "resource", "current");
      const wanted = numberOf(at(metric, "resource", "target", "averageUtilization"));
      if (wanted === undefined)
        return `${key}: ${textOf(at(current, "averageValue")) || "<unknown>"}/${textOf(at(metric, "resource", "target", "averageValue"))}`;
      const used = numberOf(at(current, "averageUtilization"));
      return `${key}: ${used === undefined ? "<unknown>" : `${used}%`}/${wanted}%`;
    })
    .join(", ");

/** At most three, and how many more. */
const few = (texts: readonly string[]): string =>
  texts.length === 0 ? none : `${texts.slice(0, 3).join(",")}${texts.length > 3 ? ` + ${texts.length - 3} more...` : ""}`;

const endpoints: Cell = (object) =>
  few(
    listOf(object["subsets"]).flatMap((subset) =>
      listOf(at(subset, "addresses")).flatMap((address) =>
        listOf(at(subset, "ports")).map((port) => `${textOf(at(address, "ip"))}:${String(numberOf(at(port, "port")))}`),
      ),
    ),
  );

const unset = (text_: string): string => (text_ === "" ? "<unset>" : text_);
const shareOr =
  (field: string): Cell =>
  (object) => {
    const value = at(object, "spec", field);
    return value === undefined ? "N/A" : String(value as string | number);
  };

export const workloadColumns: Readonly<Record<string, readonly Column[]>> = {
  "/Pod": [
    name,
    column("Ready", podReady),
    column("Status", podStatus),
    column("Restarts", (pod, nowMs) => podRestarts(pod, (ms) => shortDuration(nowMs - ms))),
    age,
    ...wide(
      column("IP", (pod) => orNone(textOf(at(pod, "status", "podIP")))),
      column("Node", (pod) => orNone(textOf(at(pod, "spec", "nodeName")))),
      column("Nominated Node", (pod) => orNone(textOf(at(pod, "status", "nominatedNodeName")))),
      column("Readiness Gates", () => none),
    ),
  ],
  "/Service": [
    name,
    column("Type", text("spec", "type")),
    column("Cluster-IP", (object) => orNone(textOf(at(object, "spec", "clusterIP")))),
    column("External-IP", (object) => orNone(textOf(at(object, "spec", "externalName")))),
    column("Port(s)", (object) =>
      orNone(
        listOf(at(object, "spec", "ports"))
          .map((port) => {
            const nodePort = numberOf(at(port, "nodePort"));
            return `${String(at(port, "port"))}${nodePort === undefined ? "" : `:${nodePort}`}/${textOf(at(port, "protocol"))}`;
          })
          .join(","),
      ),
    ),
    age,
    ...wide(column("Selector", (object) => orNone(pairs(at(object, "spec", "selector"))))),
  ],
  "/Node": [
    name,
    column("Status", (object) => {
      const ready = listOf(at(object, "status", "conditions")).find((item) => at(item, "type") === "Ready");
      const word = ready === undefined ? "Unknown" : at(ready, "status") === "True" ? "Ready" : "NotReady";
      return at(object, "spec", "unschedulable") === true ? `${word},SchedulingDisabled` : word;
    }),
    column("Roles", () => none),
    age,
    column("Version", text("status", "nodeInfo", "kubeletVersion")),
    ...wide(
      column("Internal-IP", (object) => {
        const found = listOf(at(object, "status", "addresses")).find((item) => at(item, "type") === "InternalIP");
        return orNone(textOf(at(found, "address")));
      }),
      column("External-IP", () => none),
      column("OS-Image", (object) => textOf(at(object, "status", "nodeInfo", "osImage")) || "<unknown>"),
      column("Kernel-Version", (object) => textOf(at(object, "status", "nodeInfo", "kernelVersion")) || "<unknown>"),
      column("Container-Runtime", (object) => textOf(at(object, "status", "nodeInfo", "containerRuntimeVersion")) || "<unknown>"),
    ),
  ],
  "/Endpoints": [name, column("Endpoints", endpoints), age],
  "/PersistentVolumeClaim": [
    name,
    column("Status", (claim) => (claim.metadata.deletionTimestamp === undefined ? textOf(at(claim, "status", "phase")) : "Terminating")),
    column("Volume", text("spec", "volumeName")),
    column("Capacity", text("status", "capacity", "storage")),
    column("Access Modes", accessModes),
    column("StorageClass", text("spec", "storageClassName")),
    column("VolumeAttributesClass", (claim) => unset(textOf(at(claim, "spec", "volumeAttributesClassName")))),
    age,
    ...wide(column("VolumeMode", text("spec", "volumeMode"))),
  ],
  "/PersistentVolume": [
    name,
    column("Capacity", text("spec", "capacity", "storage")),
    column("Access Modes", accessModes),
    column("Reclaim Policy", text("spec", "persistentVolumeReclaimPolicy")),
    column("Status", (volume) => (volume.metadata.deletionTimestamp === undefined ? textOf(at(volume, "status", "phase")) : "Terminating")),
    column("Claim", (volume) => {
      const claim = recordOf(at(volume, "spec", "claimRef"));
      return claim["name"] === undefined ? "" : `${textOf(claim["namespace"])}/${textOf(claim["name"])}`;
    }),
    column("StorageClass", text("spec", "storageClassName")),
    column("VolumeAttributesClass", (volume) => unset(textOf(at(volume, "spec", "volumeAttributesClassName")))),
    column("Reason", text("status", "reason")),
    age,
    ...wide(column("VolumeMode", text("spec", "volumeMode"))),
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
    column("Ready", ofMany("status", "readyReplicas")),
    column("Up-to-date", count("status", "updatedReplicas"), "string"),
    column("Available", count("status", "availableReplicas"), "string"),
    age,
    ...containersAt(...template),
    ...selectorColumn,
  ],
  "apps/ReplicaSet": [
    name,
    column("Desired", count("spec", "replicas"), "integer"),
    column("Current", count("status", "replicas"), "integer"),
    column("Ready", count("status", "readyReplicas"), "integer"),
    age,
    ...containersAt(...template),
    ...selectorColumn,
  ],
  "apps/StatefulSet": [name, column("Ready", ofMany("status", "readyReplicas")), age, ...containersAt(...template)],
  "apps/DaemonSet": [
    name,
    column("Desired", count("status", "desiredNumberScheduled"), "integer"),
    column("Current", count("status", "currentNumberScheduled"), "integer"),
    column("Ready", count("status", "numberReady"), "integer"),
    column("Up-to-date", count("status", "updatedNumberScheduled"), "integer"),
    column("Available", count("status", "numberAvailable"), "integer"),
    column("Node Selector", (object) => orNone(pairs(at(object, "spec", "template", "spec", "nodeSelector")))),
    age,
    ...containersAt(...template),
    ...selectorColumn,
  ],
  "apps/ControllerRevision": [
    name,
    column("Controller", (object) => {
      const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
      return owner === undefined ? none : `${owner.kind.toLowerCase()}.${owner.apiVersion.split("/")[0] ?? ""}/${owner.name}`;
    }),
    column("Revision", (object) => numberOf(object["revision"]) ?? 0, "integer"),
    age,
  ],
  "batch/Job": [
    name,
    column("Status", jobStatus),
    column("Completions", completions),
    column("Duration", duration),
    age,
    ...containersAt(...template),
    ...selectorColumn,
  ],
  "batch/CronJob": [
    name,
    column("Schedule", text("spec", "schedule")),
    column("Timezone", (object) => orNone(textOf(at(object, "spec", "timeZone")))),
    column("Suspend", (object) => (at(object, "spec", "suspend") === true ? "True" : "False")),
    column("Active", (object) => listOf(at(object, "status", "active")).length, "integer"),
    column("Last Schedule", since("status", "lastScheduleTime")),
    age,
    ...containersAt("spec", "jobTemplate", "spec", "template", "spec"),
    ...wide(column("Selector", (object) => selectorText(at(object, "spec", "jobTemplate", "spec", "selector")))),
  ],
  "autoscaling/HorizontalPodAutoscaler": [
    name,
    column(
      "Reference",
      (object) => `${textOf(at(object, "spec", "scaleTargetRef", "kind"))}/${textOf(at(object, "spec", "scaleTargetRef", "name"))}`,
    ),
    column("Targets", targets),
    column("MinPods", (object) => String(numberOf(at(object, "spec", "minReplicas")) ?? "<unset>")),
    column("MaxPods", count("spec", "maxReplicas"), "integer"),
    column("Replicas", count("status", "currentReplicas"), "integer"),
    age,
  ],
  "policy/PodDisruptionBudget": [
    name,
    column("Min Available", shareOr("minAvailable")),
    column("Max Unavailable", shareOr("maxUnavailable")),
    column("Allowed Disruptions", count("status", "disruptionsAllowed"), "integer"),
    age,
  ],
  "discovery.k8s.io/EndpointSlice": [
    name,
    column("AddressType", (object) => textOf(object["addressType"])),
    column("Ports", (object) => {
      const ports = listOf(object["ports"]).map((port) => String(numberOf(at(port, "port"))));
      return ports.length === 0 ? "<unset>" : few(ports);
    }),
    column("Endpoints", (object) => {
      const addresses = listOf(object["endpoints"]).flatMap((each) => listOf(at(each, "addresses")).map(textOf));
      return addresses.length === 0 ? "<unset>" : few(addresses);
    }),
    age,
  ],
  "storage.k8s.io/StorageClass": [
    column("Name", ({ metadata }) =>
      metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true" ? `${metadata.name} (default)` : metadata.name,
    ),
    column("Provisioner", (object) => textOf(object["provisioner"])),
    column("ReclaimPolicy", (object) => textOf(object["reclaimPolicy"])),
    column("VolumeBindingMode", (object) => textOf(object["volumeBindingMode"])),
    column("AllowVolumeExpansion", (object) => String(object["allowVolumeExpansion"] === true)),
    age,
  ],
};
