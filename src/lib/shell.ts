// A command for a person to paste into a shell. Pure; every word is quoted, because text of a cluster may be one: nothing in it runs.

export const shellCommand = (...words: readonly string[]): string => words.map(shellWord).join(" ");

/** POSIX shells take everything between single quotes as it is. */
const shellWord = (word: string): string => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`);
