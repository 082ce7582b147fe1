// Suggestions for an object that does not exist: a similar name, or the same name in another namespace. Only reads.
import type { Reference } from "#api/fields.ts";
import { CronJobs, DaemonSets, Deployments, Jobs, Pods, Services, StatefulSets } from "#api/kubernetes.ts";
import { apiVersionOf, type KubeObject, type ObjectReference, referenceText, type ResourceType } from "#api/object.ts";
import { type CliError, misuse } from "#cli/failure.ts";
import { requireNamespace } from "#cli/namespaces.ts";
import { kindAndName, referenceOf, typeNamed } from "#cli/reference.ts";
import { listed } from "#lib/words.ts";
import { nearest } from "#diagnosis/nearest.ts";
import type { Kube, ListScope } from "#kube/client.ts";
import { isForbidden, isNotFound } from "#kube/errors.ts";

export interface Asking {
  readonly kube: Kube;
  /** Of an object whose kind has namespaces. */
  readonly namespace: string;
  /** The kinds that may be asked about. */
  readonly types: readonly ResourceType[];
  readonly signal?: AbortSignal | undefined;
}

/** The object that `deployment/web` or `deployment web` names; whether it exists is not known here. */
export const objectAsked = async (asking: Asking, first: string, second: string | undefined): Promise<Reference> => {
  const text = kindAndName(first, second);
  if (!text.includes("/") && typeNamed(text, asking.types) === undefined) {
    const found = await kindsWith(asking, text);
    if (found.length > 0) throw misuse(`"${text}" has no kind`, `Did you mean ${listed(found, "or")}?`);
  }
  return referenceOf(text, asking.namespace, asking.types);
};

/** Throws where its namespace does not exist. */
export const missingObject = async (asking: Asking, asked: ObjectReference, found = "not found"): Promise<CliError> => {
  const { kube, types, signal } = asking;
  const { namespace, name } = asked;
  if (namespace !== undefined) await requireNamespace(kube, namespace, signal);
  const type = types.find((each) => each.kind === asked.kind && apiVersionOf(each) === asked.apiVersion);
  const message = `${referenceText(asked)} ${found}`;
  if (type === undefined) return misuse(message);
  const local = await namesOf(asking, type, namespace === undefined ? {} : { namespace });
  const similar = nearest(
    name,
    local.map((each) => each.metadata.name),
  );
  if (similar !== undefined) return misuse(message, `Did you mean ${type.kind.toLowerCase()}/${similar}?`);
  const elsewhere =
    namespace === undefined ? [] : await namesOf(asking, type, { fieldSelector: `metadata.name=${name}`, limit: mostNamed });
  const places = elsewhere.filter((each) => each.metadata.name === name).map((each) => each.metadata.namespace ?? "");
  return misuse(message, places.length === 0 ? undefined : `Found in ${listed(places, "or")}: use -n ${places[0]}.`);
};

const mostNamed = 5;

/** In the order in which they are suggested. */
const usualTypes: readonly ResourceType[] = [Deployments, StatefulSets, DaemonSets, CronJobs, Jobs, Pods, Services];

const kindsWith = async (asking: Asking, name: string): Promise<readonly string[]> => {
  const scope = { namespace: asking.namespace, fieldSelector: `metadata.name=${name}` };
  const found = await Promise.all(usualTypes.map((type) => namesOf(asking, type, scope)));
  return usualTypes
    .filter((_, at) => found[at]?.some((each) => each.metadata.name === name))
    .map((type) => `${type.kind.toLowerCase()}/${name}`);
};

/** A suggestion is worth no error: what may not be listed suggests nothing. */
const namesOf = async ({ kube, signal }: Asking, type: ResourceType, scope: ListScope): Promise<readonly KubeObject[]> => {
  try {
    return await kube.list(type, scope, signal === undefined ? {} : { signal });
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return [];
    throw error;
  }
};
