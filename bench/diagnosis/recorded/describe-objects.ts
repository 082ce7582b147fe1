// Objects of the API server out of `kubectl describe`: what describe shows, in the API's own shape. Never a value of a Secret.
import type { KubeObject, ObjectMeta } from "#api/object.ts";
import {
  annotationsOf,
  type Field,
  field,
  fieldsOf,
  fieldsOfText,
  labelsOf,
  listOf,
  said,
  tableBelow,
  valueOf,
} from "#bench/diagnosis/recorded/describe-text.ts";
import { podSpecOf } from "#bench/diagnosis/recorded/describe-pod-spec.ts";
import { claimOf, configMapOf, quotaOf, secretOf, storageClassOf, volumeOf } from "#bench/diagnosis/recorded/describe-data.ts";
import { nodeOf } from "#bench/diagnosis/recorded/describe-node.ts";
import { endpointsOf, serviceOf } from "#bench/diagnosis/recorded/describe-service.ts";
import { type RecordedType, uidOf } from "#bench/diagnosis/recorded/resource-types.ts";
import { timestampOf } from "#bench/diagnosis/recorded/times.ts";

/** The part of an object beside its kind and metadata. */
export type Body = Readonly<Record<string, unknown>>;
export type Describe = (fields: readonly Field[], text: string) => Body;

/** undefined: an error message, or a kind of which describe shows too little to be an object. */
export const describedObject = (type: RecordedType, namespace: string | undefined, text: string): KubeObject | undefined => {
  const fields = fieldsOfText(text);
  const name = valueOf(fields, "Name");
  const describe = Object.hasOwn(describers, type.kind) ? describers[type.kind] : undefined;
  if (name === undefined || describe === undefined) return undefined;
  return {
    apiVersion: type.apiVersion,
    kind: type.kind,
    metadata: metadataOf(type, namespace, name, fields),
    ...describe(fields, text),
  } as KubeObject;
};

const metadataOf = (type: RecordedType, asked: string | undefined, name: string, fields: readonly Field[]): ObjectMeta => {
  const namespace = type.namespaced ? (valueOf(fields, "Namespace") ?? asked) : undefined;
  const owner = /^(\w+)\/(\S+)$/.exec(valueOf(fields, "Controlled By") ?? "");
  const finalizers = /^\[(.*)\]$/.exec(valueOf(fields, "Finalizers") ?? "")?.[1];
  const createdAt = timestampOf(valueOf(fields, "CreationTimestamp")) ?? timestampOf(valueOf(fields, "Start Time"));
  const isEnding = field(fields, "Status").value.startsWith("Terminating");
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: uidOf(type.kind, namespace, name),
    resourceVersion: "1",
    creationTimestamp: createdAt ?? "",
    ...(isEnding ? { deletionTimestamp: createdAt ?? "" } : {}),
    labels: labelsOf(field(fields, "Labels")),
    annotations: annotationsOf(field(fields, "Annotations")),
    ...(finalizers === undefined ? {} : { finalizers: finalizers.split(" ") }),
    ...(owner === null
      ? {}
      : {
          ownerReferences: [
            {
              apiVersion: owner[1] === "Job" ? "batch/v1" : "apps/v1",
              kind: owner[1] ?? "",
              name: owner[2] ?? "",
              uid: uidOf(owner[1] ?? "", namespace, owner[2] ?? ""),
              controller: true,
            },
          ],
        }),
  };
};

/** A pod's table has no line of dashes and no reasons. */
const conditionsOf = (fields: readonly Field[]): readonly object[] =>
  field(fields, "Conditions").below.flatMap((line) => {
    const match = /^\s*(\S+)\s+(True|False|Unknown)\b\s*(\S*)/.exec(line);
    return match === null
      ? []
      : [{ type: match[1], status: match[2], ...(said(match[3] ?? "") === undefined ? {} : { reason: match[3] }) }];
  });

const templateOf = (fields: readonly Field[]): object => {
  const inner = fieldsOf(field(fields, "Pod Template").below);
  return {
    metadata: { labels: labelsOf(field(inner, "Labels")), annotations: annotationsOf(field(inner, "Annotations")) },
    spec: podSpecOf(inner).spec,
  };
};

const selectorOf = (fields: readonly Field[]): object => ({ matchLabels: labelsOf(field(fields, "Selector")) });

/** `3 desired | 2 updated | …`, `1 current / 1 desired`, `4 Running / 0 Waiting`. */
const counted = (text: string, word: string): number | undefined => {
  const count = new RegExp(`(\\d+) ${word}\\b`).exec(text)?.[1];
  return count === undefined ? undefined : Number(count);
};

