// What the server fills in for the built-in kinds that Kintsugi meets: pkg/apis/*/v1/defaults.go of Kubernetes, as far as the contract shows it. Pure.
import { canonicalQuantity } from "#lib/quantity.ts";
import { type JsonRecord, at, isRecord, listOf, recordOf, textOf, withoutNulls } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";

export const builtInDefaults = (resource: Pick<Resource, "group" | "kind">, object: JsonRecord): JsonRecord => {
  const key = `${resource.group}/${resource.kind}`;
  const clean = recordOf(withoutNulls(object));
  const plain = specDefaults[key];
  const filled = plain === undefined ? clean : { ...clean, spec: { ...plain, ...recordOf(clean["spec"]) } };
  return table[key]?.(filled) ?? filled;
};

/** Those that do not depend on anything else. */
const specDefaults: Readonly<Record<string, JsonRecord>> = {
  "/PersistentVolumeClaim": { volumeMode: "Filesystem" },
  "/PersistentVolume": { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" },
  "apps/Deployment": { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 },
  "apps/ReplicaSet": { replicas: 1 },
  "apps/StatefulSet": {
    replicas: 1,
    podManagementPolicy: "OrderedReady",
    revisionHistoryLimit: 10,
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
  },
  "apps/DaemonSet": {
    revisionHistoryLimit: 10,
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
  },
  "batch/CronJob": { concurrencyPolicy: "Allow", suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
  "autoscaling/HorizontalPodAutoscaler": {
    minReplicas: 1,
    metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } }],
  },
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": { failurePolicy: "Fail" },
  "apiextensions.k8s.io/CustomResourceDefinition": { conversion: { strategy: "None" } },
};

type Fill = (object: JsonRecord) => JsonRecord;

const withDefaults = (record: unknown, defaults: JsonRecord): JsonRecord => ({ ...defaults, ...recordOf(record) });

const inSpec =
  (fill: Fill): Fill =>
  (object) => ({ ...object, spec: fill(recordOf(object["spec"])) });

/** A list of Go that is not left out when it is empty: it was read from storage, which does not tell an empty one from none. */
const orNull = (list: unknown): unknown => (listOf(list).length === 0 ? null : list);

const quantities = (value: unknown): unknown =>
  isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, canonicalQuantity(String(item as string | number)) ?? item]))
    : value;

const pullPolicyOf = (image: string): string => {
  const tail = image.slice(image.lastIndexOf("/") + 1);
  return image.includes("@") || (tail.includes(":") && !tail.endsWith(":latest")) ? "IfNotPresent" : "Always";
};

const probeDefaults = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
const probe = (value: unknown): JsonRecord => {
  const filled: Record<string, unknown> = withDefaults(value, probeDefaults);
  if (isRecord(filled["httpGet"])) filled["httpGet"] = withDefaults(filled["httpGet"], { path: "/", scheme: "HTTP" });
  return filled;
};

const resourcesOf = (value: unknown): JsonRecord => {
  const resources = recordOf(value);
  const limits = quantities(resources["limits"]);
  // A request that is not named is the limit.
  const requests = isRecord(limits) ? { ...limits, ...recordOf(quantities(resources["requests"])) } : quantities(resources["requests"]);
  return { ...resources, ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) };
};

const containerOf = (value: unknown, isPod: boolean): JsonRecord => {
  const container: Record<string, unknown> = withDefaults(value, {
    imagePullPolicy: pullPolicyOf(textOf(at(value, "image"))),
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  });
  // Requests follow limits in a pod, not in a template: the pod's own defaulting does it.
  container["resources"] = isPod ? resourcesOf(container["resources"]) : templateResources(container["resources"]);
  if (Array.isArray(container["ports"]))
    container["ports"] = listOf(container["ports"]).map((port) => withDefaults(port, { protocol: "TCP" }));
  if (Array.isArray(container["env"])) container["env"] = listOf(container["env"]).map(envOf);
  for (const kind of ["livenessProbe", "readinessProbe", "startupProbe"])
    if (isRecord(container[kind])) container[kind] = probe(container[kind]);
  return container;
};

const templateResources = (value: unknown): JsonRecord => {
  const resources = recordOf(value);
  return Object.fromEntries(Object.entries(resources).map(([key, item]) => [key, key === "claims" ? item : quantities(item)]));
};

const envOf = (value: unknown): JsonRecord => {
  const env = recordOf(value);
  if (!isRecord(at(env, "valueFrom", "fieldRef"))) return env["value"] === "" ? { name: env["name"] } : env;
  const valueFrom = recordOf(env["valueFrom"]);
  return { ...env, valueFrom: { ...valueFrom, fieldRef: withDefaults(valueFrom["fieldRef"], { apiVersion: "v1" }) } };
};

