// What the server refuses of the built-in kinds, as far as the contract shows it: pkg/apis/*/validation of Kubernetes. Pure.
import { jsonEqual } from "#lib/canonical-json.ts";
import { parseQuantity } from "#lib/quantity.ts";
import { type JsonRecord, at, isRecord, listOf, recordOf, textOf } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";
import { matchesSelector } from "#embedded/selectors.ts";
import { type FieldError, duplicateValue, forbiddenField, invalidValue, required } from "#embedded/status.ts";

/** Fields at the top that are not `spec` and `status`. */
const topFields: Readonly<Record<string, readonly string[]>> = {
  "/ConfigMap": ["data", "binaryData", "immutable"],
  "/Secret": ["data", "stringData", "immutable", "type"],
  "/ServiceAccount": ["secrets", "imagePullSecrets", "automountServiceAccountToken"],
  "/Endpoints": ["subsets"],
  "rbac.authorization.k8s.io/Role": ["rules"],
  "rbac.authorization.k8s.io/ClusterRole": ["rules", "aggregationRule"],
  "rbac.authorization.k8s.io/RoleBinding": ["subjects", "roleRef"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["subjects", "roleRef"],
  "apps/ControllerRevision": ["data", "revision"],
};
const always = new Set(["apiVersion", "kind", "metadata"]);

/** Only where the kind is so small that we know all of its fields. */
export const unknownFields = (resource: Pick<Resource, "group" | "kind">, object: JsonRecord): string[] => {
  const known = topFields[`${resource.group}/${resource.kind}`] ?? (resource.kind === "Event" ? undefined : specAndStatus(object));
  return known === undefined ? [] : Object.keys(object).filter((key) => !always.has(key) && !known.includes(key));
};

const specAndStatus = (object: JsonRecord): readonly string[] | undefined => (isRecord(object["spec"]) ? ["spec", "status"] : undefined);

/** Times to the microsecond, which Go reads by a layout and nothing else. */
const preciseTimes: Readonly<Record<string, readonly string[]>> = { Lease: ["renewTime", "acquireTime"] };

/** What the decoder says of a value that it cannot read; undefined where it can. */
export const unreadable = (resource: Pick<Resource, "kind">, object: JsonRecord): string | undefined => {
  if (resource.kind === "Secret") {
    const bad = Object.values(recordOf(object["data"])).find((value) => !/^[A-Za-z0-9+/\r\n]*={0,2}$/.test(textOf(value)));
    if (bad !== undefined) return `illegal base64 data at input byte ${textOf(bad).search(/[^A-Za-z0-9+/]/)}`;
  }
  if (resource.kind === "ConfigMap" && Object.values(recordOf(object["data"])).some((value) => typeof value === "number"))
    return "json: cannot unmarshal number into Go struct field ConfigMap.data of type string";
  for (const field of preciseTimes[resource.kind] ?? []) {
    const text = at(object, "spec", field);
    const rest = typeof text === "string" ? /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?!\.\d{6})(.*)$/.exec(text)?.[1] : undefined;
    if (rest !== undefined)
      return `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${JSON.stringify(rest)} as ".000000"`;
  }
  return undefined;
};

type Check = (object: JsonRecord, old: JsonRecord | undefined) => FieldError[];

export const builtInErrors = (resource: Pick<Resource, "group" | "kind">, object: JsonRecord, old?: JsonRecord): FieldError[] =>
  table[`${resource.group}/${resource.kind}`]?.(object, old) ?? [];

const immutable = (field: string, value: unknown): FieldError => invalidValue(field, value, "field is immutable");

const containerErrors = (spec: JsonRecord, path: string): FieldError[] => {
  const errors: FieldError[] = [];
  const containers = listOf(spec["containers"]);
  if (containers.length === 0) errors.push(required(`${path}.containers`));
  const names = new Set<string>();
  for (const list of ["initContainers", "containers"]) {
    listOf(spec[list]).forEach((container, index) => {
      const place = `${path}.${list}[${index}]`;
      const name = textOf(at(container, "name"));
      if (name === "") errors.push(required(`${place}.name`));
      else if (names.has(name)) errors.push(duplicateValue(`${place}.name`, name));
      names.add(name);
      if (textOf(at(container, "image")) === "") errors.push(required(`${place}.image`));
      errors.push(...resourceErrors(recordOf(at(container, "resources")), `${place}.resources`));
    });
  }
  return errors;
};

