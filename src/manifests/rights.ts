// Who needs what: gathered from the code that uses it, never written down twice. Pure data.
import type { Need } from "#api/object.ts";
import { needs as guardrailNeeds } from "#cluster/guardrails.ts";
import { eventNeeds } from "#kube/events.ts";
import { leaderNeeds } from "#kube/leader.ts";

/** Every controller and the Gateway run under one account: in one process, the default, they could not be told apart. */
export const controllerNeeds: readonly Need[] = [...leaderNeeds, ...eventNeeds, ...guardrailNeeds];

export const actionRights = (): { account: string; needs: readonly Need[] }[] => [];
