// Bodies are bounded one by one and all together.
import { expect, test } from "vitest";
import { ProblemError } from "#lib/problem.ts";
import { createBodyReader } from "#lib/request-body.ts";

const post = (body: ReadableStream<Uint8Array> | string, headers: Record<string, string> = {}): Request =>
  new Request("http://localhost/", { method: "POST", body, headers, duplex: "half" } as RequestInit);
const statusOf = async (answer: Promise<unknown>): Promise<number | "fine"> => {
  try {
    await answer;
    return "fine";
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.status;
    throw error;
  }
};
const sizeOf = (bytes: Uint8Array): Promise<number> => Promise.resolve(bytes.byteLength);
/** Chunks of 100 bytes, and what was taken of them. */
const chunked = (chunks: number) => {
  const taken = { chunks: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (stream) => {
        if (taken.chunks === chunks) return stream.close();
        taken.chunks += 1;
        stream.enqueue(new Uint8Array(100));
      },
      cancel: () => {
        taken.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { taken, body };
};

test("a body up to the limit is read, one byte more is not", async () => {
  const { read } = createBodyReader({ maxBytes: 10, maxBytesInFlight: 100 });
  expect(await read(post("x".repeat(10)), "one", sizeOf)).toBe(10);
  expect(await statusOf(read(post("x".repeat(11)), "one", sizeOf))).toBe(413);
  expect(await read(new Request("http://localhost/"), "one", sizeOf)).toBe(0);
});

test("a length that is too large is refused before a byte is read", async () => {
  const { read } = createBodyReader({ maxBytes: 1_000, maxBytesInFlight: 10_000 });
  const { taken, body } = chunked(20);
  expect(await statusOf(read(post(body, { "content-length": "2000" }), "one", sizeOf))).toBe(413);
  expect(taken.chunks).toBe(0);
});

test("a body without a length is read no further than the limit", async () => {
  const reader = createBodyReader({ maxBytes: 1_000, maxBytesInFlight: 10_000 });
  const { taken, body } = chunked(1_000_000);
  expect(await statusOf(reader.read(post(body), "one", sizeOf))).toBe(413);
  expect(taken).toEqual({ chunks: 11, cancelled: true });
  expect(reader.bytesInFlight).toBe(0);
});

test("bodies in use count against one budget; the one that goes beyond it is asked to come again", async () => {
  const reader = createBodyReader({ maxBytes: 1_000, maxBytesInFlight: 2_500 });
  const used = Promise.withResolvers<string>();
  const inUse = [
    reader.read(post("x".repeat(1_000)), "one", () => used.promise),
    reader.read(post("x".repeat(1_000)), "one", () => used.promise),
  ];
  while (reader.bytesInFlight < 2_000) await new Promise(setImmediate);
  expect(await statusOf(reader.read(post("x".repeat(600)), "one", sizeOf))).toBe(503);
  expect(await statusOf(reader.read(post("x".repeat(500)), "one", sizeOf))).toBe("fine");
  used.resolve("done");
  expect(await Promise.all(inUse)).toEqual(["done", "done"]);
  expect(reader.bytesInFlight).toBe(0);
  expect(await statusOf(reader.read(post("x".repeat(600)), "one", sizeOf))).toBe("fine");
});

test("a body that breaks off, and a use that fails, give their bytes back", async () => {
  const reader = createBodyReader({ maxBytes: 1_000, maxBytesInFlight: 1_000 });
  const broken = new ReadableStream<Uint8Array>({
    start: (stream) => {
      stream.enqueue(new Uint8Array(100));
      stream.error(new Error("ECONNRESET"));
    },
  });
  expect(await statusOf(reader.read(post(broken), "one", sizeOf))).toBe(400);
  await expect(reader.read(post("x"), "one", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(reader.bytesInFlight).toBe(0);
});
