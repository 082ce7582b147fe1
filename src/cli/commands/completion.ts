// `kintsugi completion`: a script that completes commands and options in a shell, made from the commands themselves. Asks no cluster.
import type { Command } from "commander";
import type { DefineCommand } from "#cli/command.ts";
import { commandTable } from "#cli/command-table.ts";
import { completionScript, type CompletedCommand, shells } from "#cli/completion-script.ts";
import { misuse } from "#cli/failure.ts";

const examples = `
Examples:
  source <(kintsugi completion bash)
  kintsugi completion zsh > "\${fpath[1]}/_kintsugi"
  kintsugi completion fish > ~/.config/fish/completions/kintsugi.fish`;

export const define: DefineCommand = (command, run) => {
  command
    .argument("<shell>", shells.join(", "))
    .addHelpText("after", examples)
    .action((name: string) =>
      run(async (session) => {
        const shell = shells.find((each) => each === name);
        if (shell === undefined) throw misuse(`"${name}" is not a supported shell: use ${shells.join(", ")}`);
        const program = command.parent as Command;
        const shown = commandTable.filter(({ isHidden }) => isHidden?.(session.deps) !== true);
        for (const { name: other, load } of shown) {
          const each = program.commands.find((found) => found.name() === other);
          // This one is defined already: it runs.
          if (each !== undefined && each !== command) (await load())(each, run);
        }
        const names = new Set(shown.map((entry) => entry.name));
        session.print(completionScript(shell, completed(program, names)));
        return 0;
      })(),
    );
};

const completed = (command: Command, names?: ReadonlySet<string>): CompletedCommand => ({
  name: command.name(),
  description: command.description(),
  options: command.options
    .filter(({ hidden }) => !hidden)
    .flatMap(({ short, long, description, required }) =>
      [short, long].flatMap((flag) => (flag === undefined || flag === null ? [] : [{ flag, description, takesValue: required }])),
    ),
  commands: command.commands.filter((each) => names?.has(each.name()) ?? true).map((each) => completed(each)),
});
