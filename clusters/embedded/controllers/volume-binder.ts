// Claims and the volumes made beforehand: which fits which, bound for good, and why a claim waits; pkg/controller/volume/persistentvolume. No
// volume is ever made here: whoever asks for one is told that nobody does.
import type { Client, Controller } from "#embedded/controllers/controller.ts";
import { isFinished, isTerminating } from "#embedded/pod-state.ts";
import { type JsonRecord, type Stored, at, isRecord, listOf, recordOf, textOf, withValue, withoutFinalizer } from "#embedded/json.ts";
import type { Place } from "#embedded/objects.ts";
import { builtIn, podsOf, storageKeyOf } from "#embedded/resources.ts";
import { matchesSelector } from "#embedded/selectors.ts";
import { parseQuantity } from "#lib/quantity.ts";

const claims = builtIn("v1", "PersistentVolumeClaim");
const volumes = builtIn("v1", "PersistentVolume");
const classes = builtIn("storage.k8s.io/v1", "StorageClass");

export const claimProtection = "kubernetes.io/pvc-protection";
export const volumeProtection = "kubernetes.io/pv-protection";

export const claimController = (client: Client): Controller => ({
  resource: claims,
  affected: ({ storageKey, object, type }) => {
    const waiting = (): readonly Place[] =>
      client.world.store
        .list(storageKeyOf(claims))
        .filter((claim) => at(claim, "status", "phase") !== "Bound")
        .map(({ metadata }) => metadata);
    if (storageKey === storageKeyOf(volumes)) {
      const { namespace, name } = recordOf(at(object, "spec", "claimRef"));
      return [...waiting(), ...(type === "DELETED" && textOf(name) !== "" ? [{ namespace: textOf(namespace), name: textOf(name) }] : [])];
    }
    if (storageKey === storageKeyOf(classes)) return waiting();
    // A pod may be the first consumer, or the last user of a claim that is to go.
    if (storageKey === storageKeyOf(podsOf)) return claimsOf(object).map((name) => ({ namespace: object.metadata.namespace, name }));
    return [];
  },
  sync: (claim) => {
    if (isTerminating(claim)) release(client, claim);
    else if (at(claim, "status", "phase") === "Bound") checkBound(client, claim);
    else bindOrWait(client, claim);
  },
  gone: (place) => {
    for (const volume of client.list(volumes)) if (isRefTo(volume, place)) setPhase(client, volume);
  },
});

export const volumeController = (client: Client): Controller => ({
  resource: volumes,
  affected: () => [],
  sync: (volume) => {
    const isBound = at(volume, "status", "phase") === "Bound";
    if (isTerminating(volume) && !isBound) client.update(volume, (old) => withoutFinalizer(old, volumeProtection));
    else if (!isTerminating(volume)) setPhase(client, volume);
  },
});

export const claimsOf = (pod: Stored): readonly string[] =>
  listOf(at(pod, "spec", "volumes")).flatMap((volume) => {
    const name = textOf(at(volume, "persistentVolumeClaim", "claimName"));
    return name === "" ? [] : [name];
  });

const isRefTo = (volume: Stored, { namespace, name }: Place): boolean =>
  at(volume, "spec", "claimRef", "name") === name && at(volume, "spec", "claimRef", "namespace") === namespace;

const setPhase = (client: Client, volume: Stored): void => {
  const reference = recordOf(at(volume, "spec", "claimRef"));
  const claim = client.find(claims, textOf(reference["namespace"]), textOf(reference["name"]));
  const uid = textOf(reference["uid"]);
  const phase = uid === "" ? "Available" : claim?.metadata.uid === uid ? "Bound" : "Released";
  if (at(volume, "status", "phase") === phase) return;
  client.setStatus(volume, { ...recordOf(volume["status"]), phase, lastPhaseTransitionTime: client.world.timestamp() });
};

/** A claim goes when no pod uses it any longer. */
const release = (client: Client, claim: Stored): void => {
  const users = client
    .list(podsOf, claim.metadata.namespace)
    .filter((pod) => !isFinished(pod) && claimsOf(pod).includes(claim.metadata.name));
  if (users.length === 0) client.update(claim, (old) => withoutFinalizer(old, claimProtection));
};

