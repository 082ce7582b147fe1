// `kintsugi approve` and `kintsugi reject`: a person's decision, in their own name. Shows the exact change first; adds one entry and touches nothing else.
import type { Command } from "commander";
import { AIApprovalRequest, type Decision } from "#api/kinds/ai-approval-request.ts";
import type { Consent, DefineCommand } from "#cli/command.ts";
import { consent } from "#cli/consent.ts";
import { policyDenial } from "#cli/failure-of.ts";
import { type CliError, refusal } from "#cli/failure.ts";
import { findApproval } from "#cli/find.ts";
import { overrideFrom } from "#cli/override.ts";
import { kindAndName, requestArguments } from "#cli/reference.ts";
import { dateAndTime, durationText } from "#lib/duration.ts";
import { point, section } from "#cli/render/page.ts";
import { diffsText, parametersText, riskText, stepText } from "#cli/render/plan-text.ts";
import { approversText } from "#story/words.ts";
import { listed } from "#lib/words.ts";
import type { Session } from "#cli/session.ts";
import { whoAmI } from "#cli/who-am-i.ts";
import type { WriteOptions } from "#kube/client.ts";
import { isConflict, isGuardFailed } from "#kube/errors.ts";
import { fromTimestamp } from "#lib/clock.ts";

type Verdict = Decision["decision"];

interface Options {
  readonly message?: string;
  readonly yes?: true;
  readonly set?: readonly string[];
  readonly step?: string;
}

const decision =
  (verb: "approve" | "reject", more: (command: Command) => Command = (command) => command): DefineCommand =>
  (program, run) => {
    more(
      requestArguments(program, "name of the request or of its approval")
        .option("-m, --message <text>", "reason; stored with the decision")
        .option("-y, --yes", "do not ask for confirmation"),
    ).action((first: string, second: string | undefined, options: Options) =>
      run(
        (session) => {
          const { message, yes, set = [], step } = options;
          const verdict: Verdict = verb === "reject" ? "Rejected" : set.length > 0 ? "Overridden" : "Approved";
          const text = kindAndName(first, second);
          return decide(session, { text, verdict, message, set, step, consent: yes === true ? "given" : "asked" });
        },
        { namespaces: "any" },
      )(),
    );
  };

const collected = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export const defineApprove = decision("approve", (command) =>
  command
    .option("--set <name=value>", "change a parameter first; repeat for several. The new plan needs approval again", collected, [])
    .option("--step <id>", "step to set parameters for, if the plan has several"),
);
export const defineReject = decision("reject");

interface Intent {
  readonly text: string;
  readonly verdict: Verdict;
  readonly message: string | undefined;
  readonly set: readonly string[];
  readonly step: string | undefined;
  readonly consent: Consent;
}

const decide = async (session: Session, intent: Intent): Promise<number> => {
  const kube = await session.kube();
  const approval = await findApproval(kube, session, intent.text);
  const me = await whoAmI(kube);
  const closed = whyClosed(approval, me.name, session.deps.clock.now());
  if (closed !== undefined) throw closed;

  const override = intent.verdict === "Overridden" ? overrideFrom(approval, intent.set, intent.step) : undefined;

  const entry: Decision = {
    by: me.name,
    decision: intent.verdict,
    via: "kintsugi",
    ...(override === undefined ? {} : { override }),
    ...(intent.message === undefined ? {} : { message: intent.message }),
  };
  // Before a person reads and confirms: would the API server accept it from them?
  await record(session, approval, entry, { dryRun: true });
  if (session.data === undefined) session.print(`${questionText(session, approval).join("\n")}\n\n`);
  const verb = intent.verdict === "Approved" ? "Approve" : "Reject";
  const question =
    override === undefined
      ? `${verb} this change as ${me.name}?`
      : `Request a new plan with${parametersText(override.parameters)} as ${me.name}? This approves nothing.`;
  await consent(session, intent.consent, question);

  const decided = await record(session, approval, entry);
  session.answer(decided, () => `${confirmation(decided, entry)}\n`);
  return 0;
};

