// The change journal in ConfigMaps of our own namespace: few, each below what the API server takes, each written at most every 10 s. Only the leader writes.
import { ConfigMaps } from "#api/kubernetes.ts";
import { JOURNAL_LABEL } from "#api/labels.ts";
import type { KubeObject } from "#api/object.ts";
import { journalKey } from "#cluster/journal/journal.ts";
import type { JournalStore, LoadedJournal } from "#cluster/journal/journal-store.ts";
import { readShard, type Shard, shardBytes, shardOf } from "#cluster/journal/saved-shard.ts";
import { sizeOf, type Track } from "#cluster/journal/track.ts";
import type { Kube } from "#kube/client.ts";
import { isConflict, isNotFound } from "#kube/errors.ts";
import type { Clock } from "#lib/clock.ts";

export interface ConfigMapStoreDeps {
  readonly kube: Pick<Kube, "list" | "create" | "mergePatch">;
  readonly clock: Pick<Clock, "now">;
  readonly namespace: string;
}

/** A ConfigMap holds 1 MiB. */
export const maxShardBytes = 900 * 1024;
const maxShards = 64;
/** So that a shard that grows does not outgrow its ConfigMap at once. */
const wantedShardBytes = 400 * 1024;
const leastIntervalMs = 10_000;
/** What one shard may cost the API server's store on average: a large one is written less often. */
const bytesPerSecond = 4 * 1024;

const dataKey = "journal";
const nameOf = (index: number): string => `kintsugi-journal-${index}`;
const namePattern = /^kintsugi-journal-(\d{1,2})$/;

interface ShardState {
  readonly resourceVersion: string | undefined;
  readonly writtenAt: number;
  readonly bytes: number;
  /** Since when it lacks something; undefined where it lacks nothing. */
  readonly dirtySince: number | undefined;
}

interface SavedConfigMap extends KubeObject {
  readonly binaryData?: Readonly<Record<string, string>>;
}

export const createConfigMapStore = ({ kube, clock, namespace }: ConfigMapStoreDeps): JournalStore => {
  const shards = new Map<number, ShardState>();
  let count = 1;

  const stateOf = (index: number): ShardState =>
    shards.get(index) ?? { resourceVersion: undefined, writtenAt: 0, bytes: 0, dirtySince: undefined };
  const soil = (index: number): void => {
    const state = stateOf(index);
    shards.set(index, { ...state, dirtySince: state.dirtySince ?? clock.now() });
  };
  const growTo = (wanted: number): void => {
    while (count < wanted && count < maxShards) count *= 2;
    for (let index = 0; index < count; index += 1) soil(index);
  };
  const isDue = ({ dirtySince, writtenAt, bytes }: ShardState): boolean =>
    dirtySince !== undefined && clock.now() - writtenAt >= Math.max(leastIntervalMs, (bytes / bytesPerSecond) * 1000);

  const write = async (
    index: number,
    tracks: readonly Track[],
    asOf: number,
    signal: AbortSignal | undefined,
  ): Promise<"written" | "grown"> => {
    const now = clock.now();
    const others = [...shards].flatMap(([each, { dirtySince }]) => (each === index ? [] : (dirtySince ?? [])));
    const bytes = shardBytes({ savedAt: now, completeUntil: Math.min(asOf, ...others), tracks });
    if (bytes.byteLength > maxShardBytes && count < maxShards) {
      growTo(count * 2);
      return "grown";
    }
    if (bytes.byteLength > maxShardBytes)
      throw new Error(`shard ${index} of the change journal is too large to be saved: ${bytes.byteLength} bytes`);
    const saved = await put(index, stateOf(index).resourceVersion, bytes.toString("base64"), signal);
    shards.set(index, { resourceVersion: saved.metadata.resourceVersion, writtenAt: now, bytes: bytes.byteLength, dirtySince: undefined });
    return "written";
  };
  const put = async (
    index: number,
    resourceVersion: string | undefined,
    data: string,
    signal: AbortSignal | undefined,
  ): Promise<KubeObject> => {
    const options = signal === undefined ? {} : { signal };
    const name = nameOf(index);
    const content = { binaryData: { [dataKey]: data } };
    if (resourceVersion !== undefined)
      try {
        // The version guards against another process that takes itself for the leader.
        return await kube.mergePatch<KubeObject>(ConfigMaps, { namespace, name }, { metadata: { resourceVersion }, ...content }, options);
      } catch (error) {
        if (isConflict(error)) await refreshVersions(signal);
        if (!isNotFound(error)) throw error;
      }
    const metadata = { name, namespace, labels: { [JOURNAL_LABEL]: "true" } };
    return kube.create<KubeObject>(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata, ...content }, options);
  };

  /** Somebody else has written: what is ours to say is written over it, at the next call. */
  const refreshVersions = async (signal: AbortSignal | undefined): Promise<void> => {
    for (const { index, resourceVersion } of (await readSaved(kube, namespace, signal)).shards)
      shards.set(index, { ...stateOf(index), resourceVersion });
  };

  return {
    load: async (signal) => {
      const saved = await readSaved(kube, namespace, signal);
      for (const { index, resourceVersion } of saved.shards) shards.set(index, { ...stateOf(index), resourceVersion });
      while (saved.shards.some(({ index }) => index >= count)) count *= 2;
      return saved.journal;
    },
    save: async (changed, journal, { all, signal } = {}) => {
      const asOf = clock.now();
      const tracks = journal.tracks();
      const bytes = tracks.reduce((sum, track) => sum + sizeOf(track), 0);
      if (bytes > wantedShardBytes * count && count < maxShards) growTo(Math.ceil(bytes / wantedShardBytes));
      for (const key of changed) soil(shardOf(key, count));
      // Says up to when we have watched, so that what happens until the next start is placed between then and there.
      if (all !== undefined) soil(0);
      const isWanted = (index: number): boolean => (all !== undefined ? stateOf(index).dirtySince !== undefined : isDue(stateOf(index)));
      let members: ReadonlyMap<number, readonly Track[]> | undefined;
      for (let index = 0; index < count; index += 1) {
        if (!isWanted(index)) continue;
        members ??= groupsOf(tracks, count);
        if ((await write(index, members.get(index) ?? [], asOf, signal)) === "written") continue;
        // Others belong together now: from the beginning.
        members = undefined;
        index = -1;
      }
    },
  };
};

