// The change journal in ConfigMaps of our own namespace: few, each below what the API server takes, each written at most every 10 s. Only the
// leader writes. Each is sealed with the key of the installation: what another writer puts there is never used.
import { setImmediate as nextTurn } from "node:timers/promises";
import { ConfigMaps } from "#api/kubernetes.ts";
import { JOURNAL_LABEL } from "#api/labels.ts";
import type { Key, KubeObject } from "#api/object.ts";
import { ensureKey } from "#cluster/installation-key.ts";
import { journalKey } from "#cluster/journal/journal.ts";
import { isSealed, JOURNAL_KEY_NAME, sealOf } from "#cluster/journal/journal-seal.ts";
import type { JournalStore, LoadedJournal } from "#cluster/journal/journal-store.ts";
import { readShard, type Shard, shardBytes, shardOf } from "#cluster/journal/saved-shard.ts";
import { sizeOf, type Track } from "#cluster/journal/track.ts";
import type { Kube } from "#kube/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "#kube/errors.ts";
import type { Clock } from "#lib/clock.ts";

export interface ConfigMapStoreDeps {
  readonly kube: Pick<Kube, "list" | "get" | "create" | "mergePatch">;
  readonly clock: Pick<Clock, "now">;
  readonly namespace: string;
  /** For the key of the seals, where there is none yet. */
  readonly randomBytes: (size: number) => Uint8Array;
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
const sealKey = "seal";
const nameOf = (index: number): string => `kintsugi-journal-${index}`;
const namePattern = /^kintsugi-journal-(0|[1-9]\d?)$/;

interface ShardState {
  readonly resourceVersion: string | undefined;
  /** The newest that this process knows; zero before the first write. */
  readonly generation: number;
  readonly writtenAt: number;
  readonly bytes: number;
  /** Since when it lacks something; undefined where it lacks nothing. */
  readonly dirtySince: number | undefined;
}
const fresh: ShardState = { resourceVersion: undefined, generation: 0, writtenAt: 0, bytes: 0, dirtySince: undefined };

interface SavedConfigMap extends KubeObject {
  readonly binaryData?: Readonly<Record<string, string>>;
}

export const createConfigMapStore = ({ kube, clock, namespace, randomBytes }: ConfigMapStoreDeps): JournalStore => {
  const shards = new Map<number, ShardState>();
  let count = 1;
  let key: Buffer | undefined;

  const stateOf = (index: number): ShardState => shards.get(index) ?? fresh;
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

  /** After the Secret was deleted there is another key: everything that is known is sealed with it. */
  const currentKey = async (signal: AbortSignal | undefined): Promise<Buffer> => {
    const current = await ensureKey(kube, { namespace, name: JOURNAL_KEY_NAME, randomBytes }, signal);
    if (key !== undefined && !key.equals(current)) for (const index of shards.keys()) soil(index);
    key = current;
    return current;
  };

  const write = async (
    index: number,
    tracks: readonly Track[],
    asOf: number,
    signal: AbortSignal | undefined,
  ): Promise<"written" | "grown"> => {
    const now = clock.now();
    const rest = [...shards].filter(([each]) => each !== index);
    const generation = 1 + Math.max(0, ...[...shards.values()].map((state) => state.generation));
    const bytes = shardBytes({
      generation,
      others: rest.flatMap(([each, state]) => (state.generation === 0 ? [] : [[each, state.generation] as const])),
      savedAt: now,
      completeUntil: Math.min(asOf, ...rest.flatMap(([, { dirtySince }]) => dirtySince ?? [])),
      tracks,
    });
    if (bytes.byteLength > maxShardBytes && count < maxShards) {
      growTo(count * 2);
      return "grown";
    }
    if (bytes.byteLength > maxShardBytes)
      throw new Error(`shard ${index} of the change journal is too large to be saved: ${bytes.byteLength} bytes`);
    const saved = await put(index, bytes, signal);
    const { resourceVersion } = saved.metadata;
    shards.set(index, { resourceVersion, generation, writtenAt: now, bytes: bytes.byteLength, dirtySince: undefined });
    return "written";
  };
  const put = async (index: number, bytes: Buffer, signal: AbortSignal | undefined): Promise<KubeObject> => {
    const options = signal === undefined ? {} : { signal };
    const place = { namespace, name: nameOf(index) };
    const seal = sealOf(key ?? (await currentKey(signal)), place, bytes);
    const labels = { [JOURNAL_LABEL]: "true" };
    const content = { binaryData: { [dataKey]: bytes.toString("base64"), [sealKey]: seal.toString("base64") } };
    const { resourceVersion } = stateOf(index);
    try {
      if (resourceVersion !== undefined)
        try {
          // The version guards against another process that takes itself for the leader.
          return await kube.mergePatch<KubeObject>(ConfigMaps, place, { metadata: { resourceVersion, labels }, ...content }, options);
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      return await kube.create<KubeObject>(
        ConfigMaps,
        { apiVersion: "v1", kind: "ConfigMap", metadata: { ...place, labels }, ...content },
        options,
      );
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) await lookAgain(index, signal);
      throw error;
    }
  };

  /** Another process wrote it: the next call writes over that. */
  const lookAgain = async (index: number, signal: AbortSignal | undefined): Promise<void> => {
    const found = await kube.get<SavedConfigMap>(ConfigMaps, { namespace, name: nameOf(index) }, signal === undefined ? {} : { signal });
    const shard = found === undefined || key === undefined ? undefined : verified(key, found);
    const generation = Math.max(stateOf(index).generation, typeof shard === "object" ? shard.generation : 0);
    shards.set(index, { ...stateOf(index), generation, resourceVersion: found?.metadata.resourceVersion });
  };

  return {
    load: async (signal) => {
      const saved = await readSaved(await listSaved(kube, namespace, signal), await currentKey(signal));
      for (const { index, resourceVersion, generation } of saved.shards)
        shards.set(index, { ...stateOf(index), resourceVersion, generation });
      while (saved.shards.some(({ index, tracks }) => tracks > 0 && index >= count)) count *= 2;
      // What is not used is written over.
      for (const { index, resourceVersion, newest } of saved.refused) {
        shards.set(index, { ...stateOf(index), resourceVersion, generation: newest });
        soil(index);
      }
      return saved.journal;
    },
    save: async (changed, journal, { all, signal } = {}) => {
      const asOf = clock.now();
      const tracks = journal.tracks();
      const bytes = tracks.reduce((sum, track) => sum + sizeOf(track), 0);
      if (bytes > wantedShardBytes * count && count < maxShards) growTo(Math.ceil(bytes / wantedShardBytes));
      for (const each of changed) soil(shardOf(each, count));
      // Says up to when we have watched, so that what happens until the next start is placed between then and there.
      if (all !== undefined) soil(0);
      const isWanted = (state: ShardState): boolean => (all !== undefined ? state.dirtySince !== undefined : isDue(state));
      const next = (): number | undefined => [...shards.keys()].toSorted((a, b) => a - b).find((index) => isWanted(stateOf(index)));
      if (next() === undefined) return;
      await currentKey(signal);
      let members = groupsOf(tracks, count);
      for (let index = next(); index !== undefined; index = next())
        // Others belong together when there are more shards.
        if ((await write(index, members.get(index) ?? [], asOf, signal)) === "grown") members = groupsOf(tracks, count);
    },
  };
};

const groupsOf = (tracks: readonly Track[], count: number): ReadonlyMap<number, readonly Track[]> =>
  Map.groupBy(tracks, (track) => shardOf(journalKey(track.object), count));

export const listSaved = async (
  kube: Pick<Kube, "list">,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<readonly SavedConfigMap[]> => {
  const scope = { namespace, labelSelector: `${JOURNAL_LABEL}=true` };
  const found: readonly SavedConfigMap[] = await kube.list<KubeObject>(ConfigMaps, scope, signal === undefined ? {} : { signal });
  return found.filter(({ metadata: { name } }) => Number(namePattern.exec(name)?.[1] ?? maxShards) < maxShards);
};

interface Saved {
  readonly shards: readonly {
    readonly index: number;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly tracks: number;
  }[];
  /** `newest`: the generation that it should have, as the others say. */
  readonly refused: readonly { readonly index: number; readonly resourceVersion: string; readonly newest: number }[];
  readonly journal: LoadedJournal;
}

const indexOf = (name: string): number => Number(namePattern.exec(name)?.[1]);

const bytesIn = ({ binaryData }: SavedConfigMap, at: string): Buffer => Buffer.from(binaryData?.[at] ?? "", "base64");

const unsealed = "without a valid seal";
const putBack = "older than the last saved state";

const verified = (key: Buffer, map: SavedConfigMap): Shard | string => {
  const { namespace, name } = map.metadata;
  const place: Key = namespace === undefined ? { name } : { namespace, name };
  const bytes = bytesIn(map, dataKey);
  return isSealed(key, place, bytes, bytesIn(map, sealKey)) ? readShard(bytes) : unsealed;
};

/** `key`: of the seals. `"unverified"`: everything that has the form is taken for what it says. */
export const readSaved = async (found: readonly SavedConfigMap[], key: Buffer | "unverified" | undefined): Promise<Saved> => {
  const read: { readonly map: SavedConfigMap; readonly index: number; readonly resourceVersion: string; readonly shard: Shard | string }[] =
    [];
  for (const map of found) {
    // A shard takes a while to unpack: requests and probes are answered in between.
    if (read.length > 0) await nextTurn();
    const { name, resourceVersion } = map.metadata;
    const shard = key === undefined ? unsealed : key === "unverified" ? readShard(bytesIn(map, dataKey)) : verified(key, map);
    read.push({ map, index: indexOf(name), resourceVersion, shard });
  }
  const newest = new Map<number, number>();
  for (const { shard } of read)
    for (const [index, generation] of typeof shard === "string" ? [] : shard.others)
      newest.set(index, Math.max(generation, newest.get(index) ?? 0));
  const whole: { readonly index: number; readonly resourceVersion: string; readonly shard: Shard }[] = [];
  const refused: { index: number; resourceVersion: string; newest: number; why: string; place: string }[] = [];
  for (const { map, index, resourceVersion, shard } of read) {
    const known = newest.get(index) ?? 0;
    const why = typeof shard === "string" ? shard : shard.generation < known ? putBack : undefined;
    if (why === undefined && typeof shard === "object") whole.push({ index, resourceVersion, shard });
    else refused.push({ index, resourceVersion, newest: known, why: why ?? "", place: `${map.metadata.namespace}/${map.metadata.name}` });
  }
  // A track can be in two shards while the number of shards grows: the later one counts.
  const newestFirst = whole.map(({ shard }) => shard).toSorted((a, b) => b.generation - a.generation);
  const tracks = new Map<string, Track>();
  for (const { tracks: its } of newestFirst)
    for (const track of its) if (!tracks.has(journalKey(track.object))) tracks.set(journalKey(track.object), track);
  const savedAt = newestFirst[0]?.completeUntil;
  const troubles = [...Map.groupBy(refused, ({ why }) => why)].map(
    ([why, all]) => `ConfigMap ${listedPlaces(all.map(({ place }) => place))} of the change journal is ignored: ${why}`,
  );
  return {
    shards: whole.map(({ shard, ...rest }) => ({ ...rest, generation: shard.generation, tracks: shard.tracks.length })),
    refused,
    journal: { tracks: [...tracks.values()], troubles, refused: refused.length, ...(savedAt === undefined ? {} : { savedAt }) },
  };
};

const mostNamed = 3;
const listedPlaces = (places: readonly string[]): string =>
  [...places.slice(0, mostNamed), ...(places.length > mostNamed ? [`${places.length - mostNamed} more`] : [])].join(", ");
