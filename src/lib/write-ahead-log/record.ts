// The bytes of a write-ahead log: records with a checksum, and how they are found again in a file that was cut or damaged. Pure.
import { crc32 } from "node:zlib";

/** `data`: a text under an id. `done`: the ids, separated by commas, of records that are finished; its own id is 0. */
export interface LogRecord {
  readonly kind: "data" | "done";
  readonly id: number;
  readonly text: string;
}

export interface FoundRecord extends LogRecord {
  readonly offset: number;
  /** With its header. */
  readonly length: number;
}

export interface Scan {
  readonly records: readonly FoundRecord[];
  /** Regions between valid records that hold none: something changed the file. */
  readonly damaged: number;
  /** Bytes after the last valid record: a write that did not end. */
  readonly tornBytes: number;
}

/** Of one text in UTF-8. */
export const maxRecordBytes = 1024 * 1024;

// Marker, version, CRC-32 of all that follows, kind, length of the text, id. UTF-8 has no byte 0xff, so no text can look like a record.
const marker = [0xff, 0x57, 0x01] as const;
const at = { crc: 3, kind: 7, length: 8, id: 12, text: 18 } as const;
const kinds = ["data", "done"] as const;

/** Throws RangeError for a text over `maxRecordBytes`. */
export const encodeRecord = ({ kind, id, text }: LogRecord): Buffer => {
  const length = Buffer.byteLength(text);
  if (length > maxRecordBytes) throw new RangeError(`a record has at most ${maxRecordBytes} bytes, not ${length}`);
  const bytes = Buffer.allocUnsafe(at.text + length);
  bytes.set(marker);
  bytes.writeUInt8(kinds.indexOf(kind), at.kind);
  bytes.writeUInt32BE(length, at.length);
  bytes.writeUIntBE(id, at.id, 6);
  bytes.write(text, at.text);
  bytes.writeUInt32BE(crc32(bytes.subarray(at.kind)), at.crc);
  return bytes;
};

/** The record that begins at `offset`; undefined where the bytes there are not a whole, undamaged record. */
export const decodeRecord = (bytes: Buffer, offset: number): FoundRecord | undefined => {
  const head = offset + at.text;
  if (head > bytes.length || !marker.every((byte, index) => bytes[offset + index] === byte)) return undefined;
  const end = head + bytes.readUInt32BE(offset + at.length);
  const kind = kinds[bytes[offset + at.kind] ?? 0xff];
  if (kind === undefined || end > bytes.length || end - head > maxRecordBytes) return undefined;
  if (crc32(bytes.subarray(offset + at.kind, end)) !== bytes.readUInt32BE(offset + at.crc)) return undefined;
  return { kind, id: bytes.readUIntBE(offset + at.id, 6), text: bytes.toString("utf8", head, end), offset, length: end - offset };
};

/** All records that are whole. Damage costs the record that it is in, and none after it. */
export const scanRecords = (bytes: Buffer): Scan => {
  const records: FoundRecord[] = [];
  let [offset, damaged] = [0, 0];
  while (offset < bytes.length) {
    const record = decodeRecord(bytes, offset) ?? nextRecord(bytes, offset + 1);
    if (record === undefined) break;
    if (record.offset > offset) damaged += 1;
    records.push(record);
    offset = record.offset + record.length;
  }
  return { records, damaged, tornBytes: bytes.length - offset };
};

const nextRecord = (bytes: Buffer, from: number): FoundRecord | undefined => {
  for (let offset = bytes.indexOf(marker[0], from); offset >= 0; offset = bytes.indexOf(marker[0], offset + 1)) {
    const record = decodeRecord(bytes, offset);
    if (record !== undefined) return record;
  }
  return undefined;
};
