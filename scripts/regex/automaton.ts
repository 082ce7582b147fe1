// A regular expression as a position automaton (Glushkov): one state for each character of the pattern, edges with the symbols they read.
// Approximates upwards: what it cannot express (assertions inside, large counts) becomes more permissive, never less.
import { type AST, RegExpParser } from "@eslint-community/regexpp";

/** A set of symbols, one bit each. */
export type Symbols = bigint;

export interface Edge {
  readonly to: number;
  readonly symbols: Symbols;
  /** Whether the pattern goes this way in more than one way: `(a*)*` from `a` to `a`. */
  readonly isDoubled: boolean;
}

export interface State {
  /** The piece of the pattern, for messages. */
  readonly text: string;
  readonly edges: readonly Edge[];
  /** Whether the match succeeds here whatever follows: nothing behind it can fail. */
  readonly succeeds: boolean;
}

export interface Automaton {
  readonly states: readonly State[];
  /** The first of the states that read the text before a match. */
  readonly search: number;
}

/** A repetition of up to this many single characters is written out; a longer one counts as endless. */
const longestWrittenOut = 64;
const statesAtMost = 3_000;

export class NotAnalysable extends Error {}

export const automatonOf = (pattern: string, flags: string): Automaton => {
  const isUnicode = flags.includes("u") || flags.includes("v");
  const tree = new RegExpParser().parsePattern(pattern, 0, pattern.length, {
    unicode: isUnicode && !flags.includes("v"),
    unicodeSets: flags.includes("v"),
  });
  const alphabet = createAlphabet(tree, flags);
  const strict = compile(tree, alphabet, flags, "cannot hold");
  const graph = compile(tree, alphabet, flags, "may hold");
  const succeeding = new Set(strict.whole.last);
  const search = graph.texts.length;
  const edges = graph.edges.map((from) => [...from].flatMap(([to, { symbols, count }]) => edgeTo(to, symbols, count)));
  const states = graph.texts.map((text, at): State => ({ text, edges: edges[at] ?? [], succeeds: succeeding.has(at) }));
  // A sticky expression is tried at one place only.
  return { states: flags.includes("y") ? states : [...states, ...searchStates(graph, alphabet, search)], search };
};

const edgeTo = (to: number, symbols: Symbols, count: number): readonly Edge[] =>
  symbols === 0n ? [] : [{ to, symbols, isDoubled: count > 1 }];

/** Any text; its last character decides whether a line or a word begins behind it. */
const searchStates = (graph: Graph, alphabet: Alphabet, search: number): readonly State[] => {
  const anyText = [
    { at: search, symbols: alphabet.all & ~alphabet.lineEnds & ~alphabet.words },
    { at: search + 1, symbols: alphabet.lineEnds },
    { at: search + 2, symbols: alphabet.words },
  ];
  const around = anyText.map(({ at, symbols }): Edge => ({ to: at, symbols, isDoubled: false }));
  return anyText.map(({ at }) => {
    const begins = graph.whole.first.flatMap(({ to, after }) => {
      const own = graph.symbols[to] ?? 0n;
      const isWord = at === search + 2;
      if (after === "start" || (after === "line" && at !== search + 1)) return [];
      return edgeTo(to, after === "boundary" ? (isWord ? own & ~alphabet.words : own & alphabet.words) : own, 1);
    });
    return { text: "any text", edges: [...around, ...begins], succeeds: false };
  });
};

interface Alphabet {
  readonly all: Symbols;
  readonly lineEnds: Symbols;
  readonly words: Symbols;
  /** What one character, class or set of the pattern reads. */
  of(raw: string): Symbols;
}

const samples = [
  ...Array.from({ length: 128 }, (_, code) => code),
  ...[
    0x80, 0x85, 0xa0, 0xad, 0xdf, 0xe9, 0x130, 0x131, 0x17f, 0x3bb, 0x1e9e, 0x2003, 0x2028, 0x2029, 0x202e, 0x212a, 0x4e00, 0xd800, 0xdc00,
    0xfeff,
  ],
];

