// `kintsugi run`: reads its arguments and passes them to the composition root. Roles and ports come from the registry.
import { InvalidArgumentError, Option } from "commander";

import { SIGNALS_AUDIENCE } from "#api/labels.ts";
import type { DefineCommand } from "#cli/command.ts";
import { misuse } from "#cli/failure.ts";
import { labelOrderOf } from "#cli/label-order.ts";
import { defaultLabelOrder } from "#cluster/reported-object.ts";
import type { LogLevel } from "#lib/log.ts";
import { parseQuantity } from "#lib/quantity.ts";
import { allRoles, roles, rolesNamed } from "#roles/registry.ts";
import { metricsPort } from "#runtime/process-ports.ts";
import type { Port } from "#runtime/role.ts";
import type { RunOptions } from "#runtime/run-options.ts";

interface RunFlags {
  readonly address: string;
  readonly tokenAudience: string;
  readonly tlsCertFile?: string;
  readonly tlsKeyFile?: string;
  readonly plainHttp?: true;
  readonly senderSecretFile?: string;
  readonly walDir?: string;
  readonly walSize?: number;
  readonly image?: string;
  readonly labelOrder?: string;
  readonly watchEvents?: true;
  readonly leaderElection: boolean;
  readonly logLevel: LogLevel;
}

const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];
const allPorts: readonly Port[] = [...roles.flatMap((role) => role.ports), metricsPort];
const longestName = Math.max(...roles.map(({ name }) => name.length));

const rolesHelp = `
Roles:
${[{ name: allRoles, summary: "All of them in one process" }, ...roles]
  .map(({ name, summary }) => `  ${name.padEnd(longestName)}  ${summary}`)
  .join("\n")}`;

export const defineRun: DefineCommand = (command, run) => {
  command.argument("<role>", "all, or the name of a role").option("--address <ip>", "address to listen on", "127.0.0.1");
  for (const { option, serves, number } of allPorts)
    command.option(`${option} <number>`, `port for ${serves}; 0 takes a free one`, portNumber, number);
  command
    .option("--token-audience <name>", "required audience of callers' tokens", SIGNALS_AUDIENCE)
    .option("--tls-cert-file <path>", "TLS certificate in PEM; reloaded when it changes")
    .option("--tls-key-file <path>", "TLS private key in PEM")
    .option("--plain-http", "serve without TLS on an address that other machines can reach")
    .option(
      "--label-order <labels>",
      "labels that name an object, most trusted first, such as rollout=argoproj.io/v1alpha1/Rollout,default",
    )
    .option("--watch-events", "take Warning events of the namespaces that are opted in as alerts")
    .option("--sender-secret-file <path>", "accept these secrets, one a line, from senders without a token; reloaded when it changes")
    .option("--wal-dir <path>", "folder where alerts are kept while the API server does not answer; without it they are refused with 503")
    .option("--wal-size <quantity>", `most that the folder may hold (default: ${defaultWalSize})`, bytesOf)
    .option("--image <reference>", "image of the Jobs that carry out actions; admission allows only the installed one")
    // Its default is set: commander gives a negated option none where the command is defined while it is parsed.
    .addOption(new Option("--no-leader-election", "run without leader election, as the only process").default(true))
    .addOption(new Option("--log-level <level>", "log level").choices(logLevels).default("info"))
    .addHelpText("after", rolesHelp)
    .action((role: string, flags: RunFlags) =>
      run(async (session) => {
        const found = rolesNamed(role);
        if (found === undefined) throw misuse(`unknown role "${role}"; use ${[allRoles, ...roles.map(({ name }) => name)].join(", ")}`);
        const { kubeconfig, context } = session.options;
        const tls = tlsOf(flags);
        const isSecured = found.some(({ ports }) => ports.some(({ secured }) => secured !== undefined));
        if (tls === undefined && isSecured && flags.plainHttp === undefined && !isLoopback(flags.address))
          throw misuse(`tokens sent to ${flags.address} would not be encrypted: set --tls-cert-file and --tls-key-file, or --plain-http`);
        const takesAlerts = found.some((each) => each.takesAlerts);
        if (!takesAlerts && flags.senderSecretFile !== undefined) throw misuse(`--sender-secret-file: role ${role} takes no alerts`);
        if (!takesAlerts && flags.walDir !== undefined) throw misuse(`--wal-dir: role ${role} takes no alerts`);
        if (flags.walDir === undefined && flags.walSize !== undefined) throw misuse("--wal-size needs --wal-dir");
        return session.deps.runRole(role, {
          namespace: session.kintsugiNamespace,
          kubeconfig,
          context,
          address: flags.address,
          ports: Object.fromEntries(allPorts.map((port) => [port.name, command.getOptionValue(attributeOf(port)) as number])),
          tokenAudience: flags.tokenAudience,
          ...(tls === undefined ? {} : { tls }),
          ...(flags.senderSecretFile === undefined ? {} : { senderSecretFile: flags.senderSecretFile }),
          ...(flags.walDir === undefined ? {} : { wal: { folder: flags.walDir, maxBytes: flags.walSize ?? bytesOf(defaultWalSize) } }),
          image: flags.image,
          signals: signalsOf(flags),
          leaderElection: flags.leaderElection ? "on" : "off",
          logLevel: flags.logLevel,
        });
      })(),
    );
};

const attributeOf = ({ option }: Port): string => new Option(option).attributeName();

const isLoopback = (address: string): boolean => /^127\.|^::1$|^localhost$/.test(address);

const tlsOf = ({ tlsCertFile: certFile, tlsKeyFile: keyFile, plainHttp }: RunFlags): RunOptions["tls"] => {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) throw misuse("--tls-cert-file and --tls-key-file must be set together");
  if (plainHttp) throw misuse("--plain-http and --tls-cert-file exclude each other");
  return { certFile, keyFile };
};

const signalsOf = ({ labelOrder, watchEvents }: RunFlags): RunOptions["signals"] => ({
  order: labelOrder === undefined ? defaultLabelOrder : labelOrderOf(labelOrder),
  events: watchEvents === undefined ? "ignored" : "watched",
});

/** Holds an hour of 50 alerts a second. */
const defaultWalSize = "256Mi";
const minWalBytes = 1024 * 1024;

const bytesOf = (text: string): number => {
  const bytes = Number((parseQuantity(text) ?? 0n) / 1000n);
  if (bytes < minWalBytes || bytes > Number.MAX_SAFE_INTEGER)
    throw new InvalidArgumentError("Expected a quantity of at least 1Mi, such as 256Mi.");
  return bytes;
};

const portNumber = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError("Expected a number from 0 to 65535.");
  return port;
};
