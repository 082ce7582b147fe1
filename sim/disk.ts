// The disk of one replica: what was waited for outlives the process, and of a write that its death cuts short any part may be there.
import type { SegmentFiles } from "#lib/write-ahead-log/segment-files.ts";
import type { Random } from "#lib/clock.ts";
import { between } from "#sim/seeded-random.ts";
import type { SimProcess } from "#sim/sim-process.ts";
import { createMemorySegmentFiles } from "#test/memory-segment-files.ts";

export interface Disk {
  /** As this process sees it. */
  openFor(process: SimProcess): SegmentFiles;
}

export const createDisk = (random: Random): Disk => {
  const contents = new Map<string, Buffer>();
  return {
    openFor: (process) => {
      const files = createMemorySegmentFiles(contents);
      files.beforeAppend = (bytes) =>
        new Promise((resolve, reject) => {
          let isWritten = false;
          process.clock.after(between(random, 1, 3), () => {
            isWritten = true;
            resolve();
          });
          process.onKill(() => {
            if (isWritten) return;
            files.keep = between(random, 0, bytes.length);
            reject(new Error("the process is dead"));
          });
        });
      /** What a dead process would do next does not happen. */
      const ifAlive =
        <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
        (...args: A): Promise<R> =>
          process.alive ? work(...args) : new Promise(() => {});
      return { ...files, create: ifAlive(files.create), truncate: ifAlive(files.truncate), remove: ifAlive(files.remove) };
    },
  };
};
