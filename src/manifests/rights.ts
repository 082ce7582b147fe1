// Who needs what: gathered from the code that uses it, never written down twice. Pure data.
import { GROUP } from "#api/define-kind.ts";
import { accountOfAction, approvedAccountOfAction, CONTROLLER_ACCOUNT, SIGNALS_ACCOUNT } from "#api/labels.ts";
import type { Need } from "#api/object.ts";
import { actions } from "#actions/registry.ts";
import { needs as guardrailNeeds } from "#cluster/guardrails.ts";
import { needs as journalNeeds } from "#cluster/journal/tracked-kinds.ts";
import { openNeeds } from "#cluster/sealed-changes.ts";
import { needs as analysisNeeds } from "#controllers/ai-analysis/controller.ts";
import { needs as approvalNeeds } from "#controllers/ai-approval-request/controller.ts";
import { needs as executionNeeds } from "#controllers/kubernetes-execution/controller.ts";
import { needs as policyNeeds } from "#controllers/remediation-policy/controller.ts";
import { needs as processingNeeds } from "#controllers/remediation-processing/controller.ts";
import { needs as requestNeeds } from "#controllers/remediation-request/controller.ts";
import { needs as retentionNeeds } from "#controllers/retention/controller.ts";
import { needs as workflowNeeds } from "#controllers/workflow-execution/controller.ts";
import { eventNeeds } from "#kube/events.ts";
import { leaderNeeds } from "#kube/leader.ts";
import { senderNeeds } from "#services/gateway/authenticate.ts";
import { needs as gatewayNeeds } from "#services/gateway/gateway.ts";

/** Every controller and the Gateway run under one account: in one process, the default, they could not be told apart. */
export const controllerNeeds: readonly Need[] = [
  ...leaderNeeds,
  ...eventNeeds,
  ...guardrailNeeds,
  ...policyNeeds,
  ...gatewayNeeds,
  ...requestNeeds,
  ...processingNeeds,
  ...analysisNeeds,
  ...approvalNeeds,
  ...workflowNeeds,
  ...executionNeeds,
  ...retentionNeeds,
  ...journalNeeds,
];

/** An action's account reads its own order and the key that opens it, and may do what the action declares. An action without needs has no account: nothing runs for it. */
export const actionRights = (): { account: string; twin: string; needs: readonly Need[] }[] =>
  actions
    .filter((action) => action.needs.length > 0)
    .map((action) => ({
      account: accountOfAction(action.name),
      twin: approvedAccountOfAction(action.name),
      needs: [{ group: GROUP, resource: "kubernetesexecutions", verbs: ["get"], scope: "own" }, ...openNeeds, ...action.needs],
    }));

/** The accounts that write in Kintsugi's own namespace. */
export const ownWriters: readonly { readonly account: string; readonly needs: readonly Need[] }[] = [
  { account: CONTROLLER_ACCOUNT, needs: controllerNeeds },
  { account: SIGNALS_ACCOUNT, needs: senderNeeds },
];
