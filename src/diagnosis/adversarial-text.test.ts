// Text that a tenant writes must not cost more than any other text: no cause may take time that grows faster than what it reads.
import type { CauseCode } from "#api/cause-codes.ts";
import { describe, expect, test } from "vitest";
import type { Evidence } from "#evidence/evidence.ts";
import { hostileTexts } from "#diagnosis/hostile-text.ts";
import { causes } from "#diagnosis/registry.ts";
import { createView, type View } from "#diagnosis/view.ts";
import { pieces, stuffed } from "#test/adversarial-text.ts";
import { evidence } from "#test/evidence-sketch.ts";
import { casesByCode } from "#test/three-cases/registry.ts";

/** Of this thread alone: what else the machine does makes no difference. */
const cpuMs = (work: () => unknown): number => {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
};

const ordinary = "the quick brown fox jumps over the lazy dog\n";
const holds = (code: CauseCode): Partial<Evidence> => casesByCode[code].holds;
const readers: Readonly<Record<string, { readonly parts: Partial<Evidence>; readonly read: (view: View) => unknown }>> = {
  ...Object.fromEntries(causes.map(({ code, find }) => [code, { parts: holds(code), read: find }])),
  "the search for instructions": { parts: holds("GatewayMisroutes"), read: hostileTexts },
};

const cost = (reader: string, piece: string, length: number): number => {
  const { parts, read } = readers[reader]!;
  const view = createView(evidence(stuffed(parts, piece, length)));
  return cpuMs(() => read(view));
};

/** Linear with a larger constant is fine; a quadratic reader exceeds this many times. */
const allowed = (reader: string, length: number): number => 100 + length / 1024 + 40 * cost(reader, ordinary, length);

describe.each(Object.keys(readers))("%s", (reader) => {
  test("8 KiB and 64 KiB of adversarial text cost what ordinary text costs", () => {
    for (const length of [8 * 1024, 64 * 1024]) {
      const most = allowed(reader, length);
      for (const [name, piece] of Object.entries(pieces))
        expect(cost(reader, piece, length), `${name}, ${length} characters`).toBeLessThan(most);
    }
  });

  test("1 MiB of adversarial text costs what ordinary text costs", () => {
    const length = 1024 * 1024;
    const most = allowed(reader, length);
    for (const name of ["digits", "empty lines"]) expect(cost(reader, pieces[name]!, length), name).toBeLessThan(most);
  });
});

test("every cause has evidence of its own to be stuffed", () => {
  expect(causes.map(({ code }) => code).filter((code) => casesByCode[code] === undefined)).toEqual([]);
});
