// What differs between two pod templates, as far as it can matter to one container. Pure; values of environment variables are not shown.
import type { PodSpec, PodTemplate } from "#api/kubernetes.ts";
import { containerOf } from "#diagnosis/containers.ts";
import { canonicalJson, jsonEqual } from "#lib/canonical-json.ts";
import { redact, redactValue } from "#lib/redact.ts";

export interface Difference {
  /** `image`, `command`, `resources.limits.memory`, `env[LEVEL].value`, `volumes[data]` … */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

const maxDifferences = 20;

/**
 * Labels and annotations of the template do not count: `kubectl rollout restart` and checksums of configuration write there,
 * and a container that reads them not is the same container.
 */
export const differencesFor = (container: string, before: PodTemplate, after: PodTemplate): readonly Difference[] =>
  [
    ...differences("", containerOf(before.spec, container), containerOf(after.spec, container)),
    ...differences("", surroundings(before.spec, container), surroundings(after.spec, container)),
  ].slice(0, maxDifferences);

/** The rest of the pod without its other main containers. Init containers prepare what every container finds. */
const surroundings = (spec: PodSpec, container: string): object => {
  const { containers: _containers, initContainers = [], ...rest } = spec;
  return { ...rest, initContainers: initContainers.filter(({ name }) => name !== container) };
};

const differences = (path: string, before: unknown, after: unknown): readonly Difference[] => {
  if (jsonEqual(before, after)) return [];
  const [a, b] = [namedItems(before), namedItems(after)];
  if (a !== undefined && b !== undefined) return keysOf(a, b).flatMap((name) => differences(`${path}[${name}]`, a[name], b[name]));
  if (isPlain(before) && isPlain(after))
    return keysOf(before, after).flatMap((key) => differences(path === "" ? key : `${path}.${key}`, before[key], after[key]));
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
};

const keysOf = (a: object, b: object): readonly string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted();

const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** A list whose items have names, as containers, volumes and variables do: compared by name. */
const namedItems = (value: unknown): Record<string, unknown> | undefined => {
  if (!Array.isArray(value)) return undefined;
  const names = value.map((item: unknown) => (isPlain(item) && typeof item["name"] === "string" ? item["name"] : undefined));
  if (names.some((name) => name === undefined) || new Set(names).size !== names.length) return undefined;
  return Object.fromEntries(value.map((item: unknown, index) => [names[index] ?? "", item]));
};

const maxValueLength = 160;
const leadLength = 40;

/** One line for people. */
export const differenceText = ({ path, before, after }: Difference): string => {
  if (path === "") return before === undefined ? "the container is new" : "the container was removed";
  if (/^(?:initContainers\[[^\]]+\]\.)?env\[/.test(path))
    return `${path} ${before === undefined ? "was added" : after === undefined ? "was removed" : "was changed"}`;
  const [old, now] = [valueText(before), valueText(after)];
  const from = old.length <= maxValueLength && now.length <= maxValueLength ? 0 : Math.max(0, commonLength(old, now) - leadLength);
  return `${path}: ${excerpt(old, from)} → ${excerpt(now, from)}`;
};

const maxBriefLength = 80;

/** Few enough words for the middle of a sentence: a long value is not shown, only what changed. */
export const briefDifferenceText = (difference: Difference): string => {
  const text = differenceText(difference);
  return text.length <= maxBriefLength || difference.path === "" ? text : difference.path;
};

/** Words of a command as a shell would show them: what follows `--password` is known to be a secret only there. */
const valueText = (value: unknown): string => {
  if (value === undefined) return "(none)";
  const isWords = Array.isArray(value) && value.every((item) => typeof item === "string");
  const text = isWords ? (redactValue(value) as string[]).join(" ") : typeof value === "string" ? value : canonicalJson(value);
  return redact(text).replaceAll(/\s+/g, " ");
};

const commonLength = (a: string, b: string): number => {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at;
};

const excerpt = (text: string, from: number): string => {
  const rest = from === 0 ? text : `…${text.slice(from)}`;
  return rest.length <= maxValueLength ? rest : `${rest.slice(0, maxValueLength - 1)}…`;
};
