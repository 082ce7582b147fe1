// StatefulSets: numbered pods, each with its own name and claims, made and replaced in order, as pkg/controller/statefulset. One that is
// broken holds up all that come after it.
import { type Client, type Controller, nonZero } from "#embedded/controllers/controller.ts";
import { claimed, ownersAffected, podFrom } from "#embedded/controllers/ownership.ts";
import { availableInMs, isAvailable, isReady, isTerminating, phaseOf } from "#embedded/pod-state.ts";
import { minReadySeconds, replicasOf } from "#embedded/controllers/replica-set.ts";
import { type History, historyOf, revisionLabel, revisionOfPod, templateIn, trimHistory } from "#embedded/controllers/revisions.ts";
import { type JsonRecord, type Stored, at, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import { builtIn, podsOf, storageKeyOf } from "#embedded/resources.ts";
import { refusalOf } from "#embedded/system-client.ts";

const statefulSets = builtIn("apps/v1", "StatefulSet");
const claims = builtIn("v1", "PersistentVolumeClaim");

export const statefulSetController = (client: Client): Controller => ({
  resource: statefulSets,
  affected: (change) => (change.storageKey === storageKeyOf(podsOf) ? ownersAffected(client, statefulSets, change) : []),
  sync: (set, again) => {
    if (isTerminating(set)) return;
    const history = historyOf(client, set, "controller.kubernetes.io/hash");
    const before = claimed(client, set, podsOf);
    const current = history.all.find(({ metadata }) => metadata.name === at(set, "status", "currentRevision")) ?? history.update;
    const refusal = refusalOf(() => step(client, { set, history, current, pods: before }));
    const pods = claimed(client, set, podsOf);
    client.setStatus(set, statusOf(client, { set, history, current, pods }));
    const used = new Set([current.metadata.name, ...pods.map(revisionOfPod)]);
    trimHistory(client, set, history, ({ metadata }) => used.has(metadata.name));
    const wait = availableInMs(pods, minReadySeconds(set), client.world.clock.now());
    if (wait !== undefined) again(wait);
    if (refusal !== undefined) throw refusal;
  },
});

interface Look {
  readonly set: Stored;
  readonly history: History;
  readonly current: Stored;
  readonly pods: readonly Stored[];
}

const startOf = (set: Stored): number => numberOf(at(set, "spec", "ordinals", "start")) ?? 0;
const partitionOf = (set: Stored): number => numberOf(at(set, "spec", "updateStrategy", "rollingUpdate", "partition")) ?? 0;
const isOnDelete = (set: Stored): boolean => at(set, "spec", "updateStrategy", "type") === "OnDelete";
const ordinalOf = (pod: Stored): number => Number(/-(\d+)$/.exec(pod.metadata.name)?.[1] ?? -1);
const isHealthy = (pod: Stored): boolean => phaseOf(pod) === "Running" && isReady(pod) && !isTerminating(pod);

/** As much as may be done before something has to be waited for. */
const step = (client: Client, look: Look): void => {
  const { set, pods } = look;
  const inOrder = at(set, "spec", "podManagementPolicy") !== "Parallel";
  const first = startOf(set);
  const count = replicasOf(set);
  const ordinals = Array.from({ length: count }, (_, index) => first + index);
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
  const isFine = (pod: Stored): boolean =>
    phaseOf(pod) === "Running" && !isTerminating(pod) && isAvailable(pod, minReadySeconds(set), client.world.clock.now());

  for (const ordinal of ordinals) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined) {
      createPod(client, look, ordinal);
      if (inOrder) return;
    } else if (inOrder && !isFine(pod)) return;
  }
  const condemned = pods
    .filter((pod) => ordinalOf(pod) < first || ordinalOf(pod) >= first + count)
    .toSorted((a, b) => ordinalOf(b) - ordinalOf(a));
  for (const pod of condemned) {
    if (!isTerminating(pod)) deletePod(client, set, pod);
    if (inOrder) return;
  }
  if (!isOnDelete(set)) updateNext(client, look, ordinals.toReversed(), byOrdinal);
};

/** The highest pod that is not of the newest revision; none before those above it are well. */
const updateNext = (client: Client, { set, history }: Look, ordinals: readonly number[], byOrdinal: ReadonlyMap<number, Stored>): void => {
  for (const ordinal of ordinals) {
    if (ordinal < startOf(set) + partitionOf(set)) return;
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined) return;
    if (revisionOfPod(pod) !== history.update.metadata.name && !isTerminating(pod)) {
      deletePod(client, set, pod);
      return;
    }
    if (!isHealthy(pod)) return;
  }
};

