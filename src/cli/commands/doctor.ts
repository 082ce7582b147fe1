// `kintsugi doctor`: whether a cluster is ready for Kintsugi, and the command that fixes each check that fails. Only reads.
import type { CheckResult } from "#cli/checkup.ts";
import type { DefineCommand } from "#cli/command.ts";
import { commandsWithRole, printedRole } from "#cli/printed-roles.ts";
import { point } from "#cli/render/page.ts";
import type { Session } from "#cli/session.ts";

export const define: DefineCommand = (command, run) => {
  command
    .option("--rbac <command>", `print the ClusterRole that a command needs, and check nothing: ${commandsWithRole.join(" or ")}`)
    .action((options: { rbac?: string }) =>
      run(async (session) => {
        if (options.rbac !== undefined) return printRole(session, options.rbac);
        // Every controller is behind it: no other command has to load them.
        const [{ checkup }, { actionRights, controllerNeeds }] = await Promise.all([
          import("#cli/checkup.ts"),
          import("#manifests/rights.ts"),
        ]);
        const results = await checkup(await session.kube(), {
          namespace: session.kintsugiNamespace,
          rights: controllerNeeds,
          accounts: actionRights().map((each) => each.account),
        });
        session.answer(
          results,
          () => `${results.flatMap((finding) => resultText(session, finding)).join("\n")}\n\n${conclusion(results)}\n`,
        );
        return results.some((finding) => finding.state === "failed") ? 1 : 0;
      })(),
    );
};

/** For who hands out rights: asks no cluster. */
const printRole = (session: Session, command: string): number => {
  const { role, text } = printedRole(command);
  if (session.data === "json") session.printData(role);
  else session.print(text);
  return 0;
};

const resultText = (session: Session, { check, state, detail, fix }: CheckResult): readonly string[] => {
  const { page } = session;
  const { paint } = page;
  const marks = {
    ok: paint.green("ok     "),
    failed: paint.red("failed "),
    note: paint.yellow("note   "),
    unknown: paint.yellow("unknown"),
  };
  return [
    ...point(page, 0, marks[state], `${check}: ${detail}`),
    ...(fix === undefined ? [] : point(page, 0, "          →", fix, paint.cyan)),
  ];
};

const conclusion = (results: readonly CheckResult[]): string => {
  const failed = results.filter((finding) => finding.state === "failed").length;
  if (failed > 0) return `${failed} of ${results.length} checks failed.`;
  return results.some((finding) => finding.state === "unknown") ? "No check failed; some could not run." : "All checks passed.";
};
