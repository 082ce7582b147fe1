// fix_reference: the name of a ConfigMap or a claim, or a key of a ConfigMap, corrected in a pod template to one that exists.
// Never a Secret or a ServiceAccount: whose secrets and rights a pod gets is not decided by how similar two names are.
import * as z from "zod";
import { DaemonSets, Deployments, StatefulSets, type ConfigMap, type Deployment, type PersistentVolumeClaim } from "#api/kubernetes.ts";
import type { PatchOperation } from "#api/change.ts";
import type { KubeObject } from "#api/object.ts";
import { defineAction, patches, noOp, patched, type PlanResult, refused } from "#actions/action.ts";
import { repairObstacle, rolloutEffect } from "#actions/rollout.ts";
import { type NamedKind, type NamePlace, namePlaces } from "#actions/template-names.ts";
import { pointer } from "#lib/json-patch.ts";

const objectName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/, "not a name of an object");
const word = z
  .string()
  .max(253)
  .regex(/^[-._a-zA-Z0-9]+$/, "neither a name nor a key");

/** From the pod's spec: every place of a name or key that `namePlaces` finds. */
const referencePaths = [
  ...["containers", "initContainers"].flatMap((list) => [
    `${list}/*/env/*/valueFrom/configMapKeyRef/name`,
    `${list}/*/env/*/valueFrom/configMapKeyRef/key`,
    `${list}/*/envFrom/*/configMapRef/name`,
  ]),
  ...["volumes/*/configMap", "volumes/*/projected/sources/*/configMap"].flatMap((place) => [`${place}/name`, `${place}/items/*/key`]),
  "volumes/*/persistentVolumeClaim/claimName",
];

export const fixReference = defineAction({
  name: "fix_reference",
  title: "Correct a reference",
  description:
    "Corrects the name of a ConfigMap or a PersistentVolumeClaim, or a key of a ConfigMap, everywhere in the pod template. Refuses Secrets and ServiceAccounts, a wrong name that exists, a right name that does not exist or has not all the keys that the template uses, and a workload that would not roll out. Does not check whether other pods use the claim.",
  targetKinds: ["Deployment", "StatefulSet", "DaemonSet"],
  reads: [],
  risk: "medium",
  undo: "inverse",
  writes: patches(
    [Deployments, StatefulSets, DaemonSets],
    referencePaths.map((path) => `/spec/template/spec/${path}`),
  ),
  parameters: z.object({
    kind: z.enum(["ConfigMap", "PersistentVolumeClaim"]).describe("The kind of the referenced object."),
    name: objectName.describe("The name in the template; if a key is wrong, the ConfigMap that should have it."),
    key: word.optional().describe("The wrong key, if a key of the ConfigMap is wrong and not its name."),
    to: word.describe("The right name, or the right key."),
  }),
  looksUp: ({ kind, name, key, to }) => [name, ...(key === undefined ? [to] : [])].map((each) => ({ apiVersion: "v1", kind, name: each })),
  plan: ({ kind, name, key, to }, target, { named = [] }) => {
    const obstacle = repairObstacle(target);
    if (obstacle !== undefined) return refused(obstacle);
    const places = namePlaces((target as Deployment).spec.template.spec, kind);
    const find = (wanted: string): KubeObject | undefined =>
      named.find((object) => object.kind === kind && object.metadata.name === wanted);
    if (key === undefined) return correctName(target, places, { kind, name, to }, find);
    if (kind !== "ConfigMap") return refused(`a ${kind} has no keys`);
    return correctKey(target, places, { name, key, to }, find(name) as ConfigMap | undefined);
  },
  verify: ({ target }, changes) => rolloutEffect(target, changes),
});

const correctName = (
  target: KubeObject,
  places: readonly NamePlace[],
  { kind, name, to }: { readonly kind: NamedKind; readonly name: string; readonly to: string },
  find: (name: string) => KubeObject | undefined,
): PlanResult => {
  const wrong = places.filter((place) => place.name === name);
  if (wrong.length === 0 || name === to)
    return places.some((place) => place.name === to)
      ? noOp(`it already names ${kind} ${to}`)
      : refused(`its template does not name ${kind} ${name}`);
  if (find(name) !== undefined) return refused(`${kind} ${name} exists`);
  const right = find(to);
  if (right === undefined) return refused(`${kind} ${to} does not exist`);
  const flaw = kind === "ConfigMap" ? lacks(right as ConfigMap, wrong) : flawOf(right as PersistentVolumeClaim);
  if (flaw !== undefined) return refused(`${kind} ${to} ${flaw}`);
  return patched(
    target,
    wrong.flatMap(({ path }) => replace(path, name, to)),
  );
};

const correctKey = (
  target: KubeObject,
  places: readonly NamePlace[],
  { name, key, to }: { readonly name: string; readonly key: string; readonly to: string },
  configMap: ConfigMap | undefined,
): PlanResult => {
  const asked = places.filter((place) => place.name === name);
  const operations = asked.flatMap(({ path, keys }) => {
    const wrong = keys.filter((each) => each.key === key);
    // Which ConfigMap it is a key of is part of what is corrected.
    return wrong.length === 0 ? [] : [test(path, name), ...wrong.flatMap((each) => replace(each.path, key, to))];
  });
  if (operations.length === 0 || key === to)
    return asked.some(({ keys }) => keys.some((each) => each.key === to))
      ? noOp(`it already uses key ${to} of ConfigMap ${name}`)
      : refused(`its template does not use key ${key} of ConfigMap ${name}`);
  if (configMap === undefined) return refused(`ConfigMap ${name} does not exist`);
  if (has(configMap, key)) return refused(`ConfigMap ${name} has key ${key}`);
  if (!has(configMap, to)) return refused(`ConfigMap ${name} has no key ${to}`);
  return patched(target, operations);
};

const at = (path: readonly string[]): string => pointer("spec", "template", "spec", ...path);
const test = (path: readonly string[], value: string): PatchOperation => ({ op: "test", path: at(path), value });
const replace = (path: readonly string[], before: string, after: string): readonly PatchOperation[] => [
  test(path, before),
  { op: "replace", path: at(path), value: after },
];

const has = ({ data = {}, binaryData = {} }: ConfigMap, key: string): boolean => Object.hasOwn(data, key) || Object.hasOwn(binaryData, key);

const lacks = (configMap: ConfigMap, places: readonly NamePlace[]): string | undefined => {
  if (configMap.metadata.deletionTimestamp !== undefined) return "is being deleted";
  const missing = places
    .filter(({ isOptional }) => !isOptional)
    .flatMap(({ keys }) => keys)
    .find(({ key }) => !has(configMap, key));
  return missing === undefined ? undefined : `has no key ${missing.key}`;
};

const flawOf = ({ metadata, status }: PersistentVolumeClaim): string | undefined => {
  if (metadata.deletionTimestamp !== undefined) return "is being deleted";
  return status?.phase === "Lost" ? "has lost its volume" : undefined;
};
