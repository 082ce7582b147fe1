// What a container gets to see: its environment with all references resolved, the files of its volumes. Says in the kubelet's words what is
// missing (pkg/kubelet/kubelet_pods.go, pkg/volume/{configmap,secret}). Reads the store, writes nothing.
import { parseQuantity } from "#lib/quantity.ts";
import { type JsonRecord, type Stored, at, isRecord, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import type { ServerContext } from "#embedded/server-context.ts";

/** Of an environment: CreateContainerConfigError. Of a volume: FailedMount. */
export class MissingInput extends Error {}

export interface PodFacts {
  readonly pod: Stored;
  readonly nodeName: string;
  readonly podIp: string;
  readonly hostIp: string;
  /** Of the pod's account, for these audiences. */
  readonly token: () => string;
}

/** Who is referred to, by which fields, and what the kubelet calls it. */
const sources = [
  {
    plural: "configmaps",
    kind: "ConfigMap",
    word: "configmap",
    missingKey: "configmap references non-existent config",
    all: "configMapRef",
    key: "configMapKeyRef",
    volume: "configMap",
    named: "name",
  },
  {
    plural: "secrets",
    kind: "Secret",
    word: "secret",
    missingKey: "references non-existent secret",
    all: "secretRef",
    key: "secretKeyRef",
    volume: "secret",
    named: "secretName",
  },
] as const;
type Source = (typeof sources)[number];

/** What a reference leads to; nothing where it may lead nowhere, and does. */
const contentOf = (
  world: ServerContext,
  { metadata }: Stored,
  { plural, word }: Source,
  name: string,
  isOptional: boolean,
): Record<string, string> => {
  const object = world.find({ group: "", plural }, metadata.namespace, name);
  if (object === undefined && !isOptional) throw new MissingInput(`${word} "${name}" not found`);
  const encoded = plural === "secrets" ? object?.["data"] : object?.["binaryData"];
  const decoded = Object.entries(recordOf(encoded)).map(([key, value]) => [key, Buffer.from(textOf(value), "base64").toString("utf8")]);
  return { ...(plural === "secrets" ? {} : (recordOf(object?.["data"]) as Record<string, string>)), ...Object.fromEntries(decoded) };
};

export const environmentOf = (world: ServerContext, facts: PodFacts, container: JsonRecord): Record<string, string> => {
  const env: Record<string, string> = {};
  for (const from of listOf(container["envFrom"]))
    for (const each of sources) {
      const reference = at(from, each.all);
      if (!isRecord(reference)) continue;
      const content = contentOf(world, facts.pod, each, textOf(reference["name"]), reference["optional"] === true);
      for (const [key, value] of Object.entries(content)) env[`${textOf(at(from, "prefix"))}${key}`] = value;
    }
  for (const item of listOf(container["env"])) {
    const value = valueOf(world, facts, container, item, env);
    if (value !== undefined) env[textOf(at(item, "name"))] = value;
  }
  return env;
};

const valueOf = (
  world: ServerContext,
  facts: PodFacts,
  container: JsonRecord,
  item: unknown,
  env: Record<string, string>,
): string | undefined => {
  const from = at(item, "valueFrom");
  if (!isRecord(from)) return expanded(textOf(at(item, "value")), env);
  for (const each of sources) {
    const reference = from[each.key];
    if (!isRecord(reference)) continue;
    const [name, key, isOptional] = [textOf(reference["name"]), textOf(reference["key"]), reference["optional"] === true];
    const value = contentOf(world, facts.pod, each, name, isOptional)[key];
    if (value !== undefined || isOptional) return value;
    throw new MissingInput(`couldn't find key ${key} in ${each.kind} ${facts.pod.metadata.namespace ?? ""}/${name}`);
  }
  if (isRecord(from["fieldRef"])) return fieldOf(facts, textOf(from["fieldRef"]["fieldPath"]));
  const resource = textOf(at(from, "resourceFieldRef", "resource"));
  const quantity = at(container, "resources", ...resource.split("."));
  const amount = typeof quantity === "string" ? parseQuantity(quantity) : undefined;
  return amount === undefined ? "0" : String((amount + 999n) / 1000n);
};

const fieldOf = ({ pod, nodeName, podIp, hostIp }: PodFacts, path: string): string => {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed !== null) return textOf(at(pod.metadata, keyed[1] ?? "", keyed[2] ?? ""));
  switch (path) {
    case "spec.nodeName":
      return nodeName;
    case "status.podIP":
    case "status.podIPs":
      return podIp;
    case "status.hostIP":
    case "status.hostIPs":
      return hostIp;
    default:
      return textOf(at(pod, ...path.split(".")));
  }
};

/** `$(NAME)` of what stands before it; `$$` is a dollar; what is not known stays. */
export const expanded = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\$(\$|\(([A-Za-z_.-][\w.-]*)\))/g, (whole, what: string, name: string) => (what === "$" ? "$" : (env[name] ?? whole)));

/** Contents of every file that a volume holds, by its path within the volume. */
export const volumeFiles = (world: ServerContext, pod: Stored, volume: JsonRecord): Record<string, string> => {
  const files: Record<string, string> = {};
  for (const each of sources) {
    const reference = volume[each.volume];
    if (!isRecord(reference)) continue;
    const isOptional = reference["optional"] === true;
    const content = contentOf(world, pod, each, textOf(reference[each.named]), isOptional);
    if (reference["items"] === undefined) return content;
    for (const item of listOf(reference["items"])) {
      const key = textOf(at(item, "key"));
      if (content[key] !== undefined) files[textOf(at(item, "path"))] = content[key];
      else if (!isOptional) throw new MissingInput(`${each.missingKey} key: ${key}`);
    }
  }
  return files;
};

const tokenFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Everything mounted into this container, by absolute path. */
export const mountedFiles = (world: ServerContext, facts: PodFacts, container: JsonRecord): Record<string, string> => {
  const volumes = new Map(listOf(at(facts.pod, "spec", "volumes")).map((volume) => [textOf(at(volume, "name")), recordOf(volume)]));
  const files: Record<string, string> = {};
  for (const mount of listOf(container["volumeMounts"])) {
    const volume = volumes.get(textOf(at(mount, "name")));
    const [path, only] = [textOf(at(mount, "mountPath")), textOf(at(mount, "subPath"))];
    for (const [name, content] of Object.entries(volume === undefined ? {} : volumeFiles(world, facts.pod, volume)))
      if (only === "") files[`${path}/${name}`] = content;
      else if (only === name) files[path] = content;
  }
  if (at(facts.pod, "spec", "automountServiceAccountToken") === false) return files;
  return { [`${tokenFolder}/token`]: facts.token(), [`${tokenFolder}/namespace`]: facts.pod.metadata.namespace ?? "", ...files };
};

export const memoryLimitOf = (container: JsonRecord): number | undefined => {
  const text = at(container, "resources", "limits", "memory");
  const amount = typeof text === "string" ? parseQuantity(text) : undefined;
  return amount === undefined ? undefined : Number(amount / 1000n);
};

export const portsOf = (container: JsonRecord): number[] =>
  listOf(container["ports"]).flatMap((port) => numberOf(at(port, "containerPort")) ?? []);
