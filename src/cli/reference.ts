// What a person means by `kind/name`, in kubectl's own short names. Pure; whether there is such an object is not known here.
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

/** `types`: the kinds that may be meant. */
export const referenceOf = (text: string, namespace: string, types: readonly ResourceType[] = builtInTypes): Reference => {
  const [kindText = "", name = "", ...rest] = text.split("/");
  const wanted = kindText.toLowerCase();
  const [word = "", ...qualifier] = wanted.split(".");
  const type = types.find(
    (each) => (each.kind === shortNames[word] || each.kind.toLowerCase() === word || each.plural === word) && isQualified(each, qualifier),
  );
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
