// What keeps the program from running where it was started, in one sentence each. Pure.

/** `required`: the manifest's `engines.node`, such as `>=22.18`. */
export const tooOldNode = (version: string, required: string): string | undefined => {
  const [major = 0, minor = 0] = numbers(version);
  const [requiredMajor = 0, requiredMinor = 0] = numbers(required);
  const isOld = major < requiredMajor || (major === requiredMajor && minor < requiredMinor);
  return isOld ? `Node.js ${version} is too old: install Node.js ${requiredMajor}.${requiredMinor} or newer` : undefined;
};

const numbers = (text: string): readonly number[] => (text.match(/\d+/g) ?? []).map(Number);

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on device",
  EDQUOT: "disk quota exceeded",
  EIO: "input/output error",
};

/** Why output could not be written. */
export const streamProblem = ({ code, message }: { readonly code?: string; readonly message: string }): string =>
  `cannot write the output: ${reasons[code ?? ""] ?? message}`;
