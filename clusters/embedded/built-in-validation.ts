// Refusals of the built-in kinds that no schema expresses, for the fields that a repair may write: pkg/apis/*/validation of Kubernetes. Pure.
import { jsonEqual } from "#lib/canonical-json.ts";
import { parseQuantity } from "#lib/quantity.ts";
import { type JsonRecord, at, listOf, recordOf, textOf } from "#embedded/json.ts";
import { compileProblem } from "#embedded/cel.ts";
import type { Resource } from "#embedded/resources.ts";
import type { Schema } from "#embedded/schema.ts";
import { unreadableRules } from "#embedded/schema-rules.ts";
import { matchesSelector } from "#embedded/selectors.ts";
import { type FieldError, duplicateValue, forbiddenField, invalidValue, required } from "#embedded/status.ts";

type Check = (object: JsonRecord, old: JsonRecord | undefined) => FieldError[];

export const builtInErrors = (resource: Pick<Resource, "group" | "kind">, object: JsonRecord, old?: JsonRecord): FieldError[] => [
  ...(table[`${resource.group}/${resource.kind}`]?.(object, old) ?? []),
  ...(old === undefined ? [] : immutableErrors(immutable[`${resource.group}/${resource.kind}`] ?? [], object, old)),
];

/** Fields that keep their first value. */
const immutable: Readonly<Record<string, readonly string[]>> = {
  "/Secret": ["type"],
  "apps/Deployment": ["spec.selector"],
  "apps/ReplicaSet": ["spec.selector"],
  "apps/StatefulSet": ["spec.selector"],
  "apps/DaemonSet": ["spec.selector"],
  "batch/Job": ["spec.template", "spec.selector", "spec.completions", "spec.completionMode"],
};

const immutableErrors = (paths: readonly string[], object: JsonRecord, old: JsonRecord): FieldError[] =>
  paths.flatMap((path) => {
    const [value, before] = [at(object, ...path.split(".")), at(old, ...path.split("."))];
    return jsonEqual(value ?? null, before ?? null) ? [] : [invalidValue(path, value, "field is immutable")];
  });

const containerErrors = (spec: JsonRecord, path: string): FieldError[] => {
  const names = new Set<string>();
  return ["initContainers", "containers"].flatMap((list) =>
    listOf(spec[list]).flatMap((container, index) => {
      const place = `${path}.${list}[${index}]`;
      const name = textOf(at(container, "name"));
      const isKnown = names.has(name);
      names.add(name);
      return [
        ...(name === "" ? [required(`${place}.name`)] : isKnown ? [duplicateValue(`${place}.name`, name)] : []),
        ...(textOf(at(container, "image")) === "" ? [required(`${place}.image`)] : []),
        ...resourceErrors(recordOf(at(container, "resources")), `${place}.resources`),
      ];
    }),
  );
};

