// A write-ahead log: texts that are on the disk before they are acknowledged, until they are finished. Knows nothing of what the texts mean.
import type { Log } from "#lib/log.ts";
import { decodeRecord, encodeRecord, scanRecords } from "#lib/write-ahead-log/record.ts";
import type { SegmentFile, SegmentFiles } from "#lib/write-ahead-log/segment-files.ts";

export interface WriteAheadLog {
  /**
   * Resolves with the id of the record when it is on the disk. Appends that wait at the same time share one write.
   * Throws LogFullError, RangeError for a text over 1 MiB, or the error of the disk: then the text is not acknowledged.
   */
  append(text: string): Promise<number>;
  /** Calls `use` for each record of earlier processes that is not finished, in any order: ids grow with time. */
  replay(use: (id: number, text: string) => void): Promise<void>;
  /** The text of a record that is not finished. */
  read(id: number): Promise<string>;
  /** These are not replayed any more, except after a crash at this moment: replaying must do no harm. */
  finish(ids: readonly number[]): void;
  /** Records that are not finished. */
  readonly depth: number;
  /** Of its files. */
  readonly bytes: number;
  /** Writes what waits, and lets another process use the folder. */
  close(): Promise<void>;
}

export interface WriteAheadLogOptions {
  /** Of all files: `append` throws LogFullError beyond it. */
  readonly maxBytes: number;
  /** A file this large is followed by the next one. Default: a sixteenth of `maxBytes`, at most 8 MiB. */
  readonly segmentBytes?: number;
  readonly log: Log;
}

export class LogFullError extends Error {
  constructor(maxBytes: number) {
    super(`the write-ahead log has its ${maxBytes} bytes`);
    this.name = "LogFullError";
  }
}

interface Segment {
  readonly name: string;
  bytes: number;
  /** Ids of records whose place is here and that are not finished. */
  readonly open: Set<number>;
}
interface Place {
  readonly segment: Segment;
  readonly offset: number;
  readonly length: number;
}
interface RecordBytes {
  readonly id: number;
  readonly bytes: Buffer;
}
interface Waiting extends RecordBytes {
  readonly resolve: (id: number) => void;
  readonly reject: (error: unknown) => void;
}

/** Of one write. */
const maxGroupBytes = 4 * 1024 * 1024;

