// What a container gets to see: its environment with all references resolved, and the files of its volumes. Says in the kubelet's words what is
// missing (pkg/kubelet/kubelet_pods.go). Writes nothing.
import { ConfigMaps, type Container, type EnvVar, type Pod, Secrets, type Volume } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import type { Store } from "#kube/store.ts";

/** Of an environment: CreateContainerConfigError. Of a volume: FailedMount. */
export class MissingInput extends Error {}

export interface InputSources {
  readonly configMaps: Store;
  readonly secrets: Store;
}

export interface PodFacts {
  readonly pod: Pod;
  readonly nodeName: string;
  readonly podIp: string;
  readonly hostIp: string;
  readonly sources: InputSources;
}

interface Reference {
  readonly name?: string;
  readonly optional?: boolean;
}
type Content = Readonly<Record<string, string>>;

/** The content of a ConfigMap or Secret; nothing where an optional one is not there. */
const contentOf = ({ configMaps, secrets }: InputSources, pod: Pod, kind: "ConfigMap" | "Secret", reference: Reference): Content => {
  const { name = "", optional = false } = reference;
  const store = kind === ConfigMaps.kind ? configMaps : secrets;
  const object = store.get({ namespace: pod.metadata.namespace ?? "", name }) as (KubeObject & { data?: Content }) | undefined;
  if (object === undefined && !optional) throw new MissingInput(`${kind.toLowerCase()} "${name}" not found`);
  const entries = Object.entries(object?.data ?? {});
  const isEncoded = kind === Secrets.kind;
  return Object.fromEntries(entries.map(([key, value]) => [key, isEncoded ? Buffer.from(value, "base64").toString("utf8") : value]));
};

export const environmentOf = (facts: PodFacts, container: Container): Record<string, string> => {
  const env: Record<string, string> = {};
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef !== undefined) Object.assign(env, contentOf(facts.sources, facts.pod, "ConfigMap", configMapRef));
    if (secretRef !== undefined) Object.assign(env, contentOf(facts.sources, facts.pod, "Secret", secretRef));
  }
  for (const variable of container.env ?? []) {
    const value = valueOf(facts, variable, env);
    if (value !== undefined) env[variable.name] = value;
  }
  return env;
};

const valueOf = (facts: PodFacts, { value = "", valueFrom }: EnvVar, env: Content): string | undefined => {
  if (valueFrom === undefined) return expanded(value, env);
  const { configMapKeyRef, secretKeyRef, fieldRef } = valueFrom;
  if (fieldRef !== undefined) return fieldOf(facts, fieldRef.fieldPath);
  const reference = configMapKeyRef ?? secretKeyRef;
  if (reference === undefined) return undefined;
  const kind = reference === configMapKeyRef ? "ConfigMap" : "Secret";
  const found = contentOf(facts.sources, facts.pod, kind, reference)[reference.key];
  if (found !== undefined || reference.optional === true) return found;
  throw new MissingInput(`couldn't find key ${reference.key} in ${kind} ${facts.pod.metadata.namespace ?? ""}/${reference.name}`);
};

const fieldOf = ({ pod, nodeName, podIp, hostIp }: PodFacts, path: string): string => {
  const { name, namespace = "", uid } = pod.metadata;
  const fields: Content = {
    ...{ "metadata.name": name, "metadata.namespace": namespace, "metadata.uid": uid },
    ...{ "spec.nodeName": nodeName, "status.podIP": podIp, "status.hostIP": hostIp },
  };
  const label = /^metadata\.labels\['(.+)'\]$/.exec(path)?.[1];
  return (label === undefined ? fields[path] : pod.metadata.labels?.[label]) ?? "";
};

/** `$(NAME)` of a variable before it; `$$` is a dollar; an unknown name stays. */
export const expanded = (text: string, env: Content): string =>
  text.replaceAll(/\$(\$|\(([A-Za-z_.-][\w.-]*)\))/g, (whole, found: string, name: string) => (found === "$" ? "$" : (env[name] ?? whole)));

/** Contents of every file mounted into this container, by absolute path. */
export const filesOf = (pod: Pod, container: Container, sources: InputSources): Record<string, string> => {
  const files: Record<string, string> = {};
  for (const { name, mountPath } of container.volumeMounts ?? []) {
    const volume = pod.spec.volumes?.find((each) => each.name === name);
    const content = volume === undefined ? {} : volumeContent(pod, volume, sources);
    for (const [file, text] of Object.entries(content)) files[`${mountPath}/${file}`] = text;
  }
  return files;
};

export const volumeContent = (pod: Pod, { configMap, secret }: Volume, sources: InputSources): Content => {
  if (configMap !== undefined)
    return chosen(contentOf(sources, pod, "ConfigMap", configMap), configMap, "configmap references non-existent config key");
  if (secret === undefined) return {};
  const content = contentOf(sources, pod, "Secret", { ...secret, name: secret.secretName ?? "" });
  return chosen(content, secret, "references non-existent secret key");
};

/** The keys that the volume names, under its paths; all of them where it names none. */
const chosen = (
  content: Content,
  { items, optional }: Pick<NonNullable<Volume["secret"]>, "items" | "optional">,
  missing: string,
): Content => {
  if (items === undefined) return content;
  const absent = items.find(({ key }) => content[key] === undefined);
  if (absent !== undefined && optional !== true) throw new MissingInput(`${missing}: ${absent.key}`);
  return Object.fromEntries(items.flatMap(({ key, path }) => (content[key] === undefined ? [] : [[path, content[key]]])));
};
