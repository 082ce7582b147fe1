// What differs between two runs of one scenario, masked: times, durations, generated names. So that a story can be a golden file.

const rules: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "<time>"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, "<time>"],
  [/\d{4}-\d\d-\d\d/g, "<date>"],
  // A line of the timeline: the offset is padded to the widest one, which differs too.
  [/^( {2})\d\d:\d\d:\d\d +[-+][\dhms. ]+? {2}/gm, "$1<time>  <offset>  "],
  [/\b\d\d:\d\d:\d\d\b/g, "<time>"],
  [/\b\d+d \d+h\b|\b\d+h \d+m\b|\b\d+m \d+s\b|\b\d+(?:\.\d+)? ?(?:ms|s|min)\b/g, "<duration>"],
  [/\b(rr|wfe)-[0-9a-f]{12}-\d+/g, "$1-<id>"],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "<uid>"],
  [/\b[0-9a-f]{64}\b/g, "<sha256>"],
  // A pod of a ReplicaSet, then a ReplicaSet: Kubernetes draws from letters and digits that spell no words.
  [/-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, "-<pod>"],
  [/-(?=[bcdfghjklmnpqrstvwxz]*[2456789])[bcdfghjklmnpqrstvwxz2456789]{6,10}\b/g, "-<revision>"],
];

/** Assumption: the text was rendered wide enough that masking moves no line break. */
export const maskStory = (text: string): string => rules.reduce((masked, [pattern, mark]) => masked.replace(pattern, mark), text);
