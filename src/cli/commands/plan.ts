// `kintsugi plan`: what Kintsugi would find and do about one object, right now. Only reads.
import type { DefineCommand } from "#cli/command.ts";
import { isAnswered, planData, planFor, planText } from "#cli/object-plan.ts";

export const define: DefineCommand = (command, run) => {
  command
    .argument("<kind/name>", "such as deployment/web or deployment web")
    .argument("[name]", "name of the object, if only its kind was given")
    .option("--alert <name>", "plan as if this alert were firing", "manual")
    .addHelpText("after", "\nExit code 0: a repair is planned, or no problem was found; 1: a manual fix is needed.")
    .action((first: string, second: string | undefined, options: { alert: string }) =>
      run(
        async (session) => {
          const plan = await planFor(session, { first, second, alertName: options.alert });
          if (session.data === undefined) session.print(planText(session, plan, "Nothing was changed."));
          else session.printData(planData(plan));
          return isAnswered(plan) ? 0 : 1;
        },
        { namespaces: "one" },
      )(),
    );
};
