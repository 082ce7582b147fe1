import { expect, test } from "vitest";
import { updateStuck } from "#diagnosis/causes/update-stuck.ts";
import { answers, crashed, failing, objects, podsOf } from "#test/evidence-sketch.ts";

const [db, first, second] = objects(`
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, generation: 2 }
spec: { replicas: 2, selector: { matchLabels: { app: db } }, template: { metadata: { labels: { app: db } }, spec: { containers: [{ name: db, image: "example.test/db:2" }] } } }
status: { observedGeneration: 2, replicas: 2, currentRevision: db-old, updateRevision: db-new }
---
{ apiVersion: apps/v1, kind: ControllerRevision, metadata: { name: db-old, ownerReferences: [{ apiVersion: apps/v1, kind: StatefulSet, name: db, uid: uid-StatefulSet-shop-db }] }, revision: 1 }
---
{ apiVersion: apps/v1, kind: ControllerRevision, metadata: { name: db-new, ownerReferences: [{ apiVersion: apps/v1, kind: StatefulSet, name: db, uid: uid-StatefulSet-shop-db }] }, revision: 2 }
`);
const of = (revision: string): { labels: Record<string, string> } => ({ labels: { app: "db", "controller-revision-hash": revision } });

test("a newest pod that fails while the older one runs rolls back", () => {
  const pods = podsOf(db!, of("db-old"), { ...of("db-new"), ...failing(crashed("db", 1)) });
  expect(answers(updateStuck, { objects: [db!, first!, second!, ...pods] })).toEqual([
    "UpdateStuck StatefulSet db → rollback_statefulset revision=1",
  ]);
});

test("without an earlier revision there is nothing to go back to", () => {
  const pods = podsOf(db!, { ...of("db-new"), ...failing(crashed("db", 1)) });
  expect(answers(updateStuck, { objects: [db!, second!, ...pods] })).toEqual([]);
});

test("a pod of the earlier revision that fails, too, contradicts it", () => {
  const pods = podsOf(db!, { ...of("db-old"), ...failing(crashed("db", 1)) }, { ...of("db-new"), ...failing(crashed("db", 1)) });
  expect(answers(updateStuck, { objects: [db!, first!, second!, ...pods] })).toEqual([]);
});
