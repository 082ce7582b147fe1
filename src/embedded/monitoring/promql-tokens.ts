// PromQL text into tokens, as Prometheus' lexer cuts it. Pure.

export type TokenKind = "number" | "duration" | "string" | "identifier" | "operator" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As it stands in the text; of a string, what it means. */
  readonly text: string;
  readonly at: number;
}

export class PromqlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PromqlError";
  }
}

const patterns: readonly (readonly [TokenKind | "blank", RegExp])[] = [
  ["blank", /(?:\s+|#[^\n]*)+/y],
  ["duration", /(?:\d+(?:ms|[smhdwy]))+(?![a-zA-Z0-9_])/y],
  ["number", /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y],
  ["string", /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`/y],
  ["identifier", /[a-zA-Z_:][a-zA-Z0-9_:]*/y],
  ["operator", /=~|!~|==|!=|<=|>=|[-+*/%^<>=(){}[\],]/y],
];

export const tokensOf = (text: string): Token[] => {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    const found = nextToken(text, position);
    if (found === undefined) throw new PromqlError(`unexpected ${JSON.stringify(text[position])} at ${position}`);
    const [kind, matched] = found;
    if (kind === "string") tokens.push({ kind, text: unquoted(matched), at: position });
    else if (kind !== "blank") tokens.push({ kind, text: matched, at: position });
    position += matched.length;
  }
  return [...tokens, { kind: "end", text: "", at: text.length }];
};

const nextToken = (text: string, position: number): readonly [TokenKind | "blank", string] | undefined => {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = position;
    const matched = pattern.exec(text)?.[0];
    if (matched !== undefined && matched !== "") return [kind, matched];
  }
  return undefined;
};

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };

const unquoted = (text: string): string => {
  const inner = text.slice(1, -1);
  return text.startsWith("`") ? inner : inner.replaceAll(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter);
};

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** `1h30m`; `0` too, as Prometheus' own configuration allows. */
export const durationMs = (text: string): number => {
  if (text !== "0" && !/^(?:\d+(?:ms|[smhdwy]))+$/.test(text)) throw new PromqlError(`${JSON.stringify(text)} is no duration`);
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce((sum, [, count = "", unit = ""]) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
};
