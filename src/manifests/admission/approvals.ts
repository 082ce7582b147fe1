// Who decides on an approval, and how: a person who is listed, once, in their own name, before its end. Pure.
import { GROUP, isTerminal, VERSION } from "#api/define-kind.ts";
import { AIApprovalRequest, ApprovalPhase, approvalTransitions } from "#api/kinds/ai-approval-request.ts";
import { accountsOf, celList, kubernetes, onlyReleased, policy, sameMetadata, user } from "#manifests/admission/policy.ts";
import type { Manifest } from "#manifests/manifest.ts";

export const approvalsPolicy = (namespace: string): Manifest[] => {
  const accounts = accountsOf(namespace);
  const ended = ApprovalPhase.options.filter((phase) => isTerminal(approvalTransitions, phase));
  return policy(`${namespace}-approvals`, {
    namespace,
    rules: [{ apiGroups: [GROUP], apiVersions: [VERSION], operations: ["CREATE", "UPDATE"], resources: [AIApprovalRequest.plural] }],
    variables: [
      { name: "controllers", expression: accounts.controllers },
      { name: "kubernetes", expression: kubernetes },
      { name: "before", expression: "oldObject == null ? [] : oldObject.spec.decisions" },
      { name: "added", expression: "object.spec.decisions.filter(d, !variables.before.exists(o, o.by == d.by))" },
      { name: "person", expression: "request.operation == 'UPDATE' && !variables.controllers && !variables.kubernetes" },
    ],
    validations: [
      {
        expression: "request.operation != 'CREATE' || (variables.controllers && size(object.spec.decisions) == 0)",
        message: "only Kintsugi's controllers open an approval, and they open it without decisions",
      },
      {
        expression: "request.operation != 'UPDATE' || variables.person || object.spec == oldObject.spec",
        message: "Kintsugi's own accounts never decide",
      },
      { expression: `!variables.person || !${accounts.any}`, message: "Kintsugi's own accounts never decide" },
      {
        expression: `request.operation != 'UPDATE' || !variables.kubernetes || (${onlyReleased})`,
        message: "Kubernetes' own controllers may not change an approval",
      },
      {
        // The API server knows no time in a policy: the controllers end an approval that has expired.
        expression: `!variables.person || !has(oldObject.status) || !has(oldObject.status.phase) || !(oldObject.status.phase in ${celList(ended)})`,
        message: "this approval has ended: it accepts no decision",
      },
      {
        expression: `!variables.person || (size(variables.added) == 1 && variables.added[0].by == ${user} && size(object.spec.decisions) == size(variables.before) + 1)`,
        message: "add exactly one decision, in your own name, once",
      },
      {
        expression: "!variables.person || variables.added.all(d, has(d.override) == (d.decision == 'Overridden'))",
        message: "an Overridden decision, and no other, says which parameters are wanted",
      },
      {
        expression:
          "!variables.person || variables.added.all(d, !has(d.override) || (size(d.override.parameters) > 0 && object.spec.steps.exists(s, s.id == d.override.step)))",
        message: "an override sets parameters of a step of this plan",
      },
      {
        expression: "!variables.person || variables.before.all(o, object.spec.decisions.exists(d, d == o))",
        message: "decisions are append-only",
      },
      {
        expression: `!variables.person || oldObject.spec.approvers.exists(a, a == 'user:' + ${user}) || (!${user}.startsWith('system:serviceaccount:') && request.userInfo.groups.exists(g, ('group:' + g) in oldObject.spec.approvers))`,
        message: "you are not among this approval's approvers",
      },
      { expression: `!variables.person || (${sameMetadata})`, message: "add a decision and change nothing else" },
    ],
  });
};
