// How the pods, revisions, configuration and nodes of one workload are, in the words that causes share. Pure; each is made once for a view.
import { ConfigMaps, type Deployment, type Node, Nodes, ReplicaSets } from "#api/kubernetes.ts";
import { type TemplateRevision, templateRevisionsOf } from "#cluster/revisions.ts";
import { bounds } from "#evidence/bounds.ts";
import { type ConfigState, configsRead, configState } from "#evidence/configs.ts";
import { type PodState, podState } from "#evidence/pods.ts";
import type { View, Workload } from "#diagnosis/view.ts";

/** Oldest first; of very many the newest. */
export const podStates = (view: View, workload: Workload): readonly PodState[] => view.once(makePodStates, workload);

const makePodStates = (_view: View, { pods }: Workload): readonly PodState[] => pods.map(podState).slice(-bounds.pods);

/** Whether a pod that is not ending is not ready. */
export const hasUnreadyPod = (view: View, workload: Workload): boolean =>
  podStates(view, workload).some(({ isReady, isDeleting }) => !isReady && !isDeleting);

/** Newest first; none for a kind other than Deployment. */
export const deploymentRevisions = (view: View, workload: Workload): readonly TemplateRevision[] => view.once(makeRevisions, workload);

const makeRevisions = (view: View, workload: Workload): readonly TemplateRevision[] => {
  const { object, reference } = workload;
  if (object.kind !== "Deployment") return [];
  const sets = view.all(ReplicaSets, reference.namespace);
  return templateRevisionsOf(object as Deployment, sets, podStates(view, workload)).slice(0, bounds.revisions);
};

/** ConfigMaps that its template names, by name. */
export const configStates = (view: View, workload: Workload): readonly ConfigState[] => view.once(makeConfigStates, workload);

const makeConfigStates = (view: View, { template, reference }: Workload): readonly ConfigState[] =>
  configsRead(template)
    .slice(0, bounds.configs)
    .map((use): ConfigState => {
      const found = view.get(ConfigMaps, reference.namespace, use.name);
      if (found === undefined && !view.knows(ConfigMaps, reference.namespace)) return { ...use, state: "unread", keys: [] };
      const changes = view.changesOf({ kind: ConfigMaps.kind, namespace: reference.namespace, name: use.name });
      return {
        ...configState(use, found),
        changes: changes.filter(({ field }) => field.startsWith("data") || field.startsWith("binaryData")),
      };
    });

export interface NodeState {
  readonly name: string;
  /** Absent: it does not exist, or was not read. */
  readonly node?: Node;
}

/** Nodes that its pods are on. */
export const nodeStates = (view: View, workload: Workload): readonly NodeState[] =>
  [
    ...new Set(
      podStates(view, workload)
        .map(({ node }) => node)
        .filter((name) => name !== undefined),
    ),
  ]
    .slice(0, bounds.nodes)
    .map((name) => {
      const node = view.get(Nodes, undefined, name);
      return { name, ...(node === undefined ? {} : { node }) };
    });
