// Label and field selectors, parsed and matched as apimachinery's pkg/labels and pkg/fields do. Pure.
import { selects } from "#api/selectors.ts";
import { type JsonRecord, type Stored, at, isRecord, textOf } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";
import { badRequest } from "#embedded/status.ts";

export type Matcher = (object: Stored) => boolean;
type LabelMatch = (labels: Readonly<Record<string, unknown>>) => boolean;

const labelName = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

export const isLabelName = (text: string): boolean => labelName.test(text);
export const isLabelValue = (text: string): boolean => labelValue.test(text);

/** `a=b,c!=d,e in (f,g),h,!i`. */
export const parseLabelSelector = (text: string): LabelMatch => {
  const requirements = splitOutsideParentheses(text).map((part) => parseRequirement(part, text));
  return (labels) => requirements.every((matches) => matches(labels));
};

/** At the commas that separate requirements, not values. */
const splitOutsideParentheses = (text: string): string[] => (text.trim() === "" ? [] : text.split(/,(?![^()]*\))/));

const parseRequirement = (part: string, whole: string): LabelMatch => {
  const unparsable = (why: string): never => {
    throw badRequest(`unable to parse requirement: ${why}`);
  };
  const checkedKey = (key: string): string =>
    isLabelName(key) ? key : unparsable(`<nil>: Invalid value: ${JSON.stringify(key)}: ${labelNameRule}`);
  const text = part.trim();
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = "", operator, values = ""] = set;
    const allowed = new Set(values.split(",").map((value) => value.trim()));
    checkedKey(key);
    return (labels) => (Object.hasOwn(labels, key) && allowed.has(textOf(labels[key]))) === (operator === "in");
  }
  const comparison = /^([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)$/.exec(text);
  if (comparison !== null) {
    const [, key = "", operator, value = ""] = comparison;
    checkedKey(key);
    if (!isLabelValue(value)) unparsable(`values[0][${key}]: Invalid value: ${JSON.stringify(value)}: ${labelValueRule}`);
    return (labels) => (Object.hasOwn(labels, key) && labels[key] === value) === (operator !== "!=");
  }
  const presence = /^(!?)\s*([^\s=!(),]+)$/.exec(text);
  if (presence === null) return unparsable(`found '${text.split(/\s+/)[1] ?? whole}', expected: in, notin, =, ==, !=, gt, lt`);
  const [, not, key = ""] = presence;
  checkedKey(key);
  return (labels) => Object.hasOwn(labels, key) === (not === "");
};

export const labelNameRule =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
export const labelValueRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** metav1.LabelSelector; an absent one matches nothing, an empty one everything. */
export const matchesSelector = (selector: unknown, labels: JsonRecord): boolean =>
  selects(isRecord(selector) ? selector : undefined, labels as Readonly<Record<string, string>>);

/** Fields that a resource can be selected by besides its name and namespace: those of each registry's ToSelectableFields that a client asks for. */
const selectableFields: Readonly<Record<string, readonly string[]>> = {
  "/pods": ["spec.nodeName", "spec.serviceAccountName", "status.phase", "status.podIP"],
  "/nodes": ["spec.unschedulable"],
  "/namespaces": ["status.phase"],
  "/services": ["spec.clusterIP", "spec.type"],
  "/secrets": ["type"],
  "/events": [
    ...["kind", "namespace", "name", "uid", "fieldPath"].map((field) => `involvedObject.${field}`),
    ...["reason", "reportingComponent", "type"],
  ],
  "apps/replicasets": ["status.replicas"],
};
/** These have a conversion of their own and name only the label they do not know. */
const ownConversion = new Set(["/pods", "/nodes", "/namespaces", "/secrets", "/services", "/events", "batch/jobs"]);

export const parseFieldSelector = (text: string, resource: Pick<Resource, "group" | "plural" | "storage">): Matcher => {
  const key = `${resource.group}/${resource.plural}`;
  const own = selectableFields[key] ?? [];
  const tests = text
    .split(",")
    .filter((part) => part !== "")
    .map((part): Matcher => {
      const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
      const [, field = "", operator, value = ""] = match;
      if (field !== "metadata.name" && field !== "metadata.namespace" && !own.includes(field)) {
        throw badRequest(
          ownConversion.has(key) || resource.storage === "custom"
            ? `field label not supported: ${field}`
            : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
        );
      }
      return (object) => (fieldText(object, field) === value) === (operator !== "!=");
    });
  return (object) => tests.every((matches) => matches(object));
};

const fieldText = (object: Stored, field: string): string => {
  const value = at(object, ...field.split("."));
  if (value === undefined) return field === "spec.unschedulable" ? "false" : "";
  return typeof value === "object" ? "" : String(value as string | number | boolean);
};