const groupsOf = (tracks: readonly Track[], count: number): ReadonlyMap<number, readonly Track[]> =>
  Map.groupBy(tracks, (track) => shardOf(journalKey(track.object), count));

interface Saved {
  readonly shards: readonly { readonly index: number; readonly resourceVersion: string }[];
  readonly journal: LoadedJournal;
}

const readSaved = async (kube: Pick<Kube, "list">, namespace: string, signal: AbortSignal | undefined): Promise<Saved> => {
  const scope = { namespace, labelSelector: `${JOURNAL_LABEL}=true` };
  const found = (await kube.list(ConfigMaps, scope, signal === undefined ? {} : { signal })) as readonly SavedConfigMap[];
  const shards: { index: number; resourceVersion: string }[] = [];
  const troubles: string[] = [];
  const whole: Shard[] = [];
  for (const { metadata, binaryData } of found) {
    const index = namePattern.exec(metadata.name)?.[1];
    if (index === undefined || Number(index) >= maxShards) continue;
    shards.push({ index: Number(index), resourceVersion: metadata.resourceVersion });
    const shard = readShard(Buffer.from(binaryData?.[dataKey] ?? "", "base64"));
    if (typeof shard === "string") troubles.push(`ConfigMap ${namespace}/${metadata.name} of the change journal was left out: ${shard}.`);
    else whole.push(shard);
  }
  // Of a track that stands in two, while the number of shards grew, the later one counts.
  const newestFirst = whole.toSorted((a, b) => b.savedAt - a.savedAt);
  const tracks = new Map<string, Track>();
  for (const { tracks: its } of newestFirst)
    for (const track of its) if (!tracks.has(journalKey(track.object))) tracks.set(journalKey(track.object), track);
  const savedAt = newestFirst[0]?.completeUntil;
  return { shards, journal: { tracks: [...tracks.values()], troubles, ...(savedAt === undefined ? {} : { savedAt }) } };
};

/** For readers: what the last leader has saved. */
export const loadJournal = async (kube: Pick<Kube, "list">, namespace: string, signal?: AbortSignal): Promise<LoadedJournal> =>
  (await readSaved(kube, namespace, signal)).journal;
