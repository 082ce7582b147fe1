// The contract, topic by topic, in the order in which it is best read.
import { admission } from "#test/contract/admission.ts";
import type { Topic } from "#test/contract/cluster.ts";
import { crd } from "#test/contract/crd.ts";
import { crud } from "#test/contract/crud.ts";
import { discovery } from "#test/contract/discovery.ts";
import { dryRun } from "#test/contract/dry-run.ts";
import { events } from "#test/contract/events.ts";
import { eviction } from "#test/contract/eviction.ts";
import { finalizers } from "#test/contract/finalizers.ts";
import { installation } from "#test/contract/installed.ts";
import { kinds } from "#test/contract/kinds.ts";
import { kubectl } from "#test/contract/kubectl.ts";
import { leases } from "#test/contract/leases.ts";
import { list } from "#test/contract/list.ts";
import { patch } from "#test/contract/patch.ts";
import { access } from "#test/contract/rbac.ts";
import { reviews } from "#test/contract/reviews.ts";
import { scale } from "#test/contract/scale.ts";
import { status } from "#test/contract/status.ts";
import { tables } from "#test/contract/tables.ts";
import { watch } from "#test/contract/watch.ts";

export const topics: readonly Topic[] = [
  ...[crud, list, watch, patch, status, scale, dryRun, finalizers, kinds],
  ...[crd, access, reviews, leases, events, eviction, admission],
  ...[discovery, tables, kubectl, installation],
];
