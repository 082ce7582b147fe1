// Commands for a person to paste, where no action of the catalogue does the same. Pure text: nothing runs them, and a shell runs nothing in their words.
import type { Reference } from "#api/fields.ts";
import { shellCommand } from "#lib/shell.ts";

/** `kubectl -n shop patch hpa web …` */
export const kubectl = (namespace: string | undefined, ...words: readonly string[]): string =>
  shellCommand("kubectl", ...(namespace === undefined ? [] : ["-n", namespace]), ...words);

/** `deployment/web`, as kubectl takes it. */
export const resource = ({ kind, name }: Pick<Reference, "kind" | "name">): string => `${kind.toLowerCase()}/${name}`;

/** A merge patch of one object. */
export const patch = ({ kind, namespace, name }: Pick<Reference, "kind" | "namespace" | "name">, change: object): string =>
  kubectl(namespace, "patch", kind.toLowerCase(), name, "--type=merge", "-p", JSON.stringify(change));
