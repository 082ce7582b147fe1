// Where objects live on the API server, and how our messages name them. Every segment is escaped: a name never becomes a path.
import { type Key, type ResourceType, keyText } from "#api/object.ts";

/** Path of a collection, or of one object, or of its subresource. */
export const resourcePath = (type: ResourceType, namespace: string | undefined, name?: string, subresource?: string): string => {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const segments = [
    ...(type.namespaced && namespace !== undefined ? ["namespaces", namespace] : []),
    type.plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : subresource.split("/")),
  ];
  return `${root}/${segments.map(encodeURIComponent).join("/")}`;
};

export const objectPath = (type: ResourceType, key: Key, subresource?: string): string => {
  // An empty name would address the whole collection: a delete of it must never leave this process.
  if (key.name === "" || (type.namespaced && !key.namespace))
    throw new TypeError(`${type.kind} needs a name${type.namespaced ? " and a namespace" : ""}, not "${keyText(key)}"`);
  if (key.name === "." || key.name === ".." || key.namespace === "." || key.namespace === "..")
    throw new TypeError(`"${keyText(key)}" is not a name`);
  return resourcePath(type, key.namespace, key.name, subresource);
};

/** `deployments.apps`, `pods`: as kubectl writes a kind. */
export const resourceText = (type: ResourceType): string => (type.group === "" ? type.plural : `${type.plural}.${type.group}`);

/** `pods in shop`, `deployments.apps`. */
export const collectionText = (type: ResourceType, namespace: string | undefined): string =>
  namespace === undefined ? resourceText(type) : `${resourceText(type)} in ${namespace}`;
