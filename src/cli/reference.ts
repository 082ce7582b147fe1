// What a person means by `kind/name`, in kubectl's own short names. Pure; whether there is such an object is not known here.
import type { Command } from "commander";
import type { Reference } from "#api/fields.ts";
import { builtInTypes } from "#api/kubernetes.ts";
import { apiVersionOf, type ResourceType } from "#api/object.ts";
import { misuse } from "#cli/failure.ts";

const shortNames: Readonly<Record<string, string>> = {
  deploy: "Deployment",
  po: "Pod",
  rs: "ReplicaSet",
  sts: "StatefulSet",
  ds: "DaemonSet",
  no: "Node",
  ns: "Namespace",
  pvc: "PersistentVolumeClaim",
  hpa: "HorizontalPodAutoscaler",
  pdb: "PodDisruptionBudget",
  svc: "Service",
  cm: "ConfigMap",
  netpol: "NetworkPolicy",
  ing: "Ingress",
  quota: "ResourceQuota",
  limits: "LimitRange",
  sc: "StorageClass",
};

/** `deployment/web` of `deployment/web` or `deployment web`, as kubectl accepts both. */
export const kindAndName = (first: string, second: string | undefined): string => {
  if (second === undefined) return first;
  if (first.includes("/") || second.includes("/"))
    throw misuse(`"${first} ${second}" names more than one object: use kind/name or kind name, such as deployment/web`);
  return `${first}/${second}`;
};

/** The arguments of a command about one request. */
export const requestArguments = (command: Command, named = "name of the request, the start of its name"): Command =>
  command
    .argument("<request>", `${named}, or its target such as deployment/web or deployment web`)
    .argument("[name]", "name of the target, if only its kind was given");

/** The kind of that name, plural or short name, as kubectl knows it. */
export const typeNamed = (text: string, types: readonly ResourceType[] = builtInTypes): ResourceType | undefined => {
  const [word = "", ...qualifier] = text.toLowerCase().split(".");
  return types.find(
    (each) => (each.kind === shortNames[word] || each.kind.toLowerCase() === word || each.plural === word) && isQualified(each, qualifier),
  );
};

/** `types`: the kinds to choose from. */
export const referenceOf = (text: string, namespace: string, types: readonly ResourceType[] = builtInTypes): Reference => {
  const [kindText = "", name = "", ...rest] = text.split("/");
  const type = typeNamed(kindText, types);
  if (name === "" || rest.length > 0 || type === undefined)
    throw misuse(
      `"${text}" is not an object to look at: use kind/name, such as deployment/web`,
      `Kinds: ${types.map((each) => each.kind).join(", ")}.`,
    );
  return referenceTo(type, name, namespace);
};

/** As `kubectl get -o name` prints it: `deployment.apps/web`; also with the version before the group. */
const isQualified = ({ group, version }: ResourceType, qualifier: readonly string[]): boolean =>
  qualifier.length === 0 || [group, `${version}.${group}`].includes(qualifier.join("."));

const referenceTo = (type: ResourceType, name: string, namespace: string): Reference => ({
  apiVersion: apiVersionOf(type),
  kind: type.kind,
  ...(type.namespaced ? { namespace } : {}),
  name,
});
