// Changes of the day before, as an installation's change journal knows them. Reads only.
import type { ObservedChange } from "#evidence/evidence.ts";
import { type EvidenceSource, scopeOf } from "#evidence/sources/source.ts";

/** A change of the day before may still be the reason. */
const changesForMs = 24 * 3_600_000;
const doing = "read the change journal";

export const journal: EvidenceSource = {
  name: "journal",
  // The caller's, who reads it.
  needs: [],
  provides: ["journal"],
  collect: async (collection) => {
    const { gather, question, clock } = collection;
    const { changes: read } = question;
    if (read === undefined) return { lacks: journal.provides };
    const known = await gather.tryTo(doing, () => read(scopeOf(collection), clock.now() - changesForMs));
    for (const gap of known?.gaps ?? []) gather.gaps.add(doing, gap);
    return { changes: (known?.changes ?? []).map(observed) };
  },
};

/** Without what only the journal needs to know of it. */
const observed = ({ object, at, by, field, kind, before, after }: ObservedChange): ObservedChange => ({
  ...{ object, at, by, field, kind },
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
});
