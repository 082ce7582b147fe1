// `kintsugi run`, `demo` and `act`: handed to the composition root, which puts the parts together. Only reads arguments.
import { InvalidArgumentError, Option } from "commander";

import { SIGNALS_AUDIENCE } from "#api/labels.ts";
import type { DefineCommand } from "#cli/command.ts";
import type { RunOptions } from "#cli/deps.ts";
import { misuse } from "#cli/failure.ts";
import type { LogLevel } from "#lib/log.ts";

interface RunFlags {
  readonly address: string;
  readonly port: number;
  readonly metricsPort: number;
  readonly tokenAudience: string;
  readonly tlsCertFile?: string;
  readonly tlsKeyFile?: string;
  readonly plainHttp?: true;
  readonly image?: string;
  readonly leaderElection: boolean;
  readonly logLevel: LogLevel;
}

const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

export const defineRun: DefineCommand = (command, run) => {
  command
    .argument("<role>", "all, or the name of a role")
    .option("--address <ip>", "where the services listen", "127.0.0.1")
    .option("--port <number>", "port of the Gateway, where alerts come in; 0 takes a free one", portOf, 8080)
    .option("--metrics-port <number>", "port of metrics and probes; 0 takes a free one", portOf, 9090)
    .option("--token-audience <name>", "audience that the tokens of senders must be for", SIGNALS_AUDIENCE)
    .option("--tls-cert-file <path>", "certificate of the Gateway in PEM; read again when it changes")
    .option("--tls-key-file <path>", "its key")
    .option("--plain-http", "serve the Gateway without TLS on an address that others reach")
    .option("--image <reference>", "image of the Jobs that carry out actions; admission allows only the installed one")
    // Its default is said: commander gives a negated option none where the command is defined while it is parsed.
    .addOption(new Option("--no-leader-election", "no leader election: this is the only process").default(true))
    .addOption(new Option("--log-level <level>", "log level").choices(logLevels).default("info"))
    .action((role: string, flags: RunFlags) =>
      run(async (session) => {
        if (role !== "all" && !session.deps.roles.includes(role))
          throw misuse(`"${role}" is not a role: use all, ${session.deps.roles.join(", ")}`);
        const { kubeconfig, context } = session.options;
        const tls = tlsOf(flags);
        if (tls === undefined && servesGateway(role) && flags.plainHttp === undefined && !isLoopback(flags.address))
          throw misuse(
            `senders would send their tokens to ${flags.address} unencrypted: give --tls-cert-file and --tls-key-file, or --plain-http`,
          );
        return session.deps.runRole(role, {
          namespace: session.kintsugiNamespace,
          kubeconfig,
          context,
          address: flags.address,
          port: flags.port,
          metricsPort: flags.metricsPort,
          tokenAudience: flags.tokenAudience,
          ...(tls === undefined ? {} : { tls }),
          image: flags.image,
          leaderElection: flags.leaderElection ? "on" : "off",
          logLevel: flags.logLevel,
        });
      })(),
    );
};

const servesGateway = (role: string): boolean => role === "all" || role === "gateway";

const isLoopback = (address: string): boolean => /^127\.|^::1$|^localhost$/.test(address);

const tlsOf = ({ tlsCertFile: certFile, tlsKeyFile: keyFile, plainHttp }: RunFlags): RunOptions["tls"] => {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) throw misuse("--tls-cert-file and --tls-key-file belong together");
  if (plainHttp) throw misuse("--plain-http contradicts --tls-cert-file");
  return { certFile, keyFile };
};

const portOf = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError("It is a number from 0 to 65535.");
  return port;
};

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
    .option("--termination-log <path>", "where the report goes", "/dev/termination-log")
    .action((execution: string, flags: { hash: string; terminationLog: string }) =>
      run(async (session) => {
        if (session.deps.runAct === undefined) throw misuse("act runs inside an action's Job");
        const { kubeconfig, context } = session.options;
        const { hash, terminationLog } = flags;
        return session.deps.runAct({ execution, hash, namespace: session.kintsugiNamespace, kubeconfig, context, terminationLog });
      })(),
    );
};
