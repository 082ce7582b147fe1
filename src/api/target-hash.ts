// The short name of a target: what the locks on it are called. Pure; the same in every process and version.
import type { ObjectReference } from "#api/object.ts";
import { hashOf } from "#lib/canonical-json.ts";

/** 12 hex of the object itself: the value of TARGET_LABEL and the middle of a workflow's name. */
export const targetHash = (target: ObjectReference): string => hashOf(identity(target)).slice(0, 12);

/** `rr-<12 hex>`: also of the cluster, so that records of several clusters can be kept side by side. `-<n>` follows. */
export const requestNameStem = (clusterUid: string, target: ObjectReference): string =>
  `rr-${hashOf({ cluster: clusterUid, target: identity(target) }).slice(0, 12)}`;

const identity = ({ apiVersion, kind, namespace, name }: ObjectReference): ObjectReference => ({ apiVersion, kind, namespace, name });
