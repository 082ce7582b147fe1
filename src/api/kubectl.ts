// How kubectl names an object on its command line. Pure.
import type { ObjectReference } from "#api/object.ts";
import { shellCommand } from "#lib/shell.ts";

/** `deployment/web -n shop`, as words that are not quoted yet. */
export const objectWords = ({ kind, namespace, name }: ObjectReference): readonly string[] => [
  `${kind.toLowerCase()}/${name}`,
  ...(namespace === undefined ? [] : ["-n", namespace]),
];

/** Quoted for the shell. */
export const describeCommand = (object: ObjectReference): string => shellCommand("kubectl", "describe", ...objectWords(object));
