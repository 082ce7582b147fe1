// A cluster with controllers and nodes as the workload cases see it, and how they wait in it. Must never sleep: every wait is a watch.
import type { Body, Caller } from "#test/contract/cluster.ts";

export interface WorkloadCluster extends Caller {
  /** By impersonation. */
  as(user: string, groups?: readonly string[]): Caller;
}

export interface WorkloadCase {
  readonly name: string;
  run(cluster: WorkloadCluster, namespace: string): Promise<void>;
}

export interface WorkloadTopic {
  readonly title: string;
  readonly cases: readonly WorkloadCase[];
}

const patienceSeconds = 120;

/** The objects of a collection, from now on, until they fit; fails with what was there last. */
export const until = async (cluster: Caller, collection: string, fits: (items: readonly Body[]) => boolean): Promise<readonly Body[]> => {
  const [path = "", query = ""] = collection.split("?");
  const selection = query === "" ? "" : `${query}&`;
  const listed = await cluster.get(collection);
  if (listed.status !== 200) throw new Error(`${collection}: the server answered ${listed.status}: ${listed.text}`);
  const items = new Map(listed.body.items.map((item) => [item.metadata.uid, item]));
  if (fits([...items.values()])) return [...items.values()];
  const from = listed.body.metadata.resourceVersion;
  const watch = await cluster.watch(`${path}?${selection}resourceVersion=${from}&timeoutSeconds=${patienceSeconds}`);
  try {
    await watch.until(({ type, object }) => {
      if (type === "DELETED") items.delete(object.metadata.uid);
      else items.set(object.metadata.uid, object);
      return fits([...items.values()]);
    });
    return [...items.values()];
  } catch (error) {
    const last = JSON.stringify([...items.values()].map(withoutHistory), null, 1);
    throw new Error(`${collection} never was as expected; in the end: ${last.slice(0, 6000)}`, { cause: error });
  } finally {
    watch.close();
  }
};

/** One object, by the path of its collection and its name. */
export const untilObject = async (cluster: Caller, collection: string, name: string, fits: (object: Body) => boolean): Promise<Body> => {
  const items = await until(cluster, `${collection}?fieldSelector=metadata.name=${name}`, ([item]) => item !== undefined && fits(item));
  return items[0] as Body;
};

/** The first event about this object that fits: a text is the whole message. Others of the same reason may come before it. */
export const untilEvent = async (
  cluster: Caller,
  namespace: string,
  about: { readonly kind: string; readonly name: string },
  reason: string,
  message: RegExp | string = /./,
): Promise<Body> => {
  const selector = `involvedObject.kind=${about.kind},involvedObject.name=${about.name},reason=${reason}`;
  const fits = (event: Body): boolean => (typeof message === "string" ? event.message === message : message.test(event.message));
  const events = await until(cluster, `/api/v1/namespaces/${namespace}/events?fieldSelector=${selector}`, (items) => items.some(fits));
  return events.find(fits) as Body;
};

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export const conditionOf = (object: Body, type: string): Condition | undefined =>
  ((object.status["conditions"] ?? []) as readonly Condition[]).find((condition) => condition.type === type);

const withoutHistory = (item: Body): unknown => ({ ...item, metadata: { ...item.metadata, managedFields: undefined } });
