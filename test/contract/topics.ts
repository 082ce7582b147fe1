// The contract, topic by topic, in the order in which it is best read.
import type { Topic } from "#test/contract/cluster.ts";
import { crud } from "#test/contract/crud.ts";
import { list } from "#test/contract/list.ts";

export const topics: readonly Topic[] = [crud, list];
