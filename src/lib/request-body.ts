// Reads the bodies of requests: a limit for each and one budget for all that are in memory. The only way in which a route reads a body.
import { ProblemError } from "#lib/problem.ts";

export interface BodyLimits {
  /** Of one body. */
  readonly maxBytes: number;
  /** Of all bodies that are being read or used at one moment. */
  readonly maxBytesInFlight: number;
  /** Of those of one caller. Default: as many as of all. */
  readonly maxBytesPerCaller?: number;
}

export interface BodyReader {
  /**
   * Flow: read the body, call `use` with its bytes.
   * Guarantees: the bytes count as in flight until `use` has ended. Throws 413 for a body over its limit, 503 while the budget is spent.
   */
  read<T>(request: Request, caller: string, use: (bytes: Uint8Array) => Promise<T>): Promise<T>;
  readonly bytesInFlight: number;
}

const retryAfterSeconds = 2;

export const createBodyReader = ({ maxBytes, maxBytesInFlight, maxBytesPerCaller = maxBytesInFlight }: BodyLimits): BodyReader => {
  let bytesInFlight = 0;
  const ofCallers = new Map<string, number>();
  const count = (caller: string, bytes: number): void => {
    bytesInFlight += bytes;
    const ofCaller = (ofCallers.get(caller) ?? 0) + bytes;
    if (ofCaller === 0) ofCallers.delete(caller);
    else ofCallers.set(caller, ofCaller);
  };
  const hasRoom = (caller: string, bytes: number): boolean =>
    bytesInFlight + bytes <= maxBytesInFlight && (ofCallers.get(caller) ?? 0) + bytes <= maxBytesPerCaller;

  const collect = async (request: Request, enter: (bytes: number) => void): Promise<Uint8Array> => {
    if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
    const chunks: Uint8Array[] = [];
    let total = 0;
    // Leaving this loop early cancels the stream: what is still on its way is not kept.
    for await (const chunk of whole(request.body)) {
      total += chunk.byteLength;
      if (total > maxBytes) throw tooLarge(maxBytes);
      enter(chunk.byteLength);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  };

  return {
    read: async (request, caller, use) => {
      let counted = 0;
      try {
        const bytes = await collect(request, (more) => {
          if (!hasRoom(caller, more)) throw budgetSpent();
          counted += more;
          count(caller, more);
        });
        return await use(bytes);
      } finally {
        count(caller, -counted);
      }
    },
    get bytesInFlight() {
      return bytesInFlight;
    },
  };
};

async function* whole(body: Request["body"]): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body ?? [];
  } catch {
    const detail = "the connection broke before the body had ended";
    throw new ProblemError({ code: "incomplete-body", status: 400, title: "Incomplete body", detail });
  }
}

const tooLarge = (maxBytes: number): ProblemError =>
  new ProblemError({
    code: "too-large",
    status: 413,
    title: "Request too large",
    detail: `a request may have at most ${maxBytes} bytes`,
  });

const budgetSpent = (): ProblemError =>
  new ProblemError({
    code: "overloaded",
    status: 503,
    title: "Overloaded",
    detail: "the requests that are being read use all the memory there is for them: send this one again",
    retryAfterSeconds,
  });
