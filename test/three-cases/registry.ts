// The cases of every cause, by its code: of all files `*.cases.ts` beside the causes.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { CauseCode } from "#api/cause-codes.ts";
import type { CasesByCode, ThreeCases } from "#test/three-cases/three-cases.ts";

const folder = join(import.meta.dirname, "../../src/diagnosis/causes");

const load = async (name: string): Promise<CasesByCode> => ((await import(join(folder, name))) as { readonly cases: CasesByCode }).cases;

export const families: readonly CasesByCode[] = await Promise.all(
  readdirSync(folder)
    .filter((name) => name.endsWith(".cases.ts"))
    .toSorted()
    .map(load),
);

export const casesByCode: Readonly<Record<CauseCode, ThreeCases>> = Object.assign({}, ...families);