const volumeOf = (value: unknown): JsonRecord => {
  const volume: Record<string, unknown> = { ...recordOf(value) };
  for (const source of ["configMap", "secret", "projected", "downwardAPI"])
    if (isRecord(volume[source])) volume[source] = withDefaults(volume[source], { defaultMode: 420 });
  if (Object.keys(volume).length === 1) volume["emptyDir"] = {};
  return volume;
};

const podSpec = (value: unknown, isPod: boolean): JsonRecord => {
  const spec: Record<string, unknown> = withDefaults(value, {
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    terminationGracePeriodSeconds: 30,
    securityContext: {},
  });
  for (const kind of ["containers", "initContainers"])
    if (Array.isArray(spec[kind])) spec[kind] = listOf(spec[kind]).map((item) => containerOf(item, isPod));
  if (Array.isArray(spec["volumes"])) spec["volumes"] = listOf(spec["volumes"]).map(volumeOf);
  // Each is written under both of its names.
  const account = textOf(spec["serviceAccountName"]) || textOf(spec["serviceAccount"]);
  if (account !== "") Object.assign(spec, { serviceAccountName: account, serviceAccount: account });
  if (isPod) spec["enableServiceLinks"] ??= true;
  return spec;
};

const template = (value: unknown): JsonRecord => {
  const { metadata, spec, ...rest } = recordOf(value);
  return { ...rest, metadata: recordOf(metadata), spec: podSpec(spec, false) };
};
const templated = inSpec((spec) => ({ ...spec, template: template(spec["template"]) }));

/** A container's limit is the most it may have, its request what it may have, where neither is said. */
const limitItem = (value: unknown): JsonRecord => {
  const { max, min, default: limit, defaultRequest, ...rest } = recordOf(value);
  const given = { ...(max === undefined ? {} : { max: quantities(max) }), ...(min === undefined ? {} : { min: quantities(min) }) };
  const limits = { ...recordOf(quantities(max)), ...recordOf(quantities(limit)) };
  const requests = { ...recordOf(quantities(min)), ...limits, ...recordOf(quantities(defaultRequest)) };
  if (rest["type"] !== "Container") return recordOf(value);
  const filled = (field: string, amounts: JsonRecord): JsonRecord => (Object.keys(amounts).length === 0 ? {} : { [field]: amounts });
  return { ...rest, ...given, ...filled("default", limits), ...filled("defaultRequest", requests) };
};

const rolling = { maxSurge: "25%", maxUnavailable: "25%" };

const pod: Fill = (object) => {
  const spec = podSpec(object["spec"], true);
  return {
    ...object,
    spec: {
      preemptionPolicy: "PreemptLowerPriority",
      priority: 0,
      serviceAccountName: "default",
      serviceAccount: "default",
      tolerations: ["not-ready", "unreachable"].map((state) => ({
        key: `node.kubernetes.io/${state}`,
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: 300,
      })),
      ...spec,
    },
    status: object["status"] ?? { phase: "Pending", qosClass: qualityOf(spec) },
  };
};

/** component-helpers' qos: everything bounded by what it asks for, nothing said at all, or in between. */
const qualityOf = (spec: JsonRecord): string => {
  const all = listOf(spec["containers"]).map((container) => recordOf(at(container, "resources")));
  const says = (resources: JsonRecord): boolean =>
    ["requests", "limits"].some((field) => Object.keys(recordOf(resources[field])).length > 0);
  const isBounded = (resources: JsonRecord): boolean =>
    ["cpu", "memory"].every((name) => {
      const limit = at(resources, "limits", name);
      return limit !== undefined && limit === at(resources, "requests", name);
    });
  if (!all.some(says)) return "BestEffort";
  return all.every(isBounded) ? "Guaranteed" : "Burstable";
};

const deployment = inSpec((spec) => {
  const strategy = withDefaults(spec["strategy"], { type: "RollingUpdate" });
  const rollingUpdate = strategy["type"] === "RollingUpdate" ? { rollingUpdate: withDefaults(strategy["rollingUpdate"], rolling) } : {};
  return { ...spec, strategy: { ...strategy, ...rollingUpdate }, template: template(spec["template"]) };
});

const jobSpec = (spec: JsonRecord): JsonRecord => ({
  backoffLimit: 6,
  ...(spec["completions"] === undefined && spec["parallelism"] === undefined ? { completions: 1 } : {}),
  parallelism: 1,
  completionMode: "NonIndexed",
  suspend: false,
  manualSelector: false,
  podReplacementPolicy: "TerminatingOrFailed",
  ...spec,
  template: template(spec["template"]),
});

const job: Fill = (object) => {
  const uid = textOf(at(object, "metadata", "uid"));
  const spec = jobSpec(recordOf(object["spec"]));
  const name = textOf(at(object, "metadata", "name"));
  if (uid === "" || spec["manualSelector"] === true || spec["selector"] !== undefined) return { ...object, spec };
  const labels = {
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
  };
  const filled = recordOf(spec["template"]);
  const metadata = recordOf(filled["metadata"]);
  const { manualSelector: _manual, ...rest } = spec;
  return {
    ...object,
    spec: {
      ...rest,
      manualSelector: false,
      selector: { matchLabels: { "batch.kubernetes.io/controller-uid": uid } },
      template: { ...filled, metadata: { ...metadata, labels: { ...recordOf(metadata["labels"]), ...labels } } },
    },
  };
};

