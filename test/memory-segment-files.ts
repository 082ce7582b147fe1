// The files of a write-ahead log in memory, as a disk holds them: what was not waited for may be lost, and a test decides when the disk is full.
import type { SegmentFiles } from "#lib/write-ahead-log/segment-files.ts";

export interface MemorySegmentFiles extends SegmentFiles {
  readonly contents: Map<string, Buffer>;
  /** Runs before bytes are stored; what it throws is the error of the disk, after `keep` of the bytes were stored. */
  beforeAppend: (bytes: Buffer) => void | Promise<void>;
  /** Of an append that fails. */
  keep: number;
  readonly appends: number;
}

export const createMemorySegmentFiles = (contents = new Map<string, Buffer>()): MemorySegmentFiles => {
  let appends = 0;
  const contentOf = (name: string): Buffer => {
    const content = contents.get(name);
    if (content === undefined) throw new Error(`ENOENT: ${name}`);
    return content;
  };
  const files: MemorySegmentFiles = {
    contents,
    beforeAppend: () => {},
    keep: 0,
    get appends() {
      return appends;
    },
    list: () => Promise.resolve([...contents.keys()].toSorted()),
    read: async (name) => Buffer.from(contentOf(name)),
    readAt: async (name, offset, length) => Buffer.from(contentOf(name).subarray(offset, offset + length)),
    create: async (name) => {
      if (contents.has(name)) throw new Error(`EEXIST: ${name}`);
      contents.set(name, Buffer.alloc(0));
      return {
        append: async (bytes) => {
          appends += 1;
          try {
            await files.beforeAppend(bytes);
          } catch (error) {
            contents.set(name, Buffer.concat([contentOf(name), bytes.subarray(0, files.keep)]));
            throw error;
          }
          contents.set(name, Buffer.concat([contentOf(name), bytes]));
        },
        close: () => Promise.resolve(),
      };
    },
    truncate: async (name, length) => void contents.set(name, contentOf(name).subarray(0, length)),
    remove: async (name) => void contents.delete(name),
    close: () => {},
  };
  return files;
};
