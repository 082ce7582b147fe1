// What an end-to-end test calls its testbed: the same in every run of a checkout, so that what a killed run left is found and taken
// down; another one in every checkout, so that two of them can be tested at once.
import { join } from "node:path";
import { sha256 } from "#lib/canonical-json.ts";

const checkout = join(import.meta.dirname, "../..");

export const testbedName = (purpose: string): string => `${purpose}-${sha256(checkout).slice(0, 6)}`;