/** Characters that no piece of the pattern distinguishes are one symbol. */
const createAlphabet = (tree: AST.Pattern, flags: string): Alphabet => {
  const pieces = new Map<string, RegExp>();
  const ownFlags = flags.replaceAll(/[^iuvs]/g, "");
  const codes = new Set(samples);
  walk(tree, (node) => {
    if (node.type === "Character") for (const code of [node.value - 1, node.value, node.value + 1]) if (code >= 0) codes.add(code);
    if (node.type === "CharacterClassRange") for (const code of [node.min.value - 1, node.max.value + 1]) if (code >= 0) codes.add(code);
    if (isPiece(node)) pieces.set(node.raw, new RegExp(`^(?:${node.raw})$`, ownFlags));
  });
  const tests = [...pieces.values(), /^[\n\r\u2028\u2029]$/, /^\w$/];
  const symbolOf = new Map<string, number>();
  const sets = tests.map(() => 0n);
  for (const code of codes) {
    const text = String.fromCodePoint(code);
    const holds = tests.map((each) => each.test(text));
    const key = holds.map(Number).join("");
    const symbol = symbolOf.get(key) ?? symbolOf.size;
    symbolOf.set(key, symbol);
    for (const [index, is] of holds.entries()) if (is) sets[index] = (sets[index] ?? 0n) | (1n << BigInt(symbol));
  }
  const byRaw = new Map([...pieces.keys()].map((raw, index) => [raw, sets[index] ?? 0n]));
  return {
    all: (1n << BigInt(symbolOf.size)) - 1n,
    lineEnds: sets.at(-2) ?? 0n,
    words: sets.at(-1) ?? 0n,
    of: (raw) => byRaw.get(raw) ?? 0n,
  };
};

const isPiece = (node: AST.Node): boolean =>
  node.type === "CharacterClass" ||
  node.type === "ExpressionCharacterClass" ||
  ((node.type === "Character" || node.type === "CharacterSet") &&
    (node.parent?.type === "Alternative" || node.parent?.type === "Quantifier"));

const walk = (node: AST.Node, visit: (node: AST.Node) => void): void => {
  visit(node);
  const { alternatives, elements, element } = node as { alternatives?: AST.Node[]; elements?: AST.Node[]; element?: AST.Node };
  for (const each of [...(alternatives ?? []), ...(elements ?? []), ...(element === undefined ? [] : [element])]) walk(each, visit);
};

/** What must be before the first character: anything, the start of the text, of a line, or an edge of a word. */
type After = "anything" | "start" | "line" | "boundary";

interface Fragment {
  readonly first: readonly { readonly to: number; readonly after: After }[];
  readonly last: readonly number[];
  /** Undefined where it reads at least one character; else what an empty match of it demands. */
  readonly empty: After | undefined;
}

interface Graph {
  readonly texts: readonly string[];
  readonly symbols: readonly Symbols[];
  readonly edges: readonly ReadonlyMap<number, { readonly symbols: Symbols; readonly count: number }>[];
  readonly whole: Fragment;
}

const nothing: Fragment = { first: [], last: [], empty: "anything" };
const impossible: Fragment = { first: [], last: [], empty: undefined };