const service: Fill = (object) => {
  const spec = recordOf(object["spec"]);
  const address = spec["clusterIP"] ?? addressOf(textOf(at(object, "metadata", "uid")));
  return {
    ...object,
    spec: {
      type: "ClusterIP",
      sessionAffinity: "None",
      internalTrafficPolicy: "Cluster",
      ipFamilyPolicy: "SingleStack",
      ipFamilies: ["IPv4"],
      ...spec,
      ...(address === undefined || spec["type"] === "ExternalName" ? {} : { clusterIP: address, clusterIPs: [address] }),
      ports: listOf(spec["ports"]).map((port) => ({ protocol: "TCP", targetPort: at(port, "port"), ...recordOf(port) })),
    },
  };
};

/** Of the uid, so that no table of addresses is needed: the same object has the same one for ever. */
const addressOf = (uid: string): string | undefined =>
  uid === "" ? undefined : `10.96.${Number.parseInt(uid.slice(0, 2), 16)}.${Number.parseInt(uid.slice(2, 4), 16)}`;

const secret: Fill = (object) => {
  const { stringData, ...rest } = object;
  if (!isRecord(stringData)) return { type: "Opaque", ...rest };
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(textOf(value)).toString("base64")]);
  return { type: "Opaque", ...rest, data: { ...recordOf(rest["data"]), ...Object.fromEntries(encoded) } };
};

const namespace: Fill = (object) => {
  const name = textOf(at(object, "metadata", "name"));
  const metadata = recordOf(object["metadata"]);
  return {
    ...object,
    metadata: { ...metadata, labels: { ...recordOf(metadata["labels"]), ...(name === "" ? {} : { "kubernetes.io/metadata.name": name }) } },
    // Only at its creation, which knows no status yet: later the finalizer is there to be taken away.
    spec: object["status"] === undefined ? withDefaults(object["spec"], { finalizers: ["kubernetes"] }) : recordOf(object["spec"]),
    status: object["status"] ?? { phase: "Active" },
  };
};

const subjects: Fill = (object) => ({
  ...object,
  roleRef: withDefaults(object["roleRef"], { apiGroup: "rbac.authorization.k8s.io" }),
  ...(Array.isArray(object["subjects"])
    ? {
        subjects: listOf(object["subjects"]).map((subject) => {
          const kind = at(subject, "kind");
          return withDefaults(subject, kind === "User" || kind === "Group" ? { apiGroup: "rbac.authorization.k8s.io" } : {});
        }),
      }
    : {}),
});

const policy = inSpec((spec) => {
  const constraints = withDefaults(spec["matchConstraints"], { matchPolicy: "Equivalent", namespaceSelector: {}, objectSelector: {} });
  const resourceRules = listOf(constraints["resourceRules"]).map((rule) => withDefaults(rule, { scope: "*" }));
  return { ...spec, matchConstraints: { ...constraints, resourceRules } };
});

const pending: Fill = ({ status, ...object }) => ({
  ...object,
  status: Object.keys(recordOf(status)).length > 0 ? status : { phase: "Pending" },
});

const table: Readonly<Record<string, Fill>> = {
  "discovery.k8s.io/EndpointSlice": (object) => ({ ...object, endpoints: orNull(object["endpoints"]), ports: orNull(object["ports"]) }),
  "/Pod": pod,
  "/Namespace": namespace,
  "/Secret": secret,
  "/Service": service,
  "apps/Deployment": deployment,
  "apps/ReplicaSet": templated,
  "apps/StatefulSet": templated,
  "apps/DaemonSet": templated,
  "batch/Job": job,
  // Of a Job to come: its pods are defaulted, the rest when there is one.
  "batch/CronJob": inSpec((spec) => ({ ...spec, jobTemplate: templated({ metadata: {}, ...recordOf(spec["jobTemplate"]) }) })),
  "/PersistentVolumeClaim": pending,
  "/PersistentVolume": pending,
  "/LimitRange": inSpec((spec) => ({ ...spec, limits: listOf(spec["limits"]).map(limitItem) })),
  "storage.k8s.io/StorageClass": (object) => ({ reclaimPolicy: "Delete", volumeBindingMode: "Immediate", ...object }),
  "rbac.authorization.k8s.io/RoleBinding": subjects,
  "rbac.authorization.k8s.io/ClusterRoleBinding": subjects,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": policy,
  "apiextensions.k8s.io/CustomResourceDefinition": inSpec((spec) => {
    const names = recordOf(spec["names"]);
    const kind = textOf(names["kind"]);
    return { ...spec, names: { listKind: `${kind}List`, singular: kind.toLowerCase(), ...names } };
  }),
};