const podOf: Describe = (fields) => {
  const { spec, statuses, initStatuses } = podSpecOf(fields);
  const word = (key: string): string | undefined => valueOf(fields, key);
  const phase = word("Status")?.replace(/^Terminating.*/, "Running");
  return {
    spec,
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(word("Reason") === undefined ? {} : { reason: word("Reason") }),
      ...(word("Message") === undefined ? {} : { message: word("Message") }),
      ...(word("IP") === undefined ? {} : { podIP: word("IP") }),
      ...(timestampOf(word("Start Time")) === undefined ? {} : { startTime: timestampOf(word("Start Time")) }),
      conditions: conditionsOf(fields),
      containerStatuses: statuses,
      initContainerStatuses: initStatuses,
    },
  };
};

const deploymentOf: Describe = (fields) => {
  const replicas = field(fields, "Replicas").value;
  const rolling = /(\S+) max unavailable, (\S+) max surge/.exec(field(fields, "RollingUpdateStrategy").value);
  return {
    spec: {
      replicas: counted(replicas, "desired") ?? 0,
      selector: selectorOf(fields),
      strategy: {
        type: field(fields, "StrategyType").value,
        ...(rolling === null ? {} : { rollingUpdate: { maxUnavailable: rolling[1], maxSurge: rolling[2] } }),
      },
      template: templateOf(fields),
    },
    status: {
      replicas: counted(replicas, "total") ?? 0,
      updatedReplicas: counted(replicas, "updated") ?? 0,
      availableReplicas: counted(replicas, "available") ?? 0,
      readyReplicas: counted(replicas, "available") ?? 0,
      unavailableReplicas: counted(replicas, "unavailable") ?? 0,
      conditions: conditionsOf(fields),
    },
  };
};

const replicaSetOf: Describe = (fields) => {
  const replicas = field(fields, "Replicas").value;
  const status = field(fields, "Pods Status").value;
  return {
    spec: {
      replicas: counted(replicas, "desired") ?? 0,
      selector: selectorOf(fields),
      template: templateOf(fields),
    },
    status: {
      replicas: counted(replicas, "current") ?? counted(replicas, "total") ?? 0,
      running: counted(status, "Running") ?? 0,
      conditions: conditionsOf(fields),
    },
  };
};

const statefulSetOf: Describe = (fields) => {
  const replicas = field(fields, "Replicas").value;
  return {
    spec: { replicas: counted(replicas, "desired") ?? 0, selector: selectorOf(fields), template: templateOf(fields) },
    status: { replicas: counted(replicas, "total") ?? 0, readyReplicas: counted(field(fields, "Pods Status").value, "Running") ?? 0 },
  };
};

const daemonSetOf: Describe = (fields) => {
  const count = (key: string): number => Number(field(fields, key).value) || 0;
  return {
    spec: { selector: selectorOf(fields), template: templateOf(fields) },
    status: {
      desiredNumberScheduled: count("Desired Number of Nodes Scheduled"),
      currentNumberScheduled: count("Current Number of Nodes Scheduled"),
      updatedNumberScheduled: count("Number of Nodes Scheduled with Up-to-date Pods"),
      numberAvailable: count("Number of Nodes Scheduled with Available Pods"),
      numberReady: count("Number of Nodes Scheduled with Available Pods"),
    },
  };
};

const serviceAccountOf: Describe = (fields) => ({
  imagePullSecrets: listOf(field(fields, "Image pull secrets")).map((name) => ({ name: name.replace(/ \(not found\)$/, "") })),
});

const namespaceOf: Describe = (fields) => ({ status: { phase: field(fields, "Status").value } });

const roleBindingOf: Describe = (fields) => {
  const role = fieldsOf(field(fields, "Role").below);
  return {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: field(role, "Kind").value, name: field(role, "Name").value },
    subjects: tableBelow(field(fields, "Subjects").below).map(({ Kind, Name, Namespace }) => ({
      kind: Kind,
      name: Name,
      ...(said(Namespace ?? "") === undefined ? {} : { namespace: Namespace }),
    })),
  };
};

const describers: Readonly<Record<string, Describe>> = {
  Pod: podOf,
  Deployment: deploymentOf,
  ReplicaSet: replicaSetOf,
  StatefulSet: statefulSetOf,
  DaemonSet: daemonSetOf,
  ServiceAccount: serviceAccountOf,
  Namespace: namespaceOf,
  Service: serviceOf,
  Endpoints: endpointsOf,
  Node: nodeOf,
  PersistentVolumeClaim: claimOf,
  PersistentVolume: volumeOf,
  StorageClass: storageClassOf,
  ResourceQuota: quotaOf,
  ConfigMap: configMapOf,
  Secret: secretOf,
  RoleBinding: roleBindingOf,
};