const resourceErrors = (resources: JsonRecord, path: string): FieldError[] =>
  Object.entries(recordOf(resources["requests"])).flatMap(([name, request]) => {
    const limit = at(resources, "limits", name);
    if (limit === undefined) return [];
    const [asked, most] = [parseQuantity(textOf(request)), parseQuantity(textOf(limit))];
    return asked !== undefined && most !== undefined && asked > most
      ? [invalidValue(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${textOf(limit)}`)]
      : [];
  });

/** What a controller of pods has in common: a selector that fits its template and never changes. */
const selected: Check = (object, old) => {
  const errors: FieldError[] = [];
  const selector = at(object, "spec", "selector");
  const labels = recordOf(at(object, "spec", "template", "metadata", "labels"));
  if (selector === undefined) errors.push(required("spec.selector"));
  if (!isRecord(selector) || !matchesSelector(selector, labels))
    errors.push(invalidValue("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"));
  if (old !== undefined && !jsonEqual(selector ?? null, at(old, "spec", "selector") ?? null))
    errors.push(immutable("spec.selector", selector));
  const replicas = at(object, "spec", "replicas");
  if (typeof replicas === "number" && replicas < 0)
    errors.push(invalidValue("spec.replicas", replicas, "must be greater than or equal to 0"));
  errors.push(...containerErrors(recordOf(at(object, "spec", "template", "spec")), "spec.template.spec"));
  return errors;
};

const pod: Check = (object, old) => {
  if (old === undefined) return containerErrors(recordOf(object["spec"]), "spec");
  const reduced = (spec: unknown): JsonRecord => {
    const {
      containers,
      initContainers,
      activeDeadlineSeconds: _a,
      tolerations: _t,
      terminationGracePeriodSeconds: _g,
      ...rest
    } = recordOf(spec);
    const images = (items: unknown): unknown => listOf(items).map((item) => ({ ...recordOf(item), image: "" }));
    return { ...rest, containers: images(containers), initContainers: images(initContainers) };
  };
  const same = jsonEqual(reduced(object["spec"]), reduced(old["spec"]));
  return same
    ? []
    : [
        forbiddenField(
          "spec",
          "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        ),
      ];
};

const job: Check = (object, old) => {
  const spec = recordOf(at(object, "spec", "template", "spec"));
  const errors = containerErrors(spec, "spec.template.spec");
  const policy = spec["restartPolicy"];
  if (policy === "Always") errors.push(required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"'));
  if (old !== undefined && at(old, "spec", "suspend") !== true) {
    for (const field of ["template", "selector", "completions", "completionMode"])
      if (!jsonEqual(at(object, "spec", field) ?? null, at(old, "spec", field) ?? null))
        errors.push(immutable(`spec.${field}`, at(object, "spec", field)));
  }
  return errors;
};

const claim: Check = (object, old) => {
  if (old === undefined) return [];
  const size = (from: JsonRecord): bigint => parseQuantity(textOf(at(from, "spec", "resources", "requests", "storage"))) ?? 0n;
  const rest = (from: JsonRecord): JsonRecord => {
    const { resources: _resources, volumeAttributesClassName: _class, ...spec } = recordOf(from["spec"]);
    // Whoever binds a claim names its volume, once; and a class may come later.
    const isBare = textOf(at(old, "spec", "volumeName")) === "";
    const isClassless = at(old, "spec", "storageClassName") === undefined;
    return { ...spec, ...(isBare ? { volumeName: "" } : {}), ...(isClassless ? { storageClassName: "" } : {}) };
  };
  const isBound = at(old, "status", "phase") === "Bound";
  if (!jsonEqual(rest(object), rest(old)) || (size(object) !== size(old) && !isBound))
    return [
      forbiddenField("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"),
    ];
  return size(object) < size(old) ? [forbiddenField("spec.resources.requests.storage", "field can not be less than status.capacity")] : [];
};

const configMap: Check = (object, old) => {
  const errors: FieldError[] = [];
  for (const field of ["data", "binaryData"])
    for (const key of Object.keys(recordOf(object[field])))
      if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key))
        errors.push(
          invalidValue(
            `${field}[${key}]`,
            key,
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
          ),
        );
  if (old?.["immutable"] === true) {
    if (object["immutable"] !== true) errors.push(forbiddenField("immutable", "field is immutable when `immutable` is set"));
    for (const field of ["data", "binaryData"])
      if (!jsonEqual(object[field] ?? null, old[field] ?? null))
        errors.push(forbiddenField(field, "field is immutable when `immutable` is set"));
  }
  return errors;
};

const secret: Check = (object, old) => (old !== undefined && object["type"] !== old["type"] ? [immutable("type", object["type"])] : []);

const statefulSet: Check = (object, old) => {
  const errors = selected(object, old);
  const isFixed = ["serviceName", "podManagementPolicy", "volumeClaimTemplates"].every((field) =>
    jsonEqual(at(object, "spec", field) ?? null, at(old, "spec", field) ?? null),
  );
  if (old === undefined || isFixed) return errors;
  const open =
    "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'";
  return [...errors, forbiddenField("spec", `updates to statefulset spec for fields other than ${open} are forbidden`)];
};

const cronJob: Check = (object) => {
  const schedule = textOf(at(object, "spec", "schedule"));
  const fields = schedule.split(/\s+/).filter((field) => field !== "");
  if (schedule.startsWith("@") || fields.length === 5) return [];
  return [invalidValue("spec.schedule", schedule, `expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`)];
};

const service: Check = (object, old) => {
  const errors: FieldError[] = [];
  const headless = at(object, "spec", "clusterIP") === "None";
  if (listOf(at(object, "spec", "ports")).length === 0 && !headless && at(object, "spec", "type") !== "ExternalName")
    errors.push(required("spec.ports"));
  const address = at(old, "spec", "clusterIP");
  if (address !== undefined && at(object, "spec", "clusterIP") !== address)
    errors.push(invalidValue("spec.clusterIPs[0]", [at(object, "spec", "clusterIP") ?? ""], "may not change once set"));
  return errors;
};

const roleBinding: Check = (object, old) =>
  old === undefined || jsonEqual(object["roleRef"], old["roleRef"])
    ? []
    : [invalidValue("roleRef", object["roleRef"], "cannot change roleRef")];

const event: Check = (object) => {
  const about = textOf(at(object, "involvedObject", "namespace"));
  const own = textOf(at(object, "metadata", "namespace"));
  return about === own || (about === "" && own === "default")
    ? []
    : [invalidValue("involvedObject.namespace", about, "does not match event.namespace")];
};

/** The newer API asks for more. */
const newEvent: Check = (object, old) => {
  const errors = event(object, old);
  if (old === undefined && textOf(object["eventTime"]) === "") errors.push(required("eventTime"));
  for (const field of ["reportingComponent", "reportingInstance", "action", "reason"])
    if (textOf(object[field]) === "") errors.push(required(field === "reportingComponent" ? "reportingController" : field));
  if (Buffer.byteLength(textOf(object["message"])) > 1024) errors.push(invalidValue("message", "", "can have at most 1024 characters"));
  return errors;
};

const definition: Check = (object) => {
  const errors: FieldError[] = [];
  const name = `${textOf(at(object, "spec", "names", "plural"))}.${textOf(at(object, "spec", "group"))}`;
  if (at(object, "metadata", "name") !== name)
    errors.push(invalidValue("metadata.name", at(object, "metadata", "name"), 'must be spec.names.plural+"."+spec.group'));
  return errors;
};

const lease: Check = (object) => {
  const seconds = at(object, "spec", "leaseDurationSeconds");
  return typeof seconds === "number" && seconds <= 0 ? [invalidValue("spec.leaseDurationSeconds", seconds, "must be greater than 0")] : [];
};

const budget: Check = (object) =>
  at(object, "spec", "minAvailable") !== undefined && at(object, "spec", "maxUnavailable") !== undefined
    ? [invalidValue("spec", object["spec"], "minAvailable and maxUnavailable cannot be both set")]
    : [];

const table: Readonly<Record<string, Check>> = {
  "/Pod": pod,
  "/ConfigMap": configMap,
  "/Service": service,
  "/PersistentVolumeClaim": claim,
  "/Secret": secret,
  "batch/CronJob": cronJob,
  "/Event": event,
  "events.k8s.io/Event": newEvent,
  "apps/Deployment": selected,
  "apps/ReplicaSet": selected,
  "apps/StatefulSet": statefulSet,
  "apps/DaemonSet": selected,
  "batch/Job": job,
  "apiextensions.k8s.io/CustomResourceDefinition": definition,
  "coordination.k8s.io/Lease": lease,
  "policy/PodDisruptionBudget": budget,
  "rbac.authorization.k8s.io/RoleBinding": roleBinding,
  "rbac.authorization.k8s.io/ClusterRoleBinding": roleBinding,
};
