// `--set memory=512Mi` as the override of an approval: checked against the step and the schema of the action before anything is sent. Pure.
import { findAction } from "#actions/registry.ts";
import type { AIApprovalRequest, Override } from "#api/kinds/ai-approval-request.ts";
import { refusal } from "#cli/failure.ts";
import { listed } from "#lib/words.ts";

/** Guarantees: parameters that the action has and its schema accepts. Cluster and policy are checked when it is planned. */
export const overrideFrom = (approval: AIApprovalRequest, settings: readonly string[], stepId: string | undefined): Override => {
  const { steps } = approval.spec;
  const step = stepId === undefined && steps.length === 1 ? steps[0] : steps.find(({ id }) => id === stepId);
  const ids = listed(
    steps.map(({ id }) => id),
    "or",
  );
  if (step === undefined)
    throw refusal(
      stepId === undefined ? `the plan has several steps; choose one with --step ${ids}` : `the plan has no step ${stepId}, only ${ids}`,
    );
  const parameters = Object.fromEntries(settings.map(pair));
  const action = findAction(step.action);
  if (action === undefined)
    throw refusal(`unknown action ${step.action}`, "This kintsugi may be older than the one in the cluster; upgrade it.");
  const known = Object.keys(action.parameters.shape);
  const unknown = Object.keys(parameters).find((name) => !known.includes(name));
  if (unknown !== undefined) throw refusal(`${step.action} has no parameter ${unknown}`, `It has ${listed(known)}.`);
  const read = action.parameters.safeParse({ ...step.parameters, ...parameters });
  if (!read.success) {
    const issues = read.error.issues.map(({ path, message }) => `${path.map(String).join(".")}: ${message}`);
    throw refusal(`${step.action} refuses these parameters: ${issues.join("; ")}`, `kintsugi actions ${step.action} lists its parameters.`);
  }
  return { step: step.id, parameters };
};

const pair = (text: string): readonly [string, string] => {
  const at = text.indexOf("=");
  if (at <= 0) throw refusal(`--set ${text} is invalid; expected name=value, such as memory=512Mi`);
  return [text.slice(0, at), text.slice(at + 1)];
};
