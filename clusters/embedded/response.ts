// What the server answers: JSON, text, or a stream of watch events.
import type { WatchStream } from "#embedded/collections.ts";

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; frozen, to be copied before it is changed. */
  readonly body?: unknown;
  readonly text?: string;
  readonly stream?: WatchStream;
}

export const jsonResponse = (status: number, body: unknown): ApiResponse => ({
  status,
  headers: { "content-type": "application/json" },
  body,
});

export const textResponse = (status: number, text: string): ApiResponse => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8" },
  text,
});
