// Completion scripts for bash, zsh and fish, from plain data about the commands. Pure.

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly { readonly flag: string; readonly description: string; readonly takesValue: boolean }[];
  readonly commands: readonly CompletedCommand[];
}

export const completionScript = (shell: Shell, program: CompletedCommand): string => scripts[shell](program);

const words = ({ commands, options }: CompletedCommand): string =>
  [...commands.map(({ name }) => name), ...options.map(({ flag }) => flag)].join(" ");

/** The words after `kintsugi <command>`: the command's own, and the options that every command takes. */
const wordsOf = (program: CompletedCommand, command: CompletedCommand): string =>
  [words(command), program.options.map(({ flag }) => flag).join(" ")].filter((text) => text !== "").join(" ");

const valueFlags = (program: CompletedCommand): string =>
  [
    ...new Set(
      [program, ...program.commands].flatMap(({ options }) => options.flatMap(({ flag, takesValue }) => (takesValue ? [flag] : []))),
    ),
  ].join("|");

const bash = (program: CompletedCommand): string => `# bash completion for kintsugi
_kintsugi() {
  local word="\${COMP_WORDS[COMP_CWORD]}" command="" at
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
    ${valueFlags(program)}) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
      ${program.commands.map(({ name }) => name).join("|")}) command="\${COMP_WORDS[at]}"; break ;;
    esac
  done
  case "$command" in
${program.commands.map((command) => `    ${command.name}) COMPREPLY=($(compgen -W "${wordsOf(program, command)}" -- "$word")) ;;`).join("\n")}
    *) COMPREPLY=($(compgen -W "${words(program)}" -- "$word")) ;;
  esac
}
complete -F _kintsugi kintsugi
`;

const zshText = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, "\\$&");
const zshOptions = ({ options }: CompletedCommand): readonly string[] =>
  options.map(({ flag, description, takesValue }) => `'${flag}[${zshText(description)}]${takesValue ? ":value:_files" : ""}'`);

const zsh = (program: CompletedCommand): string => `#compdef kintsugi
# zsh completion for kintsugi
_kintsugi() {
  local -a commands globals
  commands=(
${program.commands.map(({ name, description }) => `    '${name}:${zshText(description)}'`).join("\n")}
  )
  globals=(
${zshOptions(program)
  .map((text) => `    ${text}`)
  .join("\n")}
  )
  local command at
  for ((at = 2; at < CURRENT; at++)); do
    if (( \${commands[(I)\${words[at]}:*]} )); then command=\${words[at]}; break; fi
  done
  if [[ -z $command ]]; then
    _arguments -s "\${globals[@]}" '1:command:->command' '*::argument:_default'
    _describe command commands
    return
  fi
  case $command in
${program.commands
  .map(
    (command) =>
      `    ${command.name}) _arguments -s "\${globals[@]}" ${[...zshOptions(command), command.commands.length === 0 ? "'*:argument:_default'" : `'*:command:(${command.commands.map(({ name }) => name).join(" ")})'`].join(" ")} ;;`,
  )
  .join("\n")}
  esac
}
if [[ "\${funcstack[1]}" = _kintsugi ]]; then _kintsugi "$@"; else compdef _kintsugi kintsugi; fi
`;

const fishText = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const fishOptions = (condition: string, { options }: CompletedCommand): readonly string[] =>
  options.map(({ flag, description, takesValue }) => {
    const kind = flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
    return `complete -c kintsugi${condition} ${kind}${takesValue ? " -r" : ""} -d ${fishText(description)}`;
  });

const fish = (program: CompletedCommand): string => {
  const names = program.commands.map(({ name }) => name).join(" ");
  const lines = [
    "# fish completion for kintsugi",
    ...fishOptions("", program),
    ...program.commands.flatMap((command) => {
      const within = ` -n ${fishText(`__fish_seen_subcommand_from ${command.name}`)}`;
      return [
        `complete -c kintsugi -f -n ${fishText(`not __fish_seen_subcommand_from ${names}`)} -a ${command.name} -d ${fishText(command.description)}`,
        ...fishOptions(within, command),
        ...command.commands.map(({ name, description }) => `complete -c kintsugi -f${within} -a ${name} -d ${fishText(description)}`),
      ];
    }),
  ];
  return `${lines.join("\n")}\n`;
};

const scripts: Readonly<Record<Shell, (program: CompletedCommand) => string>> = { bash, zsh, fish };
