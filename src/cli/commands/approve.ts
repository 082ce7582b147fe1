// `kintsugi approve` and `kintsugi reject`: a person's decision, in their own name. Shows the exact change first; adds one entry and touches nothing else.
import type { Command } from "commander";
import { AIApprovalRequest, type Decision } from "#api/kinds/ai-approval-request.ts";
import type { AddCommand, Consent } from "#cli/command.ts";
import { consent } from "#cli/consent.ts";
import { type CliError, policyDenial, refusal } from "#cli/failure.ts";
import { findApproval } from "#cli/find.ts";
import { overrideFrom } from "#cli/override.ts";
import { kindAndName } from "#cli/reference.ts";
import { dateAndTime, durationText } from "#cli/render/duration.ts";
import { point, section } from "#cli/render/page.ts";
import { diffsText, parametersText, riskText, stepText } from "#cli/render/plan-text.ts";
import { listed } from "#cli/render/text.ts";
import type { Session } from "#cli/session.ts";
import { whoAmI } from "#cli/who-am-i.ts";
import { isConflict, isGuardFailed } from "#kube/errors.ts";
import { fromTimestamp } from "#lib/clock.ts";

type Verdict = Decision["decision"];

interface Options {
  readonly message?: string;
  readonly yes?: true;
  readonly set?: readonly string[];
  readonly step?: string;
}

const add =
  (verb: "approve" | "reject", description: string, more: (command: Command) => Command): AddCommand =>
  (program, run) => {
    more(
      program
        .command(verb)
        .description(description)
        .argument("<request>", "the request or its approval, by name or by target such as deployment/web or deployment web")
        .argument("[name]", "the name of the target, if its kind stands alone")
        .option("-m, --message <text>", "why; kept with the decision")
        .option("-y, --yes", "do not ask"),
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

export const addApprove = add("approve", "Allow a repair that waits for a person, after a look at its exact change.", (command) =>
  command
    .option(
      "--set <name=value>",
      "ask for another parameter instead, as often as needed: a new plan, which then has to be approved",
      collected,
      [],
    )
    .option("--step <id>", "which step of the plan to set them for, where it has several"),
);
export const addReject = add("reject", "Refuse a repair that waits for a person. It is not proposed again.", (command) => command);

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

  if (session.data === undefined) session.print(`${questionText(session, approval).join("\n")}\n\n`);
  const verb = intent.verdict === "Approved" ? "Approve" : "Reject";
  const question =
    override === undefined
      ? `${verb} this change as ${me.name}?`
      : `Ask for${parametersText(override.parameters)} instead, as ${me.name}? It approves nothing.`;
  await consent(session, intent.consent, question);

  const entry: Decision = {
    by: me.name,
    decision: intent.verdict,
    via: "kintsugi",
    ...(override === undefined ? {} : { override }),
    ...(intent.message === undefined ? {} : { message: intent.message }),
  };
  const decided = await record(session, approval, entry);
  if (session.data !== undefined) session.printData(decided);
  else session.print(`${confirmation(decided, entry)}\n`);
  return 0;
};

const record = async (session: Session, approval: AIApprovalRequest, entry: Decision): Promise<AIApprovalRequest> => {
  const kube = await session.kube();
  const { namespace, name, uid } = approval.metadata;
  try {
    return await kube.jsonPatch(AIApprovalRequest, { namespace, name }, [
      // What is decided is what was shown: not another approval that has taken its name since.
      { op: "test", path: "/metadata/uid", value: uid },
      { op: "test", path: "/spec/changesHash", value: approval.spec.changesHash },
      { op: "add", path: "/spec/decisions/-", value: entry },
    ]);
  } catch (error) {
    if (isGuardFailed(error) || isConflict(error)) throw refusal(`${name} has changed since it was shown: look again`);
    const denial = policyDenial(error);
    if (denial !== undefined)
      throw refusal(`${entry.by} may not decide ${name}: ${denial}`, `Approvers are ${listed(approval.spec.approvers)}.`);
    throw error;
  }
};

const whyClosed = (approval: AIApprovalRequest, me: string, nowMs: number): CliError | undefined => {
  const { name } = approval.metadata;
  const phase = approval.status?.phase ?? "Pending";
  const people = approval.spec.decisions.map((each) => `${each.by} (${each.decision})`);
  if (phase === "Void") return refusal(`${name} is void: the target changed while it waited`);
  if (phase === "Overridden")
    return refusal(
      `${name} has been answered with other parameters, by ${listed(people)}`,
      `Its successor: kintsugi describe ${approval.spec.request}`,
    );
  if (phase === "Expired") return refusal(`${name} has expired: nobody decided before ${approval.spec.expiresAt}`);
  if (phase !== "Pending") return refusal(`${name} is ${phase} already${people.length === 0 ? "" : `, by ${listed(people)}`}`);
  const expires = fromTimestamp(approval.spec.expiresAt);
  if (expires !== undefined && expires <= nowMs) return refusal(`${name} has expired: nobody decided before ${approval.spec.expiresAt}`);
  const mine = approval.spec.decisions.find((each) => each.by === me);
  return mine === undefined ? undefined : refusal(`you, ${me}, have decided ${name} already: ${mine.decision}`);
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
    ...point(page, 1, "•", `why a person is asked: ${spec.reason}`),
    ...spec.decisions.flatMap((each) => point(page, 1, "•", `${each.decision} by ${each.by}`)),
    ...section(page, "THE CHANGE", diffsText(page, 1, spec.diffs)),
  ];
};

const confirmation = (approval: AIApprovalRequest, entry: Decision): string => {
  const { spec } = approval;
  const approved = spec.decisions.filter((each) => each.decision === "Approved").length;
  const follow = `Follow it with: kintsugi get rr ${spec.request} --watch`;
  if (entry.decision === "Overridden")
    return `Asked for${parametersText(entry.override?.parameters ?? {})} as ${entry.by}. Nothing is approved yet: the new plan waits for kintsugi approve ${spec.request}.`;
  if (entry.decision === "Rejected")
    return `Rejected as ${entry.by}. Nothing will be changed. Another repair, where there is one, will be a new question.`;
  if (approved < spec.minApprovers)
    return `Approved as ${entry.by}: ${approved} of ${spec.minApprovers} approvals. It goes on when the others agree.`;
  return `Approved as ${entry.by}. ${follow}`;
};