const resourceErrors = (resources: JsonRecord, path: string): FieldError[] =>
  Object.entries(recordOf(resources["requests"])).flatMap(([name, request]) => {
    const limit = textOf(at(resources, "limits", name));
    const [asked, most] = [parseQuantity(textOf(request)), parseQuantity(limit)];
    return asked !== undefined && most !== undefined && asked > most
      ? [invalidValue(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`)]
      : [];
  });

const template: Check = (object) => containerErrors(recordOf(at(object, "spec", "template", "spec")), "spec.template.spec");

/** The selector of a controller selects its own pods. */
const selected: Check = (object, old) => {
  const labels = recordOf(at(object, "spec", "template", "metadata", "labels"));
  const replicas = at(object, "spec", "replicas");
  return [
    ...(matchesSelector(at(object, "spec", "selector"), labels)
      ? []
      : [invalidValue("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")]),
    ...(typeof replicas === "number" && replicas < 0
      ? [invalidValue("spec.replicas", replicas, "must be greater than or equal to 0")]
      : []),
    ...template(object, old),
  ];
};

const podUpdate =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

const pod: Check = (object, old) => {
  if (old === undefined) return containerErrors(recordOf(object["spec"]), "spec");
  const fixed = (from: JsonRecord): JsonRecord => {
    const withoutImages = (items: unknown): unknown => listOf(items).map((item) => ({ ...recordOf(item), image: "" }));
    const {
      containers,
      initContainers,
      activeDeadlineSeconds: _a,
      tolerations: _t,
      terminationGracePeriodSeconds: _g,
      ...rest
    } = recordOf(from["spec"]);
    return { ...rest, containers: withoutImages(containers), initContainers: withoutImages(initContainers) };
  };
  return jsonEqual(fixed(object), fixed(old)) ? [] : [forbiddenField("spec", podUpdate)];
};

const job: Check = (object, old) => [
  ...template(object, old),
  ...(at(object, "spec", "template", "spec", "restartPolicy") === "Always"
    ? [required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')]
    : []),
];

const keyRule =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

const configMap: Check = (object, old) => {
  const fields = ["data", "binaryData"];
  const badKeys = fields.flatMap((field) =>
    Object.keys(recordOf(object[field])).flatMap((key) =>
      /^[-._a-zA-Z0-9]{1,253}$/.test(key) ? [] : [invalidValue(`${field}[${key}]`, key, keyRule)],
    ),
  );
  if (old?.["immutable"] !== true) return badKeys;
  const changed = ["immutable", ...fields].filter((field) => !jsonEqual(object[field] ?? null, old[field] ?? null));
  return [...badKeys, ...changed.map((field) => forbiddenField(field, "field is immutable when `immutable` is set"))];
};

const service: Check = (object, old) => {
  const { ports, clusterIP, type } = recordOf(object["spec"]);
  const address = at(old, "spec", "clusterIP");
  return [
    ...(listOf(ports).length === 0 && clusterIP !== "None" && type !== "ExternalName" ? [required("spec.ports")] : []),
    ...(address !== undefined && clusterIP !== address
      ? [invalidValue("spec.clusterIPs[0]", [clusterIP ?? ""], "may not change once set")]
      : []),
  ];
};

const roleBinding: Check = (object, old) =>
  old === undefined || jsonEqual(object["roleRef"], old["roleRef"])
    ? []
    : [invalidValue("roleRef", object["roleRef"], "cannot change roleRef")];

const budget: Check = (object) =>
  at(object, "spec", "minAvailable") !== undefined && at(object, "spec", "maxUnavailable") !== undefined
    ? [invalidValue("spec", object["spec"], "minAvailable and maxUnavailable cannot be both set")]
    : [];

const definition: Check = (object) => {
  const name = at(object, "metadata", "name");
  return name === `${textOf(at(object, "spec", "names", "plural"))}.${textOf(at(object, "spec", "group"))}`
    ? []
    : [invalidValue("metadata.name", name, 'must be spec.names.plural+"."+spec.group')];
};

const unreadableSchemas: Check = (object) =>
  listOf(at(object, "spec", "versions")).flatMap((version) =>
    unreadableRules(recordOf(at(version, "schema", "openAPIV3Schema")) as Schema, "spec.validation.openAPIV3Schema"),
  );

const admissionPolicy: Check = (object) =>
  ["matchConditions", "variables", "validations"].flatMap((field) =>
    listOf(at(object, "spec", field)).flatMap((item, index) => {
      const text = textOf(at(item, "expression"));
      const why = compileProblem(text);
      return why === undefined ? [] : [invalidValue(`spec.${field}[${index}].expression`, text, why)];
    }),
  );

const table: Readonly<Record<string, Check>> = {
  "/Pod": pod,
  "/ConfigMap": configMap,
  "/Service": service,
  "apps/Deployment": selected,
  "apps/ReplicaSet": selected,
  "apps/StatefulSet": selected,
  "apps/DaemonSet": selected,
  "batch/Job": job,
  "policy/PodDisruptionBudget": budget,
  "rbac.authorization.k8s.io/RoleBinding": roleBinding,
  "rbac.authorization.k8s.io/ClusterRoleBinding": roleBinding,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": admissionPolicy,
  "apiextensions.k8s.io/CustomResourceDefinition": (object, old) => [...definition(object, old), ...unreadableSchemas(object, old)],
};
