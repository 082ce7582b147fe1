// Makes what a person reads about one run comparable with another run: masks times, generated names and what depends on the moment of
// looking, and undoes line breaks, which depend on how long those were. Pure.

type Mask = readonly [RegExp, string];

const times: readonly Mask[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "<time>"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, "<time>"],
  [/\d{4}-\d\d-\d\d/g, "<date>"],
  // A line of the timeline: the offset is padded to the widest one, which differs too.
  [/^( {2})\d\d:\d\d:\d\d +[-+][\dhms. ]+? {2}/gm, "$1<time>  <offset>  "],
  [/\b\d\d:\d\d:\d\d\b/g, "<time>"],
  [/\b\d+d \d+h\b|\b\d+h \d+m\b|\b\d+m ?\d+s\b|(?<=\b(?:took|in|for) )\d+[dhm]\b|\b\d+(?:\.\d+)? ?(?:ms|s|min)\b/g, "<duration>"],
];

const names: readonly Mask[] = [
  [/\b(rr|wfe)-[0-9a-f]{12}-\d+/g, "$1-<id>"],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "<uid>"],
  [/\b[0-9a-f]{64}\b/g, "<sha256>"],
  // A pod of a ReplicaSet, then a ReplicaSet: Kubernetes draws from letters and digits that spell no words.
  [/-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}(?![a-z0-9])/g, "-<pod>"],
  [/-(?=[bcdfghjklmnpqrstvwxz]*[2456789])[bcdfghjklmnpqrstvwxz2456789]{6,10}(?![a-z0-9])/g, "-<revision>"],
];

/** Two runs look at different moments of a crash loop, and of Alertmanager's next delivery. */
const moments: readonly Mask[] = [
  [/(• container \S+ of Pod \S+: ).*/g, "$1<state>"],
  [/(│ container \S+: ).*?(Error|OOMKilled)[,;] (exit code \d+).*/g, "$1<state>; $2, $3"],
  [/(│ container \S+: waiting; ImagePullBackOff|│ container \S+: waiting; ErrImagePull).*/g, "│ container <state>"],
  [/(Container \S+ of Pod \S+) (?:ended with exit code \d+ \(Error\)|waits: CrashLoopBackOff)/g, "$1 <state>"],
  [/│ Failed: .*/g, "│ Failed: <message>"],
  [/\b(?:within a second|after <duration>)/g, "<soon>"],
  [/^ *\d+\. it has been restarted .*\n/gm, ""],
  [/^( *)\d+\. /gm, "$1# "],
  [/(confidence|score) [01]\.\d\d/g, "$1 <number>"],
  [/delivered (?:once|\d+ times)(?:, resolved at <time>)?/g, "delivered <n> times"],
  // A second alert of the episode, and when an alert was over, may come before or after the end.
  [/^ *• Alert \S+ since <time>.*\n/gm, ""],
  [/^.* Alert \S+ resolved\n/gm, ""],
  [/^.*• The alert was resolved at <time>\n/gm, ""],
  [/, alerts? [\w, ]+ resolved$/gm, ""],
  [/Healthy (?:for <duration>|and its alerts are resolved)\./g, "Healthy <for how long>."],
  // The scheduler's choice.
  [/^.*• Node n\d .*\n/gm, ""],
];

/** `namespace` was made for this run; it reads as `called`. */
const masked = (text: string, namespace: string, called: string): string =>
  [...times, ...names, ...moments].reduce((now, [pattern, mark]) => now.replace(pattern, mark), text.replaceAll(namespace, called));

/** The four lines on top, and other paragraphs that begin at the margin; no heading, which is in capitals. */
const isParagraph = (line: string): boolean => /^[A-Z][a-z]/.test(line);

const startsAnew =
  /^(\S|\s*([•✓✗│]|\d+\. |\d\d:\d\d:\d\d |it says|(Log|State|Change|Event) (of|on) |Undo:|Expected:|By Job|Allowed |Inspect |Server-side|Started|kubectl|kintsugi ))/;

/** A paragraph on one line. What shows a change keeps its lines: none of them is ever broken. */
const unwrapped = (text: string): string => {
  const lines: string[] = [];
  let isDiff = false;
  for (const line of text.split("\n")) {
    if (/^\S/.test(line)) isDiff = line.startsWith("THE CHANGE");
    const last = lines.at(-1);
    if (isDiff || line === "" || last === undefined || last === "" || (/^\S/.test(last) && !isParagraph(last)) || startsAnew.test(line))
      lines.push(line);
    else lines[lines.length - 1] = `${last} ${line.trim()}`;
  }
  return lines.join("\n");
};

/** What `kintsugi describe` prints. */
export const goldenStory = (text: string, namespace: string, called: string): string => {
  const lines = withoutRepeatedQuotes(masked(unwrapped(text), namespace, called).split("\n"));
  const alertBegan = lines.findIndex((line) => beginningOfAlert.test(line));
  // Two pods in the same state, two alerts that began: once is enough, because it may also have been one.
  const isRepeated = (line: string, index: number): boolean =>
    (line !== "" && line === lines[index - 1]) || (index > alertBegan && beginningOfAlert.test(line));
  return lines.filter((line, index) => !isRepeated(line, index)).join("\n");
};

/** One crash, read from two pods or from two runs of one container, says the same: how many were there to read is a matter of the moment. */
const withoutRepeatedQuotes = (lines: readonly string[]): string[] => {
  const kept: string[] = [];
  const seen = new Set<string>();
  for (let index = 0; index < lines.length;) {
    const line = lines[index] ?? "";
    if (/^\S/.test(line)) seen.clear();
    let end = index + 1;
    if (/^ +(?:Log|Event|State) (?:of|on) .*:$/.test(line)) while (/^ +│/.test(lines[end] ?? "")) end += 1;
    const block = lines.slice(index, end);
    const key = block.join("\n");
    if (block.length === 1 || !seen.has(key)) kept.push(...block);
    if (block.length > 1) seen.add(key);
    index = end;
  }
  return kept;
};

const beginningOfAlert = /^ +<time> +<offset> +Alert \S+ started$/;

/** A table of kubectl, whose last column is the age; the width of the others depends on what was masked. */
export const goldenTable = (text: string, namespace: string, called: string): string =>
  masked(text.replaceAll(/ \d\S*$/gm, " <age>"), namespace, called).replaceAll(/ {2,}/g, "  ");
