// Makes what a person reads about one run comparable with another run: masks times, generated names and the few words that depend on the moment of
// looking, and undoes line breaks, which depend on how long those were. Numbers, states and messages stay. Pure.

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

/**
 * What two runs of one scenario say differently for real, each with its reason. A rule names every text that is right and masks no other: another
 * state, number or message is another golden file.
 */
const moments: readonly Mask[] = [
  // A crash loop is either just over a crash or waiting for the next one.
  [
    /(• container \S+ of Pod \S+: )(?:Waiting \(CrashLoopBackOff\)|Terminated \((?:Error|OOMKilled)\))(, exit code \d+)/g,
    "$1<crash loop>$2",
  ],
  [
    /(│ container \S+: )waiting; CrashLoopBackOff; back-off (?:\d+s|<duration>) restarting failed container=\S+ pod=\S+; last run ended: (Error|OOMKilled), exit code (\d+), <time> to <time>; \d+ restarts$/gm,
    "$1<crash loop>; $2; exit code $3",
  ],
  [/(│ container \S+: )terminated; (Error|OOMKilled); exit code (\d+); \d+ restarts$/gm, "$1<crash loop>; $2; exit code $3"],
  // The second attempt looks at the pod that the undo has just made: it is being created, or has crashed already.
  [
    /(?<=── Attempt 2 ──[^]*• container \S+ of Pod \S+: )(?:<crash loop>, exit code 1|Waiting \(ContainerCreating\))/,
    "<being created, or crash loop>",
  ],
  [/(Container \S+ of Pod \S+) (?:ended with exit code \d+ \(Error\)|waits: CrashLoopBackOff)/g, "$1 <crash loop>"],
  // How often it had crashed by then; not at all yet, and nothing is said of it.
  [/(• container \S+ of Pod \S+: .*), restarted (?:once|twice|\d+ times)$/gm, "$1"],
  [/^ *\d+\. it has been restarted (?:once|twice|\d+ times)\n/gm, ""],
  // A kill that is seen twice is surer.
  [/(MemoryLimitTooSmall: .*confidence |increase_resources .*score )(?:0\.84|0\.99)/g, "$1<0.84 or 0.99>"],
  // An image is asked for again and again: the kubelet pulls it, or waits before the next try.
  [/(│ container \S+: waiting; )(?:ImagePullBackOff; Back-off pulling image "\S+": ErrImagePull: |ErrImagePull; )/g, "$1<image pull>; "],
  [/(• container \S+ of Pod \S+: Waiting )\((?:ImagePullBackOff|ErrImagePull)\)/g, "$1(<image pull>)"],
  [/(│ Failed: Error: )(?:ErrImagePull|ImagePullBackOff)/g, "$1<image pull>"],
  [/(│ Failed: .*?)(?: \(\d+ times\))?$/gm, "$1"],
  // Kubernetes has whole seconds for what took a part of one.
  [/\b(?:within a second|after <duration>)/g, "<soon>"],
  // Alertmanager repeats an alert until its end reaches it; the end comes before that of the request, or after.
  [/delivered (?:once|\d+ times)(?:, resolved at <time>)?/g, "delivered <n> times"],
  // A second alert of the episode, whose severity is not shown, may come before the end.
  [/^ *• Alert \S+ since <time>, delivered <n> times(?:, fired \d+ times)?\n/gm, ""],
  [/^.* Alert \S+ resolved\n/gm, ""],
  [/^.*• The alert was resolved at <time>\n/gm, ""],
  [/, alerts? [\w, ]+ resolved$/gm, ""],
  [/Healthy (?:for <duration>|and its alerts are resolved)\./g, "Healthy <for how long>."],
  // The scheduler's choice.
  [/(• Node )n\d /g, "$1<node> "],
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
    if (/^\S/.test(line)) isDiff = line.endsWith("CHANGE");
    const last = lines.at(-1);
    if (isDiff || line === "" || last === undefined || last === "" || (/^\S/.test(last) && !isParagraph(last)) || startsAnew.test(line))
      lines.push(line);
    else lines[lines.length - 1] = `${last} ${line.trim()}`;
  }
  return lines.join("\n");
};

/** What `kintsugi describe` prints. */
export const goldenStory = (text: string, namespace: string, called: string): string => {
  const lines = numberedAnew(withoutRepeatedQuotes(masked(unwrapped(text), namespace, called).split("\n")));
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

/** A chain of which a link was left out is counted as if it had never been there. */
const numberedAnew = (lines: readonly string[]): string[] => {
  let number = 0;
  return lines.map((line) => {
    if (!/^ +\d+\. /.test(line)) {
      number = 0;
      return line;
    }
    number += 1;
    return line.replace(/\d+/, String(number));
  });
};

const beginningOfAlert = /^ +<time> +<offset> +Alert \S+ started$/;

/** A table of kubectl, whose last column is the age; the width of the others depends on what was masked. */
export const goldenTable = (text: string, namespace: string, called: string): string =>
  masked(text.replaceAll(/ \d\S*$/gm, " <age>"), namespace, called).replaceAll(/ {2,}/g, "  ");
