// What belongs to the one object that is looked at: itself, its pods and revisions, its configuration, what owns it. Reads through the collection's budget.
import type { Reference } from "#api/fields.ts";
import { ConfigMaps, Pods, ReplicaSets, type LabelSelector, type PodTemplate } from "#api/kubernetes.ts";
import { apiVersionOf, referenceText, type ResourceType, controllerOf } from "#api/object.ts";
import { templateOf } from "#cluster/workload-shape.ts";
import { configsRead } from "#evidence/configs.ts";
import type { Gather } from "#evidence/gather.ts";
import { clusterKinds, namespacedKinds } from "#evidence/kinds-read.ts";
import { selectorText } from "#evidence/selector-text.ts";

/** What the pages of its namespace left out: the target itself, its pods and revisions, its configuration. */
export const completeTarget = async (gather: Gather, target: Reference): Promise<void> => {
  const type = typeOfKind(target);
  if (type === undefined) return gather.gaps.add(`read ${referenceText(target)}`, "objects of this kind cannot be looked into");
  const key = keyOfReference(target);
  if (gather.find(type, key) === undefined && !gather.hasRead(type, target.namespace)) await gather.get(type, key);
  const { namespace } = target;
  if (namespace === undefined) return;
  const { spec } = (gather.find(type, key) ?? {}) as {
    readonly spec?: { readonly selector?: LabelSelector; readonly template?: PodTemplate };
  };
  const selector = spec?.template === undefined || spec.selector === undefined ? undefined : selectorText(spec.selector);
  const lists = [Pods, ReplicaSets].filter((each) => !gather.hasRead(each, namespace));
  await Promise.all([
    ...(selector === undefined
      ? []
      : lists.map((each) => gather.list({ type: each as ResourceType }, { namespace, labelSelector: selector }))),
    ...configNames(gather, target).map((name) => gather.get(ConfigMaps, { namespace, name })),
  ]);
};

const maxConfigs = 5;

const configNames = (gather: Gather, target: Reference): readonly string[] => {
  const { namespace } = target;
  if (namespace === undefined || gather.hasRead(ConfigMaps, namespace)) return [];
  return templatesOf(gather, target)
    .flatMap(configsRead)
    .map(({ name }) => name)
    .filter((name) => gather.find(ConfigMaps, { namespace, name }) === undefined)
    .slice(0, maxConfigs);
};

export const templatesOf = (gather: Gather, target: Reference): readonly PodTemplate[] => {
  const type = typeOfKind(target);
  const object = type && gather.find(type, keyOfReference(target));
  const template = object && templateOf(object);
  return template === undefined ? [] : [template];
};

/** The target and what owns it, so that the logs of its pods are known as its own. */
export const uidsAbove = (gather: Gather, target: Reference): ReadonlySet<string> => {
  const uids = new Set<string>();
  const add = (reference: { readonly apiVersion: string; readonly kind: string; readonly name: string }): void => {
    const type = typeOfKind(reference);
    const object = type === undefined ? undefined : gather.find(type, keyOfReference({ ...target, name: reference.name }));
    if (object === undefined || uids.has(object.metadata.uid)) return;
    uids.add(object.metadata.uid);
    const owner = controllerOf(object);
    if (owner !== undefined) add(owner);
  };
  add(target);
  return uids;
};

const keyOfReference = ({ namespace, name }: Reference): { readonly namespace?: string; readonly name: string } =>
  namespace === undefined ? { name } : { namespace, name };

const typesByKind = new Map([...namespacedKinds, ...clusterKinds].map(({ type }) => [`${apiVersionOf(type)} ${type.kind}`, type]));
const typeOfKind = (reference: { readonly apiVersion: string; readonly kind: string }): ResourceType | undefined =>
  typesByKind.get(`${reference.apiVersion} ${reference.kind}`);
