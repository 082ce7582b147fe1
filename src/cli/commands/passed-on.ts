// `demo`, `playground` and the hidden `act`: passed on to the composition root, which has what they need. Reads arguments only.
import type { DefineCommand } from "#cli/command.ts";
import { misuse } from "#cli/failure.ts";

export const defineDemo: DefineCommand = (command, run) => {
  command
    .argument("[arguments...]", "a scenario; --list, --all, --json, --keep, --real, --context <name>")
    .allowUnknownOption()
    .helpOption(false)
    .action((args: readonly string[]) =>
      run(async (session) => {
        if (session.deps.runDemo === undefined)
          throw misuse("the demo is not part of this package: clone the repository and run npm run demo");
        return session.deps.runDemo(args);
      })(),
    );
};

export const definePlayground: DefineCommand = (command, run) => {
  command.action(() =>
    run(async (session) => {
      if (session.deps.runPlayground === undefined)
        throw misuse("the playground is not part of this package: clone the repository and run npm run playground");
      return session.deps.runPlayground();
    })(),
  );
};

/** Hidden: it runs inside an action's Job and nowhere else. */
export const defineAct: DefineCommand = (command, run) => {
  command
    .argument("<execution>")
    .requiredOption("--hash <sha256>")
    .option("--termination-log <path>", "where the report is written", "/dev/termination-log")
    .action((execution: string, flags: { hash: string; terminationLog: string }) =>
      run(async (session) => {
        if (session.deps.runAct === undefined) throw misuse("act runs only inside an action's Job");
        const { kubeconfig, context } = session.options;
        const { hash, terminationLog } = flags;
        return session.deps.runAct({ execution, hash, namespace: session.kintsugiNamespace, kubeconfig, context, terminationLog });
      })(),
    );
};