const checkBound = (client: Client, claim: Stored): void => {
  if (client.find(volumes, undefined, textOf(at(claim, "spec", "volumeName"))) !== undefined) return;
  client.setStatus(claim, { phase: "Lost" });
  client.tell(claim, "Warning", "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
};

const classOf = (object: Stored): string => textOf(at(object, "spec", "storageClassName"));
const sizeOf = (value: unknown): bigint => parseQuantity(textOf(value)) ?? 0n;

const bindOrWait = (client: Client, claim: Stored): void => {
  const { namespace, name } = claim.metadata;
  const className = classOf(claim);
  const storage = client.find(classes, undefined, className);
  const consumer = client.list(podsOf, namespace).find((pod) => !isTerminating(pod) && claimsOf(pod).includes(name));
  const isLate = storage?.["volumeBindingMode"] === "WaitForFirstConsumer";
  const found = isLate && consumer === undefined ? undefined : bestVolume(client, claim);
  if (found !== undefined) {
    bind(client, claim, found);
    return;
  }
  if (textOf(at(claim, "spec", "volumeName")) !== "") return;
  if (className === "")
    client.tell(claim, "Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
  else if (storage === undefined)
    client.tell(claim, "Warning", "ProvisioningFailed", `storageclass.storage.k8s.io "${className}" not found`);
  else if (isLate && consumer === undefined)
    client.tell(claim, "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
  else if (isLate) client.tell(claim, "Normal", "WaitForPodScheduled", `waiting for pod ${consumer?.metadata.name ?? ""} to be scheduled`);
  else {
    const provisioner = textOf(storage["provisioner"]);
    if (provisioner.startsWith("kubernetes.io/"))
      client.tell(claim, "Warning", "ProvisioningFailed", `no volume plugin matched name: ${provisioner}`);
    else
      client.tell(
        claim,
        "Normal",
        "ExternalProvisioning",
        `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
      );
  }
};

/** One that names this claim, else the smallest that is large enough. */
const bestVolume = (client: Client, claim: Stored): Stored | undefined => {
  const wanted = textOf(at(claim, "spec", "volumeName"));
  const fitting = client.list(volumes).filter((volume) => {
    const reference = at(volume, "spec", "claimRef");
    if (isTerminating(volume) || (isRecord(reference) && !isRefTo(volume, claim.metadata))) return false;
    if (isRecord(reference) && textOf(reference["uid"]) !== "" && reference["uid"] !== claim.metadata.uid) return false;
    if (wanted !== "" && wanted !== volume.metadata.name) return false;
    const modes = listOf(at(volume, "spec", "accessModes"));
    const selector = at(claim, "spec", "selector");
    return (
      classOf(volume) === classOf(claim) &&
      listOf(at(claim, "spec", "accessModes")).every((mode) => modes.includes(mode)) &&
      (at(volume, "spec", "volumeMode") ?? "Filesystem") === (at(claim, "spec", "volumeMode") ?? "Filesystem") &&
      sizeOf(at(volume, "spec", "capacity", "storage")) >= sizeOf(at(claim, "spec", "resources", "requests", "storage")) &&
      (selector === undefined || matchesSelector(selector, recordOf(volume.metadata.labels)))
    );
  });
  const isNamed = (volume: Stored): boolean => isRecord(at(volume, "spec", "claimRef"));
  const size = (volume: Stored): bigint => sizeOf(at(volume, "spec", "capacity", "storage"));
  return fitting.toSorted((a, b) => {
    if (isNamed(a) !== isNamed(b)) return isNamed(a) ? -1 : 1;
    if (size(a) !== size(b)) return size(a) < size(b) ? -1 : 1;
    return a.metadata.name < b.metadata.name ? -1 : 1;
  })[0];
};

const annotated = (object: Stored, annotations: JsonRecord): JsonRecord =>
  withValue(object, ["metadata", "annotations"], { ...object.metadata.annotations, ...annotations });

const bind = (client: Client, claim: Stored, volume: Stored): void => {
  const { namespace, name, uid, resourceVersion } = claim.metadata;
  const reference = { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid, resourceVersion };
  const bound = client.update(volume, (old) =>
    withValue(annotated(old, { "pv.kubernetes.io/bound-by-controller": "yes" }), ["spec", "claimRef"], reference),
  );
  setPhase(client, bound);
  const annotations = { "pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes" };
  const done = client.update(claim, (old) => withValue(annotated(old, annotations), ["spec", "volumeName"], volume.metadata.name));
  client.setStatus(done, {
    phase: "Bound",
    accessModes: at(volume, "spec", "accessModes"),
    capacity: at(volume, "spec", "capacity"),
  });
};
