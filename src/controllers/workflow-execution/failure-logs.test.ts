// What a failed verification keeps of the logs: the line that names the error in its message, and what surrounds it as a quote.
import { expect, test } from "vitest";
import { withFailureLogs } from "#controllers/workflow-execution/failure-logs.ts";

const persists = { result: "SymptomPersists" as const, message: "Container ledger of Pod shop/ledger-1 waits: CrashLoopBackOff." };
const log = (pod: string, text: string) => ({ namespace: "shop", pod, container: "ledger", run: "current" as const, text });
const text = 'ledger 8.3.0 starting\nFATAL: DATABASE_URL: unsupported scheme in "x"';

test("the telling line ends the message, and the log is quoted once for pods that say the same", () => {
  expect(withFailureLogs(persists, [log("ledger-2", text), log("ledger-1", text)])).toEqual({
    ...persists,
    message: 'Container ledger of Pod shop/ledger-1 waits: CrashLoopBackOff: "FATAL: DATABASE_URL: unsupported scheme in "x"".',
    evidence: [{ source: "log", object: "Pod shop/ledger-2", quote: text }],
  });
});

test("a log that complains of nothing is quoted and leaves the message as it is", () => {
  expect(withFailureLogs(persists, [log("ledger-1", "ready")])).toEqual({
    ...persists,
    evidence: [{ source: "log", object: "Pod shop/ledger-1", quote: "ready" }],
  });
});

test("without logs nothing is added", () => expect(withFailureLogs(persists, [])).toBe(persists));

test("whatever a log is, message and quotes stay within the bounds of the kind", () => {
  const long = withFailureLogs(persists, [log("a", `Error: ${"x".repeat(9000)}`), log("b", "y".repeat(9000)), log("c", "z")]);
  expect(long.evidence).toHaveLength(2);
  expect(long.message?.length).toBeLessThanOrEqual(1024);
  for (const { quote } of long.evidence ?? []) expect(quote.length).toBeLessThanOrEqual(2048);
});
