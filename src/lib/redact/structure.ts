// What the place of a value says about it while it still has one: the key of a map, the argument before it, the name beside it. Pure.
import { gradeOfName } from "#lib/redact/names.ts";

/** Also `example.com/client-secret`. */
export const isSecretName = (name: string): boolean => gradeOfName(name.slice(name.lastIndexOf("/") + 1)) === "secret";

const flag = /^--?[A-Za-z][\w.-]*$/;
/** `-p 8080`, `-p 8080:80/tcp`, `-p /var/lib`, `-p name=value`: no password. */
const noPassword = /^(?:\d[\d.:/-]*(?:tcp|udp)?|[./~].*|[A-Za-z_][\w.-]*=.*)$/;

/** `["--password", "x"]`, `["-p", "x"]`: the argument before says that this one is secret. */
export const isSecretArgument = (before: unknown, argument: string): boolean => {
  if (typeof before !== "string" || argument.startsWith("-") || argument === "" || !flag.test(before)) return false;
  return before === "-p" ? !noPassword.test(argument) : isSecretName(before.replace(/^--?/, ""));
};

/** `{name: DB_PASSWORD, value: x}`: the name beside says that the value is secret. */
export const isSecretVariable = (item: unknown): item is { readonly name: string; readonly value: string } => {
  const { name, value } = (typeof item === "object" && item !== null ? item : {}) as { name?: unknown; value?: unknown };
  return typeof name === "string" && typeof value === "string" && value !== "" && isSecretName(name);
};
