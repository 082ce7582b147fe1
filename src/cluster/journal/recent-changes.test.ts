import { expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { createJournal } from "#cluster/journal/journal.ts";
import { recentChanges } from "#cluster/journal/recent-changes.ts";
import { referenceOf } from "#cluster/journal/track.ts";
import { createdAt, object } from "#test/journal-samples.ts";

const minute = 60_000;
const binding = (namespace: string): KubeObject =>
  object("RoleBinding", "reads", { roleRef: { kind: "Role", name: "reader" }, subjects: [] }, namespace);

const journal = createJournal();
for (const [namespace, at] of [
  ["shop", 10],
  ["shop-2", 20],
] as const) {
  journal.see(binding(namespace), createdAt);
  journal.seeDeleted(referenceOf(binding(namespace)), createdAt + at * minute);
}
const deleted = (namespaces: readonly string[] | "all", since = createdAt + minute): (string | undefined)[] =>
  recentChanges(journal.tracks(), namespaces, since).map(({ object: { namespace }, kind }) => `${kind} in ${namespace}`);

test("of these namespaces alone, newest first", () => {
  expect(deleted(["shop"])).toEqual(["deleted in shop"]);
  expect(deleted("all")).toEqual(["deleted in shop-2", "deleted in shop"]);
});

test("nothing from before that time", () => expect(deleted("all", createdAt + 15 * minute)).toEqual(["deleted in shop-2"]));
