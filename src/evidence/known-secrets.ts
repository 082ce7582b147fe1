// What a pod's own environment and arguments hold under a secret's name: known word for word, and taken out of what the pod says. Pure; never kept.
import type { Container, Pod } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { mark } from "#lib/redact/spans.ts";
import { isSecretArgument, isSecretVariable } from "#lib/redact/structure.ts";

const leastLength = 5;
/** Below this a value counts as a whole word only: it may be a part of another. */
const longEnough = 10;
const most = 50;
/** Names of programs and defaults: to take them out would leave no log readable, and they protect nothing. */
const common = new Set(
  "admin changeme default guest localhost mariadb minio mongo mongodb mysql nobody password passwd postgres postgresql rabbitmq redis secret token user username".split(
    " ",
  ),
);

export const knownSecrets = (object: KubeObject): readonly string[] => {
  if (object.kind !== "Pod") return [];
  const { spec } = object as Pod;
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const values = containers.flatMap((container) => [...variables(container), ...words(container.command), ...words(container.args)]);
  return [...new Set(values)]
    .filter((value) => value.length >= leastLength && !common.has(value.toLowerCase()))
    .toSorted((a, b) => b.length - a.length)
    .slice(0, most);
};

const variables = ({ env = [] }: Container): readonly string[] =>
  env.flatMap((variable) => (isSecretVariable(variable) ? [variable.value] : passwordIn((variable as { value?: string }).value)));

const words = (list: readonly string[] = []): readonly string[] => list.filter((word, at) => isSecretArgument(list[at - 1], word));

/** Of `postgres://app:password@db`. */
const passwordIn = (value = ""): readonly string[] => {
  if (!value.includes("://") || !URL.canParse(value)) return [];
  const { password } = new URL(value);
  return password === "" ? [] : [password, ...(decodable(password) ? [decodeURIComponent(password)] : [])];
};

const decodable = (text: string): boolean => !/%(?![0-9A-Fa-f]{2})/.test(text) && !/%[89A-F]/i.test(text);

export const withoutKnown = (text: string, secrets: readonly string[]): string => {
  let result = text;
  for (const secret of secrets) if (result.includes(secret)) result = replaced(result, secret);
  return result;
};

const replaced = (text: string, secret: string): string => {
  if (secret.length >= longEnough) return text.replaceAll(secret, mark);
  let result = "";
  let from = 0;
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, from)) {
    const end = at + secret.length;
    const isWord = !/\w/.test(text[at - 1] ?? "") && !/\w/.test(text[end] ?? "");
    result += text.slice(from, at) + (isWord ? mark : secret);
    from = end;
  }
  return result + text.slice(from);
};

/** The same in every text of a value. */
export const withoutKnownIn = (value: unknown, secrets: readonly string[]): unknown => {
  if (secrets.length === 0) return value;
  if (typeof value === "string") return withoutKnown(value, secrets);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withoutKnownIn(item, secrets));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutKnownIn(item, secrets)]));
};