const inSet = (set: Stored): string => `in StatefulSet ${set.metadata.name}`;

const deletePod = (client: Client, set: Stored, pod: Stored): void => {
  client.remove(pod);
  client.tell(set, "Normal", "SuccessfulDelete", `delete Pod ${pod.metadata.name} ${inSet(set)} successful`);
};

const createPod = (client: Client, look: Look, ordinal: number): void => {
  const { set, history, current } = look;
  const name = `${set.metadata.name}-${ordinal}`;
  const revision = !isOnDelete(set) && ordinal < startOf(set) + partitionOf(set) ? current : history.update;
  const attempt = (what: string, done: string, work: () => unknown): void => {
    const refusal = refusalOf(work);
    if (refusal === undefined) client.tell(set, "Normal", "SuccessfulCreate", `create ${what} ${inSet(set)} ${done}`);
    else {
      client.tell(set, "Warning", "FailedCreate", `create ${what} ${inSet(set)} failed error: ${refusal.message}`);
      throw refusal;
    }
  };
  for (const claim of claimsOf(set, ordinal)) {
    if (client.find(claims, set.metadata.namespace, claim.name) !== undefined) continue;
    attempt(`Claim ${claim.name} Pod ${name}`, "success", () => client.create(claims, set.metadata.namespace, claim.body));
  }
  attempt(`Pod ${name}`, "successful", () => client.create(podsOf, set.metadata.namespace, podBody(set, revision, name, ordinal)));
};

const podBody = (set: Stored, revision: Stored, name: string, ordinal: number): JsonRecord => {
  const template = templateIn(revision);
  const spec = recordOf(template["spec"]);
  const own = claimsOf(set, ordinal).map((claim) => ({ name: claim.template, persistentVolumeClaim: { claimName: claim.name } }));
  const others = listOf(spec["volumes"]).filter((volume) => !own.some((each) => each.name === at(volume, "name")));
  const volumes = [...own, ...others];
  const body = podFrom(set, template, { name, generateName: `${set.metadata.name}-` });
  const metadata = recordOf(body["metadata"]);
  const labels = {
    ...recordOf(metadata["labels"]),
    "apps.kubernetes.io/pod-index": String(ordinal),
    [revisionLabel]: revision.metadata.name,
    "statefulset.kubernetes.io/pod-name": name,
  };
  const subdomain = textOf(at(set, "spec", "serviceName"));
  return {
    metadata: { ...metadata, labels },
    spec: { ...spec, hostname: name, ...(subdomain === "" ? {} : { subdomain }), ...(volumes.length === 0 ? {} : { volumes }) },
  };
};

const claimsOf = (
  set: Stored,
  ordinal: number,
): readonly { readonly name: string; readonly template: string; readonly body: JsonRecord }[] =>
  listOf(at(set, "spec", "volumeClaimTemplates")).map((template) => {
    const called = textOf(at(template, "metadata", "name"));
    const name = `${called}-${set.metadata.name}-${ordinal}`;
    const labels = { ...recordOf(at(template, "metadata", "labels")), ...recordOf(at(set, "spec", "selector", "matchLabels")) };
    return {
      name,
      template: called,
      body: { metadata: { name, labels }, spec: at(template, "spec") },
    };
  });

const statusOf = (client: Client, { set, history, current, pods }: Look): JsonRecord => {
  const now = client.world.clock.now();
  const update = history.update.metadata.name;
  const living = pods.filter((pod) => !isTerminating(pod));
  const running = pods.filter((pod) => phaseOf(pod) === "Running" && isReady(pod));
  const of = (name: string): number => living.filter((pod) => revisionOfPod(pod) === name).length;
  const updated = of(update);
  const ready = running.length;
  const isDone = !isOnDelete(set) && updated === pods.length && ready === pods.length && updated === replicasOf(set);
  const counts = { readyReplicas: ready, currentReplicas: isDone ? updated : of(current.metadata.name), updatedReplicas: updated };
  return {
    observedGeneration: set.metadata.generation ?? 1,
    replicas: pods.length,
    ...nonZero(counts),
    currentRevision: isDone ? update : current.metadata.name,
    updateRevision: update,
    collisionCount: 0,
    availableReplicas: running.filter((pod) => isAvailable(pod, minReadySeconds(set), now)).length,
  };
};
