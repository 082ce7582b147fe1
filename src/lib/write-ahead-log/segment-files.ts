// The files of a write-ahead log in one folder, which one process at a time may use. Knows nothing of records.
import { mkdir, open, readdir, readFile, truncate, unlink } from "node:fs/promises";
import { join } from "node:path";

export interface SegmentFiles {
  /** Names in the order in which they were created. */
  list(): Promise<readonly string[]>;
  read(name: string): Promise<Buffer>;
  readAt(name: string, offset: number, length: number): Promise<Buffer>;
  /** A new, empty file whose name is on the disk. */
  create(name: string): Promise<SegmentFile>;
  truncate(name: string, length: number): Promise<void>;
  remove(name: string): Promise<void>;
  /** Another process may use the folder from here on. */
  close(): void;
}

export interface SegmentFile {
  /** Writes all bytes at the end, and waits for the disk. After an error the content is unknown. */
  append(bytes: Buffer): Promise<void>;
  close(): Promise<void>;
}

const fileName = /^\d{10}\.wal$/;

/** Creates the folder. Throws where it cannot be written, or another process uses it. */
export const openSegmentFiles = async (folder: string): Promise<SegmentFiles> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unlock = await lockFolder(folder);
  const pathOf = (name: string): string => join(folder, name);
  /** Which names a folder has is on the disk only after this. */
  const syncNames = async (): Promise<void> => {
    await using handle = await open(folder);
    await handle.sync();
  };
  return {
    list: async () => (await readdir(folder)).filter((name) => fileName.test(name)).toSorted(),
    read: (name) => readFile(pathOf(name)),
    readAt: async (name, offset, length) => {
      await using handle = await open(pathOf(name));
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
    create: async (name) => {
      const handle = await open(pathOf(name), "ax", 0o600);
      await syncNames();
      return {
        append: async (bytes) => {
          await handle.appendFile(bytes);
          await handle.datasync();
        },
        close: () => handle.close(),
      };
    },
    truncate: (name, length) => truncate(pathOf(name), length),
    remove: async (name) => {
      await unlink(pathOf(name));
      await syncNames();
    },
    close: unlock,
  };
};

/** A file lock of the kernel, by SQLite: Node offers none. It ends with the process, however that ends. */
const lockFolder = async (folder: string): Promise<() => void> => {
  const { DatabaseSync } = await import("node:sqlite");
  const lock = new DatabaseSync(join(folder, "lock"));
  try {
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    throw new Error(`another process uses the write-ahead log in ${folder}`, { cause });
  }
  return () => lock.close();
};
