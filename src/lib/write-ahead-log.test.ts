// The write-ahead log: what was acknowledged is there after any crash, damage costs the record it is in, and its size has a limit.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createLog, silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { LogFullError, openWriteAheadLog, type WriteAheadLog, type WriteAheadLogOptions } from "#lib/write-ahead-log.ts";
import { decodeRecord, encodeRecord, scanRecords } from "#lib/write-ahead-log/record.ts";
import { openSegmentFiles, type SegmentFiles } from "#lib/write-ahead-log/segment-files.ts";
import { createMemorySegmentFiles } from "#test/memory-segment-files.ts";

const mib = 1024 * 1024;

interface Opened {
  readonly wal: WriteAheadLog;
  /** By id. */
  readonly replayed: Map<number, string>;
}
const open = async (files: SegmentFiles, options: Partial<WriteAheadLogOptions> = {}): Promise<Opened> => {
  const replayed = new Map<number, string>();
  const wal = await openWriteAheadLog(files, { maxBytes: mib, log: silentLog, ...options });
  await wal.replay((id, text) => {
    expect(replayed.has(id)).toBe(false);
    replayed.set(id, text);
  });
  return { wal, replayed };
};
const textsOf = ({ replayed }: Opened): string[] => [...replayed].toSorted(([a], [b]) => a - b).map(([, text]) => text);

const aText = fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.string({ maxLength: 40 }));
/** Lone surrogates have no UTF-8. */
const wellFormed = aText.map((text) => text.toWellFormed());

