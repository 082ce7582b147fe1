// The rules for every object's metadata: what the server sets, what a writer may change, which names are names. From apiserver's
// pkg/registry/rest and apimachinery's pkg/api/validation. Pure.
import { jsonEqual } from "#lib/canonical-json.ts";
import { objectMetaSchema } from "#embedded/built-in-schemas.ts";
import { type JsonRecord, type Stored, isRecord, listOf, recordOf, textOf } from "#embedded/json.ts";
import { isLabelName, isLabelValue, labelNameRule, labelValueRule } from "#embedded/selectors.ts";
import type { Resource } from "#embedded/resources.ts";
import { type FieldError, forbiddenField, invalidValue, required, tooLong } from "#embedded/status.ts";

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const service = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelRule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const serviceRule =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

const nameErrors = (resource: Resource, name: string): FieldError[] => {
  if (resource.group === "rbac.authorization.k8s.io")
    return /[/%]/.test(name) || name === "." || name === ".."
      ? [invalidValue("metadata.name", name, name.includes("/") ? "may not contain '/'" : "may not contain '%'")]
      : [];
  const [rule, pattern, most] =
    resource.group === "" && resource.plural === "namespaces"
      ? [labelRule, label, 63]
      : resource.group === "" && resource.plural === "services"
        ? [serviceRule, service, 63]
        : [subdomainRule, subdomain, 253];
  const errors: FieldError[] = [];
  if (name.length > most) errors.push(invalidValue("metadata.name", name, `must be no more than ${most} characters`));
  if (!pattern.test(name)) errors.push(invalidValue("metadata.name", name, rule));
  return errors;
};

const maxAnnotationBytes = 256 * 1024;

export const metadataErrors = (resource: Resource, metadata: JsonRecord): FieldError[] => {
  const errors: FieldError[] = [];
  const name = textOf(metadata["name"]);
  if (name === "") errors.push(required("metadata.name", "name or generateName is required"));
  else errors.push(...nameErrors(resource, name));
  for (const [key, value] of Object.entries(recordOf(metadata["labels"]))) {
    if (!isLabelName(key)) errors.push(invalidValue("metadata.labels", key, labelNameRule));
    if (!isLabelValue(textOf(value))) errors.push(invalidValue("metadata.labels", value, labelValueRule));
  }
  let bytes = 0;
  for (const [key, value] of Object.entries(recordOf(metadata["annotations"]))) {
    if (!isLabelName(key.toLowerCase())) errors.push(invalidValue("metadata.annotations", key, labelNameRule));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(textOf(value));
  }
  if (bytes > maxAnnotationBytes) errors.push(tooLong("metadata.annotations", `may not be more than ${maxAnnotationBytes} bytes`));
  listOf(metadata["finalizers"]).forEach((finalizer, index) => {
    const place = `metadata.finalizers[${index}]`;
    const text = textOf(finalizer);
    if (!isLabelName(text)) errors.push(invalidValue(place, text, labelNameRule));
    else if (!text.includes("/") && !standardFinalizers.has(text))
      errors.push(invalidValue(place, text, "name is neither a standard finalizer name nor is it fully qualified"));
  });
  const owners = listOf(metadata["ownerReferences"]).map(recordOf);
  for (const field of ["apiVersion", "kind", "name", "uid"])
    for (const owner of owners)
      if (textOf(owner[field]) === "")
        errors.push(
          invalidValue(`metadata.ownerReferences.${field}`, "", field === "apiVersion" ? "version must not be empty" : "must not be empty"),
        );
  const controllers = owners.filter(({ controller }) => controller === true);
  if (controllers.length > 1) {
    const names = controllers.map((owner) => `${textOf(owner["kind"])}/${textOf(owner["name"])}`).join(" and ");
    const why = `Only one reference can have Controller set to true. Found "true" in references for ${names}`;
    errors.push(invalidValue("metadata.ownerReferences", owners, why));
  }
  return errors;
};

const standardFinalizers = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

export const metadataUpdateErrors = (metadata: JsonRecord, old: Stored["metadata"]): FieldError[] => {
  const errors: FieldError[] = [];
  for (const field of ["name", "namespace", "uid", "creationTimestamp"] as const) {
    if (metadata[field] !== old[field]) errors.push(invalidValue(`metadata.${field}`, metadata[field] ?? "", "field is immutable"));
  }
  if (old.deletionTimestamp !== undefined) {
    const added = listOf(metadata["finalizers"]).filter((finalizer) => !listOf(old.finalizers).includes(finalizer));
    if (added.length > 0)
      errors.push(
        forbiddenField(
          "metadata.finalizers",
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((item) => JSON.stringify(item)).join(", ")}}`,
        ),
      );
  }
  return errors;
};

/** Everything but what a writer may not set, empty parts left out. */
export const cleanMetadata = (metadata: unknown): JsonRecord =>
  Object.fromEntries(
    Object.entries(recordOf(metadata)).filter(([key, value]) => metadataFields.has(key) && value !== null && !isEmpty(value)),
  );

const isEmpty = (value: unknown): boolean =>
  value === "" || (Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0);

const metadataFields = new Set(Object.keys(objectMetaSchema.properties ?? {}).filter((name) => name !== "selfLink"));

/** The same object but for what changes by itself. */
export const isSameObject = (a: JsonRecord, b: JsonRecord): boolean => jsonEqual(comparable(a), comparable(b));

const comparable = (object: JsonRecord): JsonRecord => {
  const { managedFields: _fields, resourceVersion: _version, ...metadata } = recordOf(object["metadata"]);
  return { ...object, metadata };
};
