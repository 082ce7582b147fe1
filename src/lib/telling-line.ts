// The line of a log that says what went wrong: the message before the first stack frame, in the forms of the usual runtimes. Pure.
// A log line is quoted, never believed. Looks at whole lines; every pattern takes time in proportion to its line.

/** `at f (file.js:1:2)`, `at a.b.C(C.java:1)`, `File "x.py", line 1, in f`, `/app/main.go:12 +0x1d`, `from x.rb:1:in 'f'`, `#0 /x.php(3): f()`, `... 12 more` */
const frame =
  /^\s*(?:at \S|File "[^"]{0,400}", line \d|\S{1,400}\.go:\d{1,7}(?: \+0x|$)|from \S{1,400}:\d{1,7}:in |#\d{1,3} \S|\d{1,3}: 0x[0-9a-f]|\.\.\. \d{1,4} (?:more|common frames)|--- End of )/;
/** A call above its place in a Go trace: `main.main()`, `panic({0x1, 0x2})`. */
const goCall = /^[\w./*()[\]-]{1,200}\((?:\.\.\.|[0-9a-fx{}, ?]{0,400})\)$/;
const afterFrames = /^Traceback \(most recent call last\):/;
const noise =
  /^(?:\^+~*|[{}()[\],;]+|Node\.js v\d\S*|goroutine \d{1,9} \[.*|\[signal .*|Stack trace:|Traceback \(most recent call last\):|note: run with .*|stack backtrace:|exit status \d{1,3}|thrown in .*|created by .*)?$/;
/** How a runtime begins its report of an uncaught error. */
const opening = /^(?:node:[\w/]{1,80}:\d{1,7}|(?:file:\/\/)?\/\S{1,400}:\d{1,7})$/;

const strong = /error\b|exception\b|\bfatal\b|\bpanic\b|\buncaught\b|\bunhandled\b|\bcritical\b/i;
const weak =
  /\bfail(?:ed|ure|s)?\b|\bcannot\b|\bcan't\b|\bcould not\b|\bunable\b|\bdenied\b|\brefused\b|\bmissing\b|\bundefined\b|\bnot (?:found|set|defined)\b|\bno such\b|\binvalid\b|\brequired\b|\btimed? ?out\b|\bunsupported\b|\bENOTFOUND\b|\bEADDRINUSE\b|\bEACCES\b|\bmust be\b/i;
/** Says that the program ends, not why. */
const farewell =
  /\bexiting\b|\bexited with\b|\bshutting down\b|\bterminating\b|\bstopping\b|npm (?:ERR|error)|error Command failed|\blifecycle script\b/i;

const linesAtMost = 400;
const lineAtMost = 2000;

interface Found {
  readonly lines: readonly string[];
  readonly at: number;
}

/** Undefined where the log is empty. */
export const tellingLine = (text: string): string | undefined => {
  const { lines, at } = find(text);
  return lines[at]?.trim();
};

/** Whether the line says that something went wrong. */
export const isComplaint = (line: string): boolean => strong.test(line) || weak.test(line);

/** At most so many lines: the message with the frames right below it, and the end of the log. `…` marks what was left out. */
export const tellingExcerpt = (text: string, maxLines: number): string => {
  const { lines, at } = find(text);
  if (lines.length <= maxLines) return lines.join("\n");
  const tail = lines.map((_, index) => index).filter((index) => !isNoise(lines[index] ?? ""));
  const byWorth = [at, ...tail.filter((index) => index > at).slice(0, 2), ...tail.toReversed()].filter((index) => index >= 0);
  let shown: readonly string[] = [];
  const chosen = new Set<number>();
  for (const index of byWorth) {
    const more = withMarks(lines, new Set([...chosen, index]));
    if (more.length > maxLines) continue;
    chosen.add(index);
    shown = more;
  }
  return shown.join("\n");
};

const withMarks = (lines: readonly string[], chosen: ReadonlySet<number>): readonly string[] => {
  const order = [...chosen].toSorted((a, b) => a - b);
  return order.flatMap((index, position) => {
    const before = order[position - 1];
    return [...(before !== undefined && index > before + 1 ? ["…"] : []), lines[index] ?? ""];
  });
};

const isNoise = (line: string): boolean => noise.test(line.trim());
const isFrame = (line: string): boolean => frame.test(line) || goCall.test(line);
const isMessage = (line: string): boolean => !isFrame(line) && !isNoise(line) && !opening.test(line);

const find = (text: string): Found => {
  const lines = text
    .split("\n")
    .slice(-linesAtMost)
    .map((line) => line.slice(0, lineAtMost));
  while (lines.at(-1)?.trim() === "") lines.pop();
  let best = { at: -1, score: -1 };
  for (let at = 0; at < lines.length; at += 1) {
    const score = scoreOf(lines, at);
    // The last of equal scores: it is nearest to the end of the program.
    if (score >= best.score) best = { at, score };
  }
  return { lines, at: best.at };
};

const scoreOf = (lines: readonly string[], at: number): number => {
  const line = lines[at] ?? "";
  if (!isMessage(line)) return 0;
  const words = strong.test(line) ? 30 : weak.test(line) ? 20 : 1;
  const place = /^\s*Caused by: /.test(line) ? 70 : isAboveFrames(lines, at) || isBelowTraceback(lines, at) || isPanic(lines, at) ? 60 : 0;
  return Math.max(1, words + place - (farewell.test(line) ? 15 : 0));
};

/** Node, Java, .NET, Go, Ruby, PHP: the message, and then the frames; a message of several lines begins with its kind. */
const isAboveFrames = (lines: readonly string[], at: number): boolean => {
  let next = at + 1;
  while (next < lines.length && next <= at + 4 && isNoise(lines[next] ?? "")) next += 1;
  return isFrame(lines[next] ?? "");
};

/** Python: the frames, and then the message, which is not indented. */
const isBelowTraceback = (lines: readonly string[], at: number): boolean => {
  if (/^\s/.test(lines[at] ?? "")) return false;
  let before = at - 1;
  while (before >= 0 && before > at - framesAtMost && /^\s/.test(lines[before] ?? "")) before -= 1;
  return before < at - 1 && afterFrames.test(lines[before] ?? "");
};
const framesAtMost = 120;

/** Rust: the place, and then the message. */
const isPanic = (lines: readonly string[], at: number): boolean =>
  /^thread '.{0,80}' (?:\(\d{1,9}\) )?panicked at /.test(lines[at - 1] ?? "");
