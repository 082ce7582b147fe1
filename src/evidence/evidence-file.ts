// Evidence as a file: JSON, compressed where its name says so. Whatever a file holds is checked, bounded and redacted again before anybody looks at it.
import { gunzipSync, gzipSync } from "node:zlib";
import { type Evidence, evidenceForm } from "#evidence/evidence.ts";
import { EvidenceSchema } from "#evidence/evidence-schema.ts";
import { createTrim } from "#evidence/trim.ts";

export const maxFileBytes = 256 * 1024 * 1024;
/** A value deeper than any object of Kubernetes is an attack or an accident. */
const maxDepth = 64;

/** One sentence for a person: what is wrong with the file. */
export class EvidenceFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "EvidenceFileError";
  }
}

export const encodeEvidence = (evidence: Evidence, name: string): Uint8Array => {
  const text = `${JSON.stringify(evidence)}\n`;
  return isCompressed(name) ? gzipSync(text) : Buffer.from(text);
};

/** Guarantees: what comes out has the shape that causes rely on. Throws EvidenceFileError and nothing else. */
export const decodeEvidence = (content: Uint8Array, name: string): Evidence => {
  const value = parsed(inflated(content, name));
  if (typeof value !== "object" || value === null) throw new EvidenceFileError("it contains no evidence");
  const { form } = value as { form?: unknown };
  if (form !== evidenceForm)
    throw new EvidenceFileError(
      `it is not evidence of the form ${evidenceForm}${typeof form === "string" ? `, but of ${form.slice(0, 80)}` : ""}`,
    );
  if (isDeeper(value, maxDepth)) throw new EvidenceFileError(`it is nested deeper than ${maxDepth} levels`);
  const read = EvidenceSchema.safeParse(value);
  if (!read.success) {
    const [first, ...others] = read.error.issues;
    const at = first?.path.map(String).join(".") ?? "";
    throw new EvidenceFileError(
      `${at}: ${first?.message ?? "not as expected"}${others.length === 0 ? "" : ` (and ${others.length} more)`}`.slice(0, 400),
    );
  }
  const trim = createTrim();
  const evidence = read.data as unknown as Evidence;
  return { ...evidence, objects: evidence.objects.map((object) => trimSaved(trim, object)) };
};

/** What a Secret holds was never in evidence; its keys are read as they were saved. */
const trimSaved = (trim: ReturnType<typeof createTrim>, object: Evidence["objects"][number]): Evidence["objects"][number] => {
  const trimmed = trim(object);
  const { keys } = object as { keys?: unknown };
  return object.kind === "Secret" && Array.isArray(keys)
    ? ({ ...trimmed, keys: keys.filter((key) => typeof key === "string").slice(0, 64) } as typeof trimmed)
    : trimmed;
};

const isCompressed = (name: string): boolean => name.endsWith(".gz");

const inflated = (content: Uint8Array, name: string): string => {
  // By what it is rather than by its name: files are renamed.
  const isGzip = content[0] === 0x1f && content[1] === 0x8b;
  if (!isGzip && isCompressed(name)) throw new EvidenceFileError("it is not compressed, although its name ends in .gz");
  try {
    return (isGzip ? gunzipSync(content, { maxOutputLength: maxFileBytes }) : Buffer.from(content)).toString("utf8");
  } catch (error) {
    const { code } = error as { code?: unknown };
    throw new EvidenceFileError(
      code === "ERR_BUFFER_TOO_LARGE" ? `it unpacks to more than ${maxFileBytes} bytes` : "it cannot be unpacked: truncated or damaged",
    );
  }
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new EvidenceFileError(
      `it is not valid JSON (${error instanceof Error ? error.message.slice(0, 120) : "unreadable"}): truncated or damaged`,
    );
  }
};

const isDeeper = (root: object, limit: number): boolean => {
  let level: object[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap((value) => Object.values(value).filter((each): each is object => typeof each === "object" && each !== null));
  }
  return false;
};
