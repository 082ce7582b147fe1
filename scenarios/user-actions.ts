// What users do in a scenario, through the API as kubectl does, without a kubectl binary. Never does what Kintsugi does.
import { parseAllDocuments } from "yaml";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { Pods } from "#api/kubernetes.ts";
import type { Key } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import { isNotFound } from "#kube/errors.ts";

export interface Person {
  readonly by: string;
  readonly groups: readonly string[];
}
export interface Approval extends Person {
  readonly message: string;
}

export interface UserActions {
  /** YAML documents or parsed manifests; those without a namespace go into this one. */
  apply(manifests: string | readonly object[], namespace?: string): Promise<void>;
  /** Succeeds where the object does not exist. */
  remove(manifest: object): Promise<void>;
  deletePods(namespace: string, labels: Readonly<Record<string, string>>): Promise<void>;
  /** As that person, with that person's rights. */
  approve(question: Key, approval: Approval): Promise<void>;
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export interface UserActionsDeps {
  readonly kube: Kube;
  /** A client of the same cluster that acts as this person. */
  readonly as: (person: Person) => Kube & { close(): void };
}

export const createUserActions = ({ kube, as }: UserActionsDeps): UserActions => {
  const pathOf = resourcePaths(kube);
  return {
    apply: async (manifests, namespace) => {
      for (const manifest of typeof manifests === "string" ? documentsOf(manifests) : (manifests as readonly Manifest[])) {
        const path = await pathOf(manifest, manifest.metadata.namespace ?? namespace);
        // The manager that `kubectl apply --server-side` names.
        await kube.request("PATCH", `${path}?fieldManager=kubectl&force=true`, manifest, { contentType: "application/apply-patch+yaml" });
      }
    },
    remove: async (manifest) => {
      const found = manifest as Manifest;
      try {
        await kube.request("DELETE", await pathOf(found, found.metadata.namespace));
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
    deletePods: async (namespace, labels) => {
      const labelSelector = Object.entries(labels)
        .map(([label, value]) => `${label}=${value}`)
        .join(",");
      for (const { metadata } of await kube.list(Pods, { namespace, labelSelector }))
        await kube.delete(Pods, { namespace, name: metadata.name });
    },
    approve: async (question, { by, groups, message }) => {
      const person = as({ by, groups });
      try {
        const value = { by, decision: "Approved", via: "kubectl", message };
        await person.jsonPatch(AIApprovalRequest, question, [{ op: "add", path: "/spec/decisions/-", value }]);
      } finally {
        person.close();
      }
    },
  };
};

const documentsOf = (yaml: string): Manifest[] =>
  parseAllDocuments(yaml).flatMap((document) => {
    const manifest = document.toJSON() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });

interface Discovered {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** By discovery, as kubectl does it. A group that is missing is asked for again: its definition may come later. */
const resourcePaths = (kube: Kube): ((manifest: Manifest, namespace: string | undefined) => Promise<string>) => {
  const known = new Map<string, Discovered["resources"]>();
  return async ({ apiVersion, kind, metadata }, namespace) => {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const find = (): Discovered["resources"][number] | undefined =>
      known.get(root)?.find((resource) => resource.kind === kind && !resource.name.includes("/"));
    if (find() === undefined) known.set(root, ((await kube.request("GET", root)) as Discovered).resources);
    const resource = find();
    if (resource === undefined) throw new Error(`the server has no kind ${kind} in ${apiVersion}`);
    if (resource.namespaced && namespace === undefined) throw new Error(`${kind} ${metadata.name} needs a namespace`);
    const place = resource.namespaced ? `/namespaces/${namespace ?? ""}` : "";
    return `${root}${place}/${resource.name}/${metadata.name}`;
  };
};
