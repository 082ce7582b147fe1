// The rights of each account, gathered from the roles and actions that need them. Pure data.
import { GROUP } from "#api/define-kind.ts";
import { accountOfAction, approvedAccountOfAction, CONTROLLER_ACCOUNT, SIGNALS_ACCOUNT } from "#api/labels.ts";
import type { Need } from "#api/object.ts";
import { policyNeeds } from "#act/forbidden-now.ts";
import { actions } from "#actions/registry.ts";
import { needs as guardrailNeeds } from "#cluster/guardrails.ts";
import { openNeeds } from "#cluster/sealed-changes.ts";
import { eventNeeds } from "#kube/events.ts";
import { leaderNeeds } from "#kube/leader.ts";
import { roles } from "#roles/registry.ts";
import { senderNeeds } from "#services/gateway/role.ts";

/** All roles run under one account: by default they share one process, where accounts cannot be separated. */
export const controllerNeeds: readonly Need[] = [...leaderNeeds, ...eventNeeds, ...guardrailNeeds, ...roles.flatMap((role) => role.needs)];

/** An action's account reads its execution, the key that opens it and the policies, and may do what the action declares. An action without needs has no account: no Job runs for it. */
export const actionRights = (): { account: string; twin: string; needs: readonly Need[] }[] =>
  actions
    .filter((action) => action.needs.length > 0)
    .map((action) => ({
      account: accountOfAction(action.name),
      twin: approvedAccountOfAction(action.name),
      needs: [
        { group: GROUP, resource: "kubernetesexecutions", verbs: ["get"], scope: "own" },
        ...openNeeds,
        ...policyNeeds,
        ...action.needs,
      ],
    }));

/** The accounts that write in Kintsugi's own namespace. */
export const ownWriters: readonly { readonly account: string; readonly needs: readonly Need[] }[] = [
  { account: CONTROLLER_ACCOUNT, needs: controllerNeeds },
  { account: SIGNALS_ACCOUNT, needs: senderNeeds },
];
