// `--set memory=512Mi` as the override of an approval: checked against the plan's step and the action's own schema before anything is sent. Pure.
import { findAction } from "#actions/registry.ts";
import type { AIApprovalRequest, Override } from "#api/kinds/ai-approval-request.ts";
import { refusal } from "#cli/failure.ts";
import { listed } from "#lib/words.ts";

/** Guarantees: parameters that the action knows and its schema takes; whether the cluster and policy do is found out when it is planned. */
export const overrideFrom = (approval: AIApprovalRequest, settings: readonly string[], stepId: string | undefined): Override => {
  const { steps } = approval.spec;
  const step = stepId === undefined && steps.length === 1 ? steps[0] : steps.find(({ id }) => id === stepId);
  const ids = listed(
    steps.map(({ id }) => id),
    "or",
  );
  if (step === undefined)
    throw refusal(stepId === undefined ? `the plan has several steps: say --step ${ids}` : `the plan has no step ${stepId}, only ${ids}`);
  const parameters = Object.fromEntries(settings.map(pair));
  const action = findAction(step.action);
  if (action === undefined)
    throw refusal(`this kintsugi does not know the action ${step.action}`, "Is it older than the one in the cluster?");
  const known = Object.keys(action.parameters.shape);
  const stranger = Object.keys(parameters).find((name) => !known.includes(name));
  if (stranger !== undefined) throw refusal(`${step.action} has no parameter ${stranger}`, `It has ${listed(known)}.`);
  const read = action.parameters.safeParse({ ...step.parameters, ...parameters });
  if (!read.success) {
    const issues = read.error.issues.map(({ path, message }) => `${path.map(String).join(".")}: ${message}`);
    throw refusal(`${step.action} does not take that: ${issues.join("; ")}`, `kintsugi actions ${step.action} says what it takes.`);
  }
  return { step: step.id, parameters };
};

const pair = (text: string): readonly [string, string] => {
  const at = text.indexOf("=");
  if (at <= 0) throw refusal(`--set ${text} is not of the form name=value, such as memory=512Mi`);
  return [text.slice(0, at), text.slice(at + 1)];
};