/** `assertions`: whether one may hold anywhere, or never does, which leaves the ways that no assertion guards. */
const compile = (tree: AST.Pattern, alphabet: Alphabet, flags: string, assertions: "may hold" | "cannot hold"): Graph => {
  const texts: string[] = [];
  const symbols: Symbols[] = [];
  const edges: Map<number, { symbols: Symbols; count: number }>[] = [];

  const connect = (from: readonly number[], { first }: Fragment): void => {
    for (const at of from)
      for (const { to, after } of first) {
        if (after === "start") continue;
        const known = edges[at]?.get(to);
        edges[at]?.set(to, { symbols: symbols[to] ?? 0n, count: (known?.count ?? 0) + 1 });
      }
  };
  const inOrder = (a: Fragment, b: Fragment): Fragment => {
    connect(a.last, b);
    const { empty } = a;
    return {
      first: empty === undefined ? a.first : [...a.first, ...b.first.map(({ to, after }) => ({ to, after: stricter(empty, after) }))],
      last: b.empty === undefined ? b.last : [...a.last, ...b.last],
      empty: empty === undefined || b.empty === undefined ? undefined : stricter(empty, b.empty),
    };
  };
  const either = (fragments: readonly Fragment[]): Fragment => ({
    first: fragments.flatMap(({ first }) => first),
    last: fragments.flatMap(({ last }) => last),
    empty: fragments.some(({ empty }) => empty === "anything") ? "anything" : fragments.find(({ empty }) => empty !== undefined)?.empty,
  });
  const optional = (fragment: Fragment): Fragment => ({ ...fragment, empty: "anything" });
  const character = (node: AST.Node): Fragment => {
    if (texts.length >= statesAtMost) throw new NotAnalysable("it is too large");
    const at = texts.push(node.raw) - 1;
    symbols.push(alphabet.of(node.raw));
    edges.push(new Map());
    return { first: [{ to: at, after: "anything" }], last: [at], empty: undefined };
  };
  const repeated = (node: AST.Quantifier): Fragment => {
    const { min, max, element } = node;
    const isWrittenOut = max <= 4 || (max <= longestWrittenOut && isFixed(element));
    if (!isWrittenOut) {
      const once = of(element);
      connect(once.last, once);
      return min === 0 ? optional(once) : once;
    }
    // x{2,4} is x x (x (x)?)?
    let rest = nothing;
    const copies = Array.from({ length: max }, () => of(element));
    for (const copy of copies.slice(min).toReversed()) rest = optional(inOrder(copy, rest));
    return [...copies.slice(0, min), rest].reduce(inOrder, nothing);
  };
  const assertion = (node: AST.Assertion): Fragment => {
    if (assertions === "cannot hold") return impossible;
    if (node.kind === "start") return { ...nothing, empty: flags.includes("m") ? "line" : "start" };
    if (node.kind === "word") return { ...nothing, empty: node.negate ? "anything" : "boundary" };
    if (node.kind === "lookahead") {
      // A way of its own that leads nowhere: what it reads is read again by what follows.
      const { first } = either(node.alternatives.map(of));
      return { first, last: [], empty: "anything" };
    }
    if (node.kind === "lookbehind" && !node.alternatives.every(isBounded)) throw new NotAnalysable("it looks behind without a bound");
    return nothing;
  };
  const of = (node: AST.Node): Fragment => {
    switch (node.type) {
      case "Pattern":
      case "Group":
      case "CapturingGroup":
        return either(node.alternatives.map(of));
      case "Alternative":
        return node.elements.map((each) => of(each)).reduce(inOrder, nothing);
      case "Quantifier":
        return repeated(node);
      case "Assertion":
        return assertion(node);
      case "Character":
      case "CharacterSet":
      case "CharacterClass":
      case "ExpressionCharacterClass":
        return character(node);
      default:
        throw new NotAnalysable(`${node.raw} is not supported`);
    }
  };
  return { whole: of(tree), texts, symbols, edges };
};

const strictness: readonly After[] = ["anything", "boundary", "line", "start"];
const stricter = (a: After, b: After): After => (strictness.indexOf(a) > strictness.indexOf(b) ? a : b);

/** Always as many characters. */
const isFixed = (node: AST.Node): boolean => isMade(node, ({ min, max }) => min === max && max <= longestWrittenOut);
const isBounded = (node: AST.Node): boolean => isMade(node, ({ max }) => max <= longestWrittenOut);
const isMade = (node: AST.Node, keeps: (quantifier: AST.Quantifier) => boolean): boolean => {
  let isAll = true;
  walk(node, (each) => {
    if (each.type === "Quantifier" && !keeps(each)) isAll = false;
  });
  return isAll;
};