const record = async (
  session: Session,
  approval: AIApprovalRequest,
  entry: Decision,
  options: WriteOptions = {},
): Promise<AIApprovalRequest> => {
  const kube = await session.kube();
  const { namespace, name, uid } = approval.metadata;
  try {
    return await kube.jsonPatch(
      AIApprovalRequest,
      { namespace, name },
      [
        // What is decided is what was shown: not another approval that has taken its name since.
        { op: "test", path: "/metadata/uid", value: uid },
        { op: "test", path: "/spec/changesHash", value: approval.spec.changesHash },
        { op: "add", path: "/spec/decisions/-", value: entry },
      ],
      options,
    );
  } catch (error) {
    if (isGuardFailed(error) || isConflict(error)) throw refusal(`${name} has changed since it was shown; run the command again`);
    const denial = policyDenial(error);
    if (denial !== undefined) throw notPermitted(approval, entry.by, denial);
    throw error;
  }
};

const notPermitted = ({ metadata, spec }: AIApprovalRequest, me: string, denial: string): CliError => {
  const said = denial.includes("not among this approval's approvers")
    ? `${me} is not an approver of ${metadata.name}`
    : `${me} may not decide ${metadata.name}: ${denial}`;
  const group = spec.approvers.find((each) => each.startsWith("group:"))?.slice("group:".length);
  const impersonate = group === undefined ? "" : ` If you may impersonate: --as <user> --as-group ${group}`;
  return refusal(said, `Approvers: ${approversText(spec.approvers)}.${impersonate}`);
};

const whyClosed = (approval: AIApprovalRequest, me: string, nowMs: number): CliError | undefined => {
  const { name } = approval.metadata;
  const phase = approval.status?.phase ?? "Pending";
  const people = approval.spec.decisions.map((each) => `${each.by} (${each.decision})`);
  if (phase === "Void") return refusal(`${name} is void: its target changed while it waited`);
  if (phase === "Overridden")
    return refusal(
      `${name} was replaced by a plan with other parameters, requested by ${listed(people)}`,
      `See the new plan: kintsugi describe ${approval.spec.request}`,
    );
  if (phase === "Expired") return refusal(`${name} expired at ${approval.spec.expiresAt} without a decision`);
  if (phase !== "Pending") return refusal(`${name} is already ${phase}${people.length === 0 ? "" : `, by ${listed(people)}`}`);
  const expires = fromTimestamp(approval.spec.expiresAt);
  if (expires !== undefined && expires <= nowMs) return refusal(`${name} expired at ${approval.spec.expiresAt} without a decision`);
  const mine = approval.spec.decisions.find((each) => each.by === me);
  return mine === undefined ? undefined : refusal(`you (${me}) have already decided ${name}: ${mine.decision}`);
};

const questionText = (session: Session, approval: AIApprovalRequest): readonly string[] => {
  const { page } = session;
  const { spec } = approval;
  const expires = fromTimestamp(spec.expiresAt);
  const left = expires === undefined ? "" : ` (in ${durationText(expires - session.deps.clock.now())})`;
  return [
    ...point(page, 0, "", spec.summary, page.paint.bold),
    ...spec.steps.flatMap((step, at) => point(page, 1, `${at + 1}.`, stepText(step))),
    ...point(page, 1, "•", `${riskText(spec)}; expires at ${expires === undefined ? spec.expiresAt : dateAndTime(expires)} UTC${left}`),
    ...point(page, 1, "•", `approval required: ${spec.reason}`),
    ...spec.decisions.flatMap((each) => point(page, 1, "•", `${each.decision} by ${each.by}`)),
    ...section(page, "CHANGE", diffsText(page, 1, spec.diffs)),
  ];
};

const confirmation = (approval: AIApprovalRequest, entry: Decision): string => {
  const { spec } = approval;
  const approved = spec.decisions.filter((each) => each.decision === "Approved").length;
  const follow = `Follow it with: kintsugi get rr ${spec.request} --watch`;
  if (entry.decision === "Overridden")
    return `New plan requested${parametersText(entry.override?.parameters ?? {})} as ${entry.by}. Nothing is approved yet; approve the new plan with: kintsugi approve ${spec.request}`;
  if (entry.decision === "Rejected")
    return `Rejected as ${entry.by}. Nothing will be changed. Another repair, if there is one, needs an approval of its own.`;
  if (approved < spec.minApprovers)
    return `Approved as ${entry.by}: ${approved} of ${spec.minApprovers} approvals. The repair starts when the others approve.`;
  return `Approved as ${entry.by}. ${follow}`;
};
