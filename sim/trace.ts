// Everything that happens in a simulation, in order, one line each; its hash is what two runs of one seed are compared by. Decides nothing.
import { createHash } from "node:crypto";

export interface Trace {
  add(line: string): void;
  readonly lines: readonly string[];
  hash(): string;
}

/** `elapsed` in milliseconds since the simulation began. */
export const createTrace = (elapsed: () => number): Trace => {
  const lines: string[] = [];
  return {
    lines,
    add: (line) => void lines.push(`${String(elapsed()).padStart(7)} ${line}`),
    hash: () => createHash("sha256").update(lines.join("\n")).digest("hex"),
  };
};