describe("records", () => {
  test("what is encoded is decoded, whatever the text", () => {
    fc.assert(
      fc.property(wellFormed, fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.constantFrom("data", "done"), (text, id, kind) => {
        expect(decodeRecord(encodeRecord({ kind, id, text }), 0)).toMatchObject({ kind, id, text });
      }),
    );
  });

  test("a file cut at any byte has all records before the cut", () => {
    fc.assert(
      fc.property(fc.array(wellFormed, { maxLength: 12 }), fc.nat(), (texts, where) => {
        const records = texts.map((text, id) => encodeRecord({ kind: "data", id, text }));
        const whole = Buffer.concat(records);
        const cut = whole.length === 0 ? 0 : where % (whole.length + 1);
        const { records: found, damaged, tornBytes } = scanRecords(whole.subarray(0, cut));
        let end = 0;
        const kept = records.filter((record) => (end += record.length) <= cut).length;
        expect([found.map(({ text }) => text), damaged]).toEqual([texts.slice(0, kept), 0]);
        expect(tornBytes).toBe(cut - records.slice(0, kept).reduce((sum, record) => sum + record.length, 0));
      }),
      { numRuns: 500 },
    );
  });

  test("a byte that changes costs the record that it is in and no other", () => {
    fc.assert(
      fc.property(
        fc.array(wellFormed, { minLength: 1, maxLength: 12 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (texts, where, flip) => {
          const records = texts.map((text, id) => encodeRecord({ kind: "data", id, text }));
          const whole = Buffer.concat(records);
          const index = where % whole.length;
          whole[index] = (whole[index] ?? 0) ^ flip;
          let end = 0;
          const hit = records.findIndex((record) => (end += record.length) > index);
          const { records: found, damaged, tornBytes } = scanRecords(whole);
          expect(found.map(({ id }) => id)).toEqual(texts.flatMap((_, id) => (id === hit ? [] : [id])));
          expect(damaged + Number(tornBytes > 0)).toBe(1);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("a text over 1 MiB is refused", () => {
    expect(() => encodeRecord({ kind: "data", id: 1, text: "x".repeat(mib + 1) })).toThrow(RangeError);
  });
});

describe("acknowledged records", () => {
  /** What a run does, and where the process dies: after so many bytes of all that it writes. */
  const aStep = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("append" as const), texts: fc.array(wellFormed, { minLength: 1, maxLength: 5 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("finish" as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen" as const) }) },
  );

  test("are replayed after a crash at any byte, until they are finished; replaying again gives the same", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aStep, { maxLength: 15 }), fc.nat(4000), async (steps, diesAfter) => {
        const files = createMemorySegmentFiles();
        let left = diesAfter;
        files.beforeAppend = (bytes) => {
          if (bytes.length <= left) return void (left -= bytes.length);
          files.keep = left;
          left = 0;
          throw new Error("ENOSPC");
        };
        const options = { segmentBytes: 400 };
        let { wal } = await open(files, options);
        const acknowledged = new Map<number, string>();
        const finished = new Set<number>();
        for (const step of steps) {
          if (step.do === "append") {
            const answers = await Promise.allSettled(step.texts.map((text) => wal.append(text)));
            for (const [index, answer] of answers.entries())
              if (answer.status === "fulfilled") {
                acknowledged.set(answer.value, step.texts[index] ?? "");
                // An empty log begins its ids again.
                finished.delete(answer.value);
              }
          } else if (step.do === "finish") {
            const ids = [...acknowledged.keys()].filter((id) => !finished.has(id));
            const some = ids.slice(0, Math.ceil(ids.length * step.share));
            for (const id of some) finished.add(id);
            wal.finish(some);
          } else {
            await wal.close();
            ({ wal } = await open(files, options));
          }
        }
        await wal.close();
        const first = await open(files, options);
        for (const [id, text] of acknowledged) if (!finished.has(id)) expect(first.replayed.get(id)).toBe(text);
        // The end of a record may be lost with the crash, the record itself is never made up.
        for (const [id, text] of first.replayed) expect(acknowledged.get(id) ?? text).toBe(text);
        if (left > 0) expect([...first.replayed.keys()].filter((id) => finished.has(id))).toEqual([]);
        await first.wal.close();
        expect((await open(files, options)).replayed).toEqual(first.replayed);
      }),
      { numRuns: 300 },
    );
  });

  test("can be read until they are finished, also those of an earlier process", async () => {
    const files = createMemorySegmentFiles();
    const before = await open(files);
    const ids = await Promise.all(["a", "b", "c"].map((text) => before.wal.append(text)));
    await before.wal.close();
    const { wal } = await open(files);
    expect(await Promise.all(ids.map((id) => wal.read(id)))).toEqual(["a", "b", "c"]);
    wal.finish([ids[0]!]);
    await expect(wal.read(ids[0]!)).rejects.toThrow("has no record");
    expect(wal.depth).toBe(2);
  });

  test("that wait at the same time are one write", async () => {
    const files = createMemorySegmentFiles();
    const { wal } = await open(files);
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => wal.append(`text ${index}`)));
    expect([files.appends, wal.depth]).toEqual([1, 1_000]);
  });

  test("an id is not given again, though only the end of its record is left", async () => {
    const files = createMemorySegmentFiles();
    const first = await open(files, { segmentBytes: 1 });
    const [a, b] = [await first.wal.append("a"), await first.wal.append("b")];
    const c = await first.wal.append("c");
    first.wal.finish([a, c]);
    await first.wal.close();
    const second = await open(files, { segmentBytes: 1 });
    expect(textsOf(second)).toEqual(["b"]);
    expect(await second.wal.append("d")).toBeGreaterThan(c);
    second.wal.finish([b]);
    await second.wal.close();
    expect(textsOf(await open(files))).toEqual(["d"]);
  });
});

describe("damage", () => {
  test("in the middle of a file is reported, and the records around it are replayed", async () => {
    const files = createMemorySegmentFiles();
    const before = await open(files);
    for (const text of ["first", "second", "third"]) await before.wal.append(text);
    await before.wal.close();
    const [content = Buffer.alloc(0)] = files.contents.values();
    const place = content.indexOf("second");
    content[place] = 0x58;
    const lines: string[] = [];
    const log = createLog({ clock: createManualClock(), destination: { write: (line) => void lines.push(line) } });
    expect(textsOf(await open(files, { log }))).toEqual(["first", "third"]);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: "error", message: "a file of the write-ahead log is damaged: records are lost", places: 1 },
    ]);
  });

  test("an end that was not written whole is cut off and counted, once", async () => {
    const files = createMemorySegmentFiles();
    const before = await open(files);
    await before.wal.append("whole");
    await before.wal.close();
    const [[name = "", content = Buffer.alloc(0)] = []] = files.contents;
    files.contents.set(name, Buffer.concat([content, encodeRecord({ kind: "data", id: 9, text: "half" }).subarray(0, 20)]));
    const lines: string[] = [];
    const log = createLog({ clock: createManualClock(), destination: { write: (line) => void lines.push(line) } });
    expect(textsOf(await open(files, { log }))).toEqual(["whole"]);
    expect(textsOf(await open(files, { log }))).toEqual(["whole"]);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ level: "warn", file: name, bytes: 20 }]);
  });
});

