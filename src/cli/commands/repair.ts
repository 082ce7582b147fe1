// `kintsugi repair`: opens a request without an alert, in the person's own name, and follows it to its end. The same rules and the same record as
// for an alert: what needs an approval still needs one.
import { Option } from "commander";
import { type Outcome, RemediationRequest } from "#api/kinds/remediation-request.ts";
import { referenceText } from "#api/object.ts";
import type { DefineCommand } from "#cli/command.ts";
import { consent } from "#cli/consent.ts";
import { durationMs } from "#cli/duration-option.ts";
import { readStoryObjects } from "#cli/find.ts";
import { followRequest } from "#cli/follow-request.ts";
import { type ManualRequest, manualRequest, openRequest } from "#cli/manual-request.ts";
import { hasRepair, isHealthy, type ObjectPlan, planData, planFor, planText } from "#cli/object-plan.ts";
import type { Session } from "#cli/session.ts";
import { whoAmI } from "#cli/who-am-i.ts";
import { storyOf } from "#story/story-of.ts";

interface Options {
  readonly message?: string;
  readonly yes?: true;
  readonly dryRun?: true;
  /** commander's form of --no-wait. */
  readonly wait?: boolean;
  readonly timeout: number;
}

export const define: DefineCommand = (command, run) => {
  command
    .argument("<kind/name>", "such as deployment/web or deployment web")
    .argument("[name]", "name of the object, if only its kind was given")
    .option("-m, --message <text>", "reason; stored with the request")
    .option("-y, --yes", "do not ask for confirmation")
    .option("--dry-run", "show the plan, and have the API server check the request without storing it")
    .option("--no-wait", "open the request and do not follow it")
    .addOption(
      new Option("--timeout <duration>", "how long to follow the request, such as 30m; it goes on after that")
        .argParser(durationMs)
        .default(3_600_000, "1h"),
    )
    .addHelpText("after", help)
    .action((first: string, second: string | undefined, options: Options) =>
      run((session) => repair(session, first, second, options), { namespaces: "one" })(),
    );
};

const help = `
A repair that needs an approval waits for one: kintsugi approve <request>.
Exit code 0: the object is repaired, or it is healthy. 1: it is not repaired; the output says why. 2: the command could not run.`;

const repair = async (session: Session, first: string, second: string | undefined, options: Options): Promise<number> => {
  const plan = await planFor(session, { first, second, alertName: "manual" });
  const kube = await session.kube();
  if (plan.request !== undefined) session.note(`${plan.request.name} works on ${referenceText(plan.target)} already.`);
  else if (!hasRepair(plan)) return nothingToDo(session, plan);

  const { name: by } = await whoAmI(kube);
  const { asked, target } = plan;
  const wanted: ManualRequest = {
    namespace: session.kintsugiNamespace,
    asked,
    target,
    by,
    message: options.message,
    now: session.deps.clock.now(),
  };
  // Before a person reads and confirms: would the API server accept it from them?
  if (plan.request === undefined) await kube.create(RemediationRequest, manualRequest(wanted, 1_000_000), { dryRun: true });
  if (options.dryRun === true) {
    session.answer(planData(plan), () => planText(session, plan, "Nothing was changed."));
    return 0;
  }
  if (session.data === undefined) session.print(planText(session, plan));
  if (plan.request === undefined)
    await consent(session, options.yes === true ? "given" : "asked", `Repair ${referenceText(target)} as ${by}?`);
  const { state, request } = await openRequest(kube, wanted);
  session.note(`${request.metadata.name} ${state === "opened" ? `opened as ${by}` : "is followed"}.`);
  if (options.wait === false) {
    session.answer(request, () => `Follow it with: kintsugi get rr ${request.metadata.name} --watch\n`);
    return 0;
  }
  const ended = await followRequest(session, request, options.timeout);
  const story = storyOf(await readStoryObjects(kube, ended));
  session.answer(story, () => endText(ended));
  return successes.has(ended.status?.outcome) ? 0 : 1;
};

const nothingToDo = (session: Session, plan: ObjectPlan): number => {
  session.answer(planData(plan), () => planText(session, plan, "No request was opened."));
  return isHealthy(plan) ? 0 : 1;
};

const successes: ReadonlySet<Outcome | undefined> = new Set(["Remediated", "SelfResolved", "NoActionRequired"]);

const endText = ({ metadata, status }: RemediationRequest): string =>
  `${status?.outcome ?? status?.phase ?? ""}: ${status?.message ?? ""}\nThe whole record: kintsugi describe ${metadata.name}\n`;
