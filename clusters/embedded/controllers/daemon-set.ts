// DaemonSets: one pod on every node that suits, replaced node by node, as pkg/controller/daemon. The scheduler binds them like all others.
import { type Client, type Controller, nonZero } from "#embedded/controllers/controller.ts";
import { claimed, ownersAffected, podFrom } from "#embedded/controllers/ownership.ts";
import { isAvailable, isFinished, isReady, isTerminating, phaseOf } from "#embedded/pod-state.ts";
import { createPod, deletePod, minReadySeconds } from "#embedded/controllers/replica-set.ts";
import { type History, historyOf, revisionLabel, revisionOfPod, trimHistory } from "#embedded/controllers/revisions.ts";
import { type JsonRecord, type Stored, at, listOf, recordOf, shareOf, textOf, withValue } from "#embedded/json.ts";
import { belongsOn } from "#embedded/nodes/scheduling-filters.ts";
import { builtIn, nodesOf, podsOf, storageKeyOf } from "#embedded/resources.ts";
import { refusalOf } from "#embedded/system-client.ts";

const daemonSets = builtIn("apps/v1", "DaemonSet");

export const daemonSetController = (client: Client): Controller => ({
  resource: daemonSets,
  affected: ({ storageKey, ...change }) => {
    if (storageKey === storageKeyOf(podsOf)) return ownersAffected(client, daemonSets, { storageKey, ...change });
    if (storageKey !== storageKeyOf(nodesOf)) return [];
    // A node that only reports that it lives changes nothing here.
    const isSame =
      change.previous !== undefined &&
      change.type === "MODIFIED" &&
      change.previous["spec"] === change.object["spec"] &&
      change.previous.metadata.labels === change.object.metadata.labels;
    return isSame ? [] : client.world.store.list(storageKeyOf(daemonSets)).map(({ metadata }) => metadata);
  },
  sync: (set) => {
    if (isTerminating(set)) return;
    const history = historyOf(client, set, revisionLabel);
    const nodes = client.list(nodesOf).filter((node) => belongsOn(podFor(set, history, node) as unknown as Stored, node));
    const refusal = refusalOf(() => {
      place(client, set, history, nodes);
      if (at(set, "spec", "updateStrategy", "type") === "RollingUpdate") roll(client, set, history, nodes);
    });
    const pods = claimed(client, set, podsOf);
    client.setStatus(set, statusOf(client, set, history, nodes, pods));
    const used = new Set(pods.map(revisionOfPod));
    trimHistory(client, set, history, (revision) => used.has(hashIn(revision)));
    if (refusal !== undefined) throw refusal;
  },
});

const hashIn = (revision: Stored): string => textOf(revision.metadata.labels?.[revisionLabel]);

const nodeNameOf = (pod: Stored): string => {
  const bound = textOf(at(pod, "spec", "nodeName"));
  const terms = at(pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
  const field = listOf(terms).flatMap((term) => listOf(at(term, "matchFields")))[0];
  return bound === "" ? textOf(at(field, "values", 0)) : bound;
};

const always = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  ...["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"].map((state) => ({
    key: `node.kubernetes.io/${state}`,
    operator: "Exists",
    effect: "NoSchedule",
  })),
];

const podFor = (set: Stored, history: History, node: Stored): JsonRecord => {
  const body = podFrom(set, at(set, "spec", "template"), { generateName: `${set.metadata.name}-` });
  const spec = recordOf(body["spec"]);
  const field = { key: "metadata.name", operator: "In", values: [node.metadata.name] };
  const required = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
  const terms = listOf(at(spec, ...required, "nodeSelectorTerms")).map((term) => ({ ...recordOf(term), matchFields: [field] }));
  const labels = {
    ...recordOf(at(body, "metadata", "labels")),
    [revisionLabel]: hashIn(history.update),
    "pod-template-generation": String(set.metadata.generation ?? 1),
  };
  return withValue(
    {
      ...body,
      spec: {
        ...withValue(spec, required, { nodeSelectorTerms: terms.length === 0 ? [{ matchFields: [field] }] : terms }),
        tolerations: [...listOf(spec["tolerations"]), ...always],
      },
    },
    ["metadata", "labels"],
    labels,
  );
};

/** One pod where one belongs, none where none does. */
const place = (client: Client, set: Stored, history: History, nodes: readonly Stored[]): void => {
  const pods = claimed(client, set, podsOf);
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  for (const pod of pods) {
    if (isTerminating(pod)) continue;
    const node = nodeNameOf(pod);
    if (!names.has(node)) deletePod(client, set, pod);
    else if (phaseOf(pod) === "Failed") {
      const text = `Found failed daemon pod ${pod.metadata.namespace ?? ""}/${pod.metadata.name} on node ${node}, will try to kill it`;
      client.tell(set, "Warning", "FailedDaemonPod", text);
      deletePod(client, set, pod);
    }
  }
  const taken = new Set(pods.filter((pod) => !isFinished(pod)).map(nodeNameOf));
  for (const node of nodes) if (!taken.has(node.metadata.name)) createPod(client, set, podFor(set, history, node));
};

/** Old pods that are no good first, then as many good ones as may be missing. */
const roll = (client: Client, set: Stored, history: History, nodes: readonly Stored[]): void => {
  const now = client.world.clock.now();
  const pods = claimed(client, set, podsOf);
  const allowed = shareOf(at(set, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable") ?? 1, nodes.length);
  const isGood = (pod: Stored): boolean => !isTerminating(pod) && isAvailable(pod, minReadySeconds(set), now);
  const old = pods.filter((pod) => !isTerminating(pod) && revisionOfPod(pod) !== hashIn(history.update));
  const missing = nodes.filter((node) => !pods.some((pod) => nodeNameOf(pod) === node.metadata.name && isGood(pod))).length;
  for (const pod of old.filter((each) => !isGood(each))) deletePod(client, set, pod);
  for (const pod of old.filter(isGood).slice(0, Math.max(0, allowed - missing))) deletePod(client, set, pod);
};

const statusOf = (client: Client, set: Stored, history: History, nodes: readonly Stored[], pods: readonly Stored[]): JsonRecord => {
  const now = client.world.clock.now();
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  const placed = pods.filter((pod) => !isTerminating(pod) && names.has(nodeNameOf(pod)));
  const ready = placed.filter(isReady);
  const available = ready.filter((pod) => isAvailable(pod, minReadySeconds(set), now)).length;
  const optional = {
    updatedNumberScheduled: placed.filter((pod) => revisionOfPod(pod) === hashIn(history.update)).length,
    numberAvailable: available,
    numberUnavailable: nodes.length - available,
  };
  return {
    currentNumberScheduled: new Set(placed.map(nodeNameOf)).size,
    numberMisscheduled: pods.filter((pod) => !isTerminating(pod) && !names.has(nodeNameOf(pod))).length,
    desiredNumberScheduled: nodes.length,
    numberReady: ready.length,
    observedGeneration: set.metadata.generation ?? 1,
    ...nonZero(optional),
  };
};