describe("a full disk", () => {
  test("is the error of the append, and the next one works when there is room again", async () => {
    const files = createMemorySegmentFiles();
    const { wal } = await open(files);
    await wal.append("before");
    files.keep = 7;
    files.beforeAppend = () => {
      throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    };
    await expect(wal.append("lost")).rejects.toThrow("ENOSPC");
    await expect(wal.append("lost too")).rejects.toThrow("ENOSPC");
    files.beforeAppend = () => {};
    await wal.append("after");
    await wal.close();
    expect(textsOf(await open(files))).toEqual(["before", "after"]);
  });
});

describe("its size", () => {
  test("has a limit: an append beyond it is refused, and taken when records are finished", async () => {
    const files = createMemorySegmentFiles();
    const { wal } = await open(files, { maxBytes: 4_000, segmentBytes: 1_000 });
    const ids: number[] = [];
    const fill = async (): Promise<void> => {
      for (;;) ids.push(await wal.append("x".repeat(100)));
    };
    await expect(fill()).rejects.toThrow(LogFullError);
    expect(wal.bytes).toBeLessThanOrEqual(4_000);
    wal.finish(ids.splice(0, 20));
    await vi.waitFor(() => wal.append("x".repeat(100)));
  });

  test("is nothing when all are finished", async () => {
    const files = createMemorySegmentFiles();
    const { wal } = await open(files, { segmentBytes: 100 });
    const ids = await Promise.all(Array.from({ length: 50 }, (_, index) => wal.append(`text ${index}`)));
    wal.finish(ids);
    await wal.close();
    expect([wal.depth, wal.bytes, files.contents.size]).toEqual([0, 0, 0]);
  });

  test("does not grow with one record that is never finished: it is written again at the end, in its own order", async () => {
    const files = createMemorySegmentFiles();
    const options = { maxBytes: 8_000, segmentBytes: 1_000 };
    const { wal } = await open(files, options);
    const stuck = await wal.append("stuck");
    for (let round = 0; round < 200; round += 1) {
      const other = await wal.append("x".repeat(300));
      const next = await wal.append("z");
      wal.finish([other]);
      wal.finish([next]);
    }
    expect(wal.bytes).toBeLessThan(8_000);
    expect(await wal.read(stuck)).toBe("stuck");
    await wal.append("later");
    await wal.close();
    expect(textsOf(await open(files, options))).toEqual(["stuck", "later"]);
  });
});

describe("files of a folder", () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });
  const folder = async (): Promise<string> => {
    const made = await mkdtemp(join(tmpdir(), "kintsugi-wal-"));
    folders.push(made);
    return join(made, "log");
  };

  test("hold what was acknowledged, are cut, and go when all is finished", async () => {
    const where = await folder();
    const first = await open(await openSegmentFiles(where), { segmentBytes: 200 });
    const ids = await Promise.all(Array.from({ length: 20 }, (_, index) => first.wal.append(`text ${index} ä€😀`)));
    for (let index = 20; index < 30; index += 1) ids.push(await first.wal.append(`text ${index} ä€😀`));
    await first.wal.close();
    const files = await openSegmentFiles(where);
    const [last = ""] = (await files.list()).slice(-1);
    await files.truncate(last, (await files.read(last)).length - 3);
    const second = await open(files, { segmentBytes: 200 });
    expect(textsOf(second)).toEqual(Array.from({ length: 29 }, (_, index) => `text ${index} ä€😀`));
    expect(await second.wal.read(ids[7]!)).toBe("text 7 ä€😀");
    second.wal.finish(ids);
    await second.wal.close();
    expect((await readdir(where)).filter((name) => name.endsWith(".wal"))).toEqual([]);
  });

  test("are of one process at a time", async () => {
    const where = await folder();
    const files = await openSegmentFiles(where);
    await expect(openSegmentFiles(where)).rejects.toThrow(`another process uses the write-ahead log in ${where}`);
    files.close();
    (await openSegmentFiles(where)).close();
  });
});