/** Throws where a file cannot be read. Damaged records are reported and left out. */
export const openWriteAheadLog = async (files: SegmentFiles, options: WriteAheadLogOptions): Promise<WriteAheadLog> => {
  const { maxBytes, log } = options;
  const segmentBytes = options.segmentBytes ?? Math.min(8 * 1024 * 1024, Math.ceil(maxBytes / 16));
  const places = new Map<number, Place>();
  /** In order of creation. */
  const read = await readSegments(files, options, places);
  const { segments } = read;
  const earlier = [...segments];
  let { lastId } = read;
  let lastNumber = Math.max(0, ...segments.map(({ name }) => Number.parseInt(name, 10)));
  let bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  let current: { readonly segment: Segment; readonly file: SegmentFile } | undefined;
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let finished: number[] = [];
  let working: Promise<void> | undefined;

  const endSegment = async (): Promise<void> => {
    const ended = current;
    current = undefined;
    await ended?.file.close().catch((error: unknown) => log.warn("a file of the write-ahead log was not closed", { error }));
  };

  const write = async (chunk: Buffer): Promise<Omit<Place, "length">> => {
    if (current !== undefined && current.segment.bytes >= segmentBytes) await endSegment();
    if (current === undefined) {
      lastNumber += 1;
      const segment: Segment = { name: `${String(lastNumber).padStart(10, "0")}.wal`, bytes: 0, open: new Set() };
      current = { segment, file: await files.create(segment.name) };
      segments.push(segment);
    }
    const { segment, file } = current;
    const offset = segment.bytes;
    try {
      await file.append(chunk);
    } catch (error) {
      // What the disk holds after this offset is unknown: nothing more is written to this file.
      await endSegment();
      await files.truncate(segment.name, offset).catch(() => {});
      throw error;
    }
    segment.bytes += chunk.length;
    bytes += chunk.length;
    return { segment, offset };
  };

  const writeData = async (records: readonly RecordBytes[], isWanted = (_id: number): boolean => true): Promise<void> => {
    const { segment, ...written } = await write(Buffer.concat(records.map((record) => record.bytes)));
    let { offset } = written;
    for (const {
      id,
      bytes: { length },
    } of records) {
      if (isWanted(id)) {
        places.get(id)?.segment.open.delete(id);
        places.set(id, { segment, offset, length });
        segment.open.add(id);
      }
      offset += length;
    }
  };

  const writeGroup = async (): Promise<void> => {
    let size = 0;
    const end = waiting.findIndex((each, index) => (size += each.bytes.length) > maxGroupBytes && index > 0);
    const group = waiting.splice(0, end < 0 ? waiting.length : end);
    waitingBytes -= group.reduce((sum, each) => sum + each.bytes.length, 0);
    try {
      await writeData(group);
      for (const { id, resolve } of group) resolve(id);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };

  /** What is finished says so in the log, unless nothing else is left: then there is no log. */
  const writeFinished = async (): Promise<void> => {
    const ids = finished;
    finished = [];
    if (places.size > 0) await write(encodeRecord({ kind: "done", id: 0, text: ids.join(",") }));
    else await endSegment();
    await removeFinishedSegments();
    await moveOldest();
  };

  /** From the oldest on: a later file says of earlier records that they are finished. */
  const removeFinishedSegments = async (): Promise<void> => {
    for (let oldest = segments[0]; oldest !== undefined && oldest !== current?.segment && oldest.open.size === 0; oldest = segments[0]) {
      await files.remove(oldest.name);
      segments.shift();
      bytes -= oldest.bytes;
    }
  };

  /** A few records that cannot be finished would keep every later file: they are written again at the end, under their ids. */
  const moveOldest = async (): Promise<void> => {
    const [oldest] = segments;
    if (oldest === undefined || oldest === current?.segment || bytes < maxBytes / 2) return;
    const size = [...oldest.open].reduce((sum, id) => sum + (places.get(id)?.length ?? 0), 0);
    if (size * 4 > oldest.bytes) return;
    const moved: RecordBytes[] = [];
    for (const id of oldest.open) moved.push({ id, bytes: encodeRecord({ kind: "data", id, text: await readText(id) }) });
    // Some may have been finished meanwhile.
    await writeData(moved, (id) => places.has(id));
    await removeFinishedSegments();
  };

  const work = async (): Promise<void> => {
    // Not at once: what is appended in the same turn belongs to the same write.
    await Promise.resolve();
    while (waiting.length > 0 || finished.length > 0) {
      if (waiting.length > 0) await writeGroup();
      if (finished.length > 0)
        await writeFinished().catch((error: unknown) => log.warn("finished records may be replayed after a restart", { error }));
    }
    working = undefined;
  };
  const wake = (): void => {
    working ??= work();
  };

  const readText = async (id: number): Promise<string> => {
    const found = places.get(id);
    if (found === undefined) throw new Error(`the write-ahead log has no record ${id}`);
    const record = decodeRecord(await files.readAt(found.segment.name, found.offset, found.length), 0);
    if (record?.id !== id) throw new DamagedRecordError(id);
    return record.text;
  };

  return {
    append: async (text) => {
      const id = (lastId += 1);
      const record = encodeRecord({ kind: "data", id, text });
      if (bytes + waitingBytes + record.length > maxBytes) throw new LogFullError(maxBytes);
      waitingBytes += record.length;
      return new Promise((resolve, reject) => {
        waiting.push({ id, bytes: record, resolve, reject });
        wake();
      });
    },
    replay: async (use) => {
      for (const segment of earlier) {
        if (segment.open.size === 0) continue;
        for (const { kind, id, text, offset } of scanRecords(await files.read(segment.name)).records)
          if (kind === "data" && segment.open.has(id) && places.get(id)?.offset === offset) use(id, text);
      }
    },
    read: readText,
    finish: (ids) => {
      for (const id of ids) {
        const found = places.get(id);
        if (found === undefined) continue;
        found.segment.open.delete(id);
        places.delete(id);
        finished.push(id);
      }
      if (finished.length > 0) wake();
    },
    get depth() {
      return places.size;
    },
    get bytes() {
      return bytes;
    },
    close: async () => {
      await working;
      await endSegment();
      files.close();
    },
  };
};

/** The disk gave back something else than was written. */
export class DamagedRecordError extends Error {
  constructor(id: number) {
    super(`record ${id} of the write-ahead log is damaged`);
    this.name = "DamagedRecordError";
  }
}

/** Keeps places, not texts: which records are finished is known at the end, and all texts at once would not fit into memory. */
const readSegments = async (files: SegmentFiles, { log }: WriteAheadLogOptions, places: Map<number, Place>) => {
  const segments: Segment[] = [];
  const done = new Set<number>();
  let lastId = 0;
  for (const name of await files.list()) {
    const content = await files.read(name);
    const { records, damaged, tornBytes } = scanRecords(content);
    if (damaged > 0) log.error("a file of the write-ahead log is damaged: records are lost", { file: name, places: damaged });
    if (tornBytes > 0) {
      log.warn("the end of a file of the write-ahead log was not written whole, and is cut off", { file: name, bytes: tornBytes });
      await files.truncate(name, content.length - tornBytes);
    }
    const segment = { name, bytes: content.length - tornBytes, open: new Set<number>() };
    segments.push(segment);
    for (const { kind, id, text, offset, length } of records) {
      const ids = kind === "done" ? text.split(",").map(Number) : [id];
      // Also of finished ones: an id that is used again would be finished at once.
      for (const each of ids) lastId = Math.max(lastId, each);
      if (kind === "done") for (const each of ids) done.add(each);
      else places.set(id, { segment, offset, length });
    }
  }
  for (const id of done) places.delete(id);
  for (const [id, { segment }] of places) segment.open.add(id);
  return { segments, lastId };
};
