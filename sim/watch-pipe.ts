// One watch between the API server and a process: events arrive late but in their order, unless the plan breaks, repeats or holds them.
import type { WatchEvent, WatchStream } from "#embedded/collections.ts";
import { HttpError } from "#lib/http-client.ts";
import type { EventFault } from "#sim/faults.ts";
import type { SimProcess } from "#sim/sim-process.ts";
import type { VirtualClock } from "#sim/virtual-clock.ts";

export interface PipeDeps {
  readonly process: SimProcess;
  readonly clock: VirtualClock;
  readonly travelMs: () => number;
  readonly signal: AbortSignal | undefined;
  readonly faultOf: () => EventFault | undefined;
  readonly onEvent: (text: string) => void;
  /** The server forgets all versions but the present one. */
  readonly compact: () => void;
}

export interface Pipe {
  follow(stream: WatchStream): void;
  /** For an answer that is no stream. */
  text(text: string): void;
  chunks(): AsyncGenerator<Buffer, void>;
  close(): void;
}

type Item = Buffer | HttpError | "end";

export const createPipe = ({ process, clock, travelMs, signal, faultOf, onEvent, compact }: PipeDeps): Pipe => {
  const items: Item[] = [];
  const onTheWay: { readonly item: Item; readonly text: string }[] = [];
  let wake = (): void => {};
  let stopStream = (): void => {};
  let closed = false;
  /** No event overtakes another of its own watch. */
  let lastAt = 0;

  const put = (item: Item): void => {
    if (closed) return;
    items.push(item);
    wake();
  };
  const close = (): void => {
    if (closed) return;
    closed = true;
    stopStream();
    wake();
  };
  const arrive = (item: Item, text: string, extraMs = 0): void => {
    lastAt = Math.max(lastAt, clock.elapsed() + travelMs() + extraMs);
    // Whichever of the timers of one moment comes first, it delivers what was sent first.
    onTheWay.push({ item, text });
    clock.after(lastAt - clock.elapsed(), () =>
      process.deliver(() => {
        const next = onTheWay.shift();
        if (closed || next === undefined) return;
        if (next.text !== "") onEvent(next.text);
        put(next.item);
      }),
    );
  };
  const breakOff = (item: Item, text: string): void => {
    stopStream();
    arrive(item, text);
    arrive(item instanceof HttpError ? item : "end", "");
  };
  const send = (event: WatchEvent): void => {
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    const text = textOf(event);
    const fault = event.type === "BOOKMARK" ? undefined : faultOf();
    switch (fault?.kind) {
      case undefined:
        return arrive(line, text);
      case "hold":
        return arrive(line, text, fault.ms);
      case "repeatEvent":
        arrive(line, text);
        return arrive(line, text);
      case "eof":
        return breakOff("end", "the end of a watch");
      case "breakWatch":
        return breakOff(new HttpError("connection", "socket hang up"), "a broken watch");
      case "cut":
        return breakOff(line.subarray(0, line.length >> 1), "half an event");
      case "gone": {
        // Said by a server that means it: to come again with that version is answered the same.
        compact();
        const object = {
          kind: "Status",
          apiVersion: "v1",
          metadata: {},
          status: "Failure",
          message: "too old",
          reason: "Expired",
          code: 410,
        };
        return breakOff(Buffer.from(`${JSON.stringify({ type: "ERROR", object })}\n`), "that its version is gone");
      }
    }
  };

  process.onKill(close);
  signal?.addEventListener("abort", close, { once: true });
  return {
    close,
    follow: (stream) => {
      if (closed) return;
      // A watch that fails on its first event has not yet said how to stop it.
      let stopped = false;
      stopStream = () => {
        stopped = true;
      };
      const stop = stream({ event: (event) => (stopped || closed ? undefined : send(event)), end: () => arrive("end", "") });
      if (stopped || closed) stop();
      else
        stopStream = () => {
          stopped = true;
          stop();
        };
    },
    text: (text) => {
      put(Buffer.from(text));
      put("end");
    },
    chunks: async function* () {
      try {
        for (;;) {
          if (closed) break;
          const item = items.shift();
          if (item === "end") return;
          if (item instanceof HttpError) throw item;
          if (item !== undefined) {
            yield item;
            continue;
          }
          const woken = Promise.withResolvers<void>();
          wake = woken.resolve;
          await woken.promise;
        }
        if (signal?.aborted) throw new HttpError("aborted", "the call was given up", signal.reason);
      } finally {
        close();
      }
    },
  };
};

const textOf = ({ type, object }: WatchEvent): string => {
  const { kind, metadata } = object as { kind?: string; metadata?: { namespace?: string; name?: string; resourceVersion?: string } };
  return `${type} ${kind} ${metadata?.namespace ?? ""}/${metadata?.name ?? ""}@${metadata?.resourceVersion ?? ""}`;
};
