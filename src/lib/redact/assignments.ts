// `name separator value` where the name is a secret's, in the notations of programs, shells, JSON, YAML, XML, headers and prose. Pure.
// Looks for the words of secrets first and for a name around them, so that ordinary text costs one search.
import { gradeOfName, type Grade, holdsOnlySecrets, isHarmlessKey, isPassword } from "#lib/redact/names.ts";
import { isProse, isProseWord } from "#lib/redact/prose.ts";
import { looksRandom } from "#lib/redact/randomness.ts";
import type { Hide, Scan } from "#lib/redact/spans.ts";
import { bareEnd, createFinder, hideInside, lineEnd, quotedAt, type Source } from "#lib/redact/values.ts";

/** A part of every name that may be a secret's. */
const hint =
  /pass|pwd|secret|token|cred|key|auth|cookie|salt|pepper|seed|sess|sig|jaas|licen|mnemonic|dockerc|webhook|hook_ur|dsn|connection|kennwort|(?<![a-z])(?:pw|psw|pin|psk|otp|totp|sid|hmac|code|data|stringdata|dp|dq|qi|[dpqk])(?![a-z])/gi;
const nameCharacter = /[\w.$-]/;
const longestName = 200;

interface Name {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly grade: Grade;
  /** `--password`, `-token`. */
  readonly isFlag: boolean;
  /** The quote around it, with its escapes; empty where there is none. */
  readonly quote: string;
  /** In the middle of a sentence, `volume "db-credentials"`: not the name of a value. */
  readonly isMentioned: boolean;
  /** Only spaces, a dash of a list or `export` stand before it on its line. */
  readonly opensLine: boolean;
}

export const scanAssignments: Scan = (text, hide) => {
  const source: Source = { text, finder: createFinder(text) };
  const grade = gradesOf(text);
  let from = 0;
  for (const found of text.matchAll(hint)) {
    if (found.index < from) continue;
    const start = nameStart(text, found.index, from);
    let end = found.index + found[0].length;
    while (end < text.length && nameCharacter.test(text[end] ?? "")) end += 1;
    const name = nameAt(text, start, end, grade);
    from = name === undefined ? end : Math.max(end, hideValueOf(source, name, hide));
  }
};

const nameStart = (text: string, at: number, from: number): number => {
  let start = at;
  while (start > from && nameCharacter.test(text[start - 1] ?? "")) start -= 1;
  return start;
};

/** In a text with a Secret's manifest `data` holds secrets, and in one with a JSON Web Key `d` is one. */
const gradesOf = (text: string): ((name: string) => Grade | undefined) => {
  const isSecret = /kind["'\\]{0,4}:\s{0,4}["'\\]{0,4}Secret(?![A-Za-z])/.test(text);
  const isKey = /["'\\]kty["'\\]/.test(text);
  const known = new Map<string, Grade | undefined>();
  return (name) => {
    if (isSecret && (name === "data" || name === "stringData")) return "secret";
    if (isKey && /^(?:d|p|q|dp|dq|qi|k)$/.test(name)) return "secret";
    if (!known.has(name)) known.set(name, gradeOfName(name));
    return known.get(name);
  };
};

const nameAt = (text: string, from: number, to: number, gradeOf: (name: string) => Grade | undefined): Name | undefined => {
  if (to - from > longestName) return undefined;
  let start = from;
  let end = to;
  while (start < end && /[-.$]/.test(text[start] ?? "")) start += 1;
  while (end > start && /[-.]/.test(text[end - 1] ?? "")) end -= 1;
  const name = text.slice(start, end);
  const own = pairOf(text, start, name) ?? gradeOf(name);
  if (own === undefined) return undefined;
  const quote = quoteAround(text, from, end);
  const before = from - quote.length;
  const isFlag = text[start - 1] === "-" && start > from;
  return {
    text: name,
    start,
    end,
    grade: own,
    isFlag,
    quote,
    isMentioned: !isFlag && isMention(text, before, quote !== "", name),
    opensLine: opensLine(text, before),
  };
};

/** `API key`, `private key`: the word before it makes it a secret's name. */
const pairOf = (text: string, start: number, name: string): Grade | undefined => {
  if (!/^keys?$/i.test(name)) return undefined;
  const before = /([A-Za-z]{2,20}) $/.exec(text.slice(Math.max(0, start - 24), start))?.[1];
  return before === undefined ? undefined : gradeOfName(`${before}_${name}`);
};

const quoteAround = (text: string, start: number, end: number): string => {
  const open = /\\{0,8}["'`]$/.exec(text.slice(Math.max(0, start - 9), start))?.[0];
  return open !== undefined && text.startsWith(open, end) ? open : "";
};

const resource =
  /(?:^|[\s"'(])(?:pods?|secrets?|configmaps?|volumes?|services?|svc|deployments?|statefulsets?|daemonsets?|replicasets?|jobs?|cronjobs?|containers?|namespaces?|nodes?|ingress|serviceaccounts?|pvc|persistentvolumeclaims?|images?|users?|groups?|policy|policies|webhooks?|objects?|resources?|issuers?|certificates?|certs?|plugins?|controllers?|endpoints?|roles?|rolebindings?|repository|repositories|charts?|releases?|mounts?|kind|named|called) $/i;

const isMention = (text: string, before: number, isQuoted: boolean, name: string): boolean => {
  const lead = text.slice(Math.max(0, before - 40), before);
  if (isQuoted) return /[\w)] $/.test(lead);
  if (/non-?existent (?:secret )?$/.test(lead)) return true;
  // Names of objects: `secret db-credentials`, `pod/token-service-7d9c`.
  if (lead.endsWith("/")) return true;
  return name.includes("-") && /^[a-z0-9.-]+$/.test(name) && resource.test(lead);
};

const opensLine = (text: string, before: number): boolean =>
  /(?:^|\n|\\n)[ \t]*(?:[-*>] )?(?:export |set |ENV |const |let |var )?$/.test(text.slice(Math.max(0, before - 60), before));

const separator = /[ \t]{0,64}(:=|=>|->|={1,3}|\?=|\+=|::?|&quot;)[ \t]{0,64}/y;
const saidToBe = / (?:is|was|are|set to|changed to|reset to|equals?)(?: now)?:? /y;
const forAccount = / (?:for|of) [^:\n]{1,60}: /y;
const listed = /\s{0,8},\s{0,8}/y;
const nextItem = /["']?,?[ \t]{0,8}\r?\n[ \t]{0,64}- /y;
const word = /[^\s"'`,;)\]}\\]+/y;
const block = /[|>][+\-0-9]{0,3}[ \t]{0,8}(?:#[^\n]{0,200})?\r?\n/y;
const xml = /(?:\s[^<>\n]{0,400})?>/y;

/** Hides the value of this name, if it has one. Returns where to look on. */
const hideValueOf = (source: Source, name: Name, hide: Hide): number => {
  const { text } = source;
  const after = name.end + name.quote.length;
  const from = closesBracket(text, name.start, after) ? after + 1 : after;

  if (isTagName(text, name.start)) {
    xml.lastIndex = after;
    if (name.grade === "secret" && xml.test(text) && text[xml.lastIndex - 2] !== "/") return hideElement(source, xml.lastIndex, hide);
  }
  separator.lastIndex = from;
  const sign = separator.exec(text);
  if (sign !== null) return hideAssigned(source, name, sign[1] ?? "", separator.lastIndex, hide);
  if (name.grade === "likely") return hideNamed(source, name, after, hide);

  if (name.isFlag) return hideFlagged(source, name, after, hide);
  if (name.quote !== "" && text[name.start - name.quote.length - 1] === "(") {
    listed.lastIndex = after;
    const value = listed.test(text) ? quotedAt(source, listed.lastIndex) : undefined;
    if (value !== undefined) return hideCredential(name, text, value.start, value.end, hide, value.after);
  }
  const named = hideNamed(source, name, after, hide);
  if (named > after) return named;
  for (const phrase of [saidToBe, forAccount]) {
    phrase.lastIndex = after;
    if (!phrase.test(text)) continue;
    const at = phrase.lastIndex;
    const quoted = quotedAt(source, at);
    const [start, end, next] = quoted === undefined ? [at, bareEnd(text, at), bareEnd(text, at)] : [quoted.start, quoted.end, quoted.after];
    const said = text.slice(start, end);
    if (
      phrase === forAccount ? !isProse(text, at, lineEnd(source, at)) : isMixed(said) || (quoted !== undefined && isPassword(name.text))
    ) {
      hide(start, end);
      return next;
    }
  }
  return hideBeside(source, name, after, hide);
};

/** `[password] => x`, `user[password]=x`. */
const closesBracket = (text: string, start: number, after: number): boolean =>
  (text[after] === "]" && text[start - 1] === "[") || (text[after] === "]" && /\["?$/.test(text.slice(Math.max(0, start - 2), start)));

const isTagName = (text: string, start: number): boolean => /<(?:[\w-]{1,20}:)?$/.test(text.slice(Math.max(0, start - 22), start));

const hideElement = (source: Source, at: number, hide: Hide): number => {
  const isRaw = source.text.startsWith("<![CDATA[", at);
  const end = source.finder.next(isRaw ? "]]>" : "<", at);
  const stop = end < 0 ? lineEnd(source, at) : end;
  const value = source.text.slice(at, stop);
  // `<password>` is a placeholder where no element ends.
  const isElement = isRaw || source.text.startsWith("</", stop) || !/\s/.test(value.slice(0, 4096));
  if (isElement && value.trim() !== "") hide(at, stop);
  return isElement ? stop : at;
};

const hideAssigned = (source: Source, name: Name, sign: string, at: number, hide: Hide): number => {
  const { text } = source;
  const line = lineEnd(source, at);
  // `volume "db-credentials" : …` and `secret/db-password: not found` name an object.
  const isColon = sign === ":" || sign === "::";
  if (name.isMentioned && isColon && (name.quote !== "" || text[name.start - 1] === " " || !isOneWord(text, at, line))) return at;
  if (isColon && text[name.end + name.quote.length + 1]?.trim() !== "" && isVersion(text, at) && name.text.includes("-")) return at;
  if (sign === ":" && text.startsWith("//", at)) return at;

  if (at >= line || text.slice(at, line).trim() === "")
    return name.opensLine && isColon && name.grade === "secret" ? hideBelow(source, name, line, hide) : line;
  block.lastIndex = at;
  if (block.test(text) && name.grade === "secret") return hideBlock(source, name, block.lastIndex, hide);
  const isHeader = /^(?:proxy-)?authorization$/i.test(name.text);
  const quoted = quotedAt(source, at);
  if (isHeader) return hideAuthorization(source, quoted?.start ?? at, quoted?.end ?? line, hide);
  if (/cookies?$/i.test(name.text) && isColon) return hideCookies(source, quoted?.start ?? at, quoted?.end ?? line, hide);
  if (quoted !== undefined) {
    if (isNested(text, quoted.start)) return quoted.start;
    return hideCredential(name, text, quoted.start, quoted.end, hide, quoted.after);
  }
  if (/[{[]/.test(text[at] ?? "") && !text.startsWith("[redacted", at)) {
    return holdsOnlySecrets(name.text) || isManifestData(name.text) ? hideInside(source, at, hide) : at;
  }
  if (text.startsWith("map[", at)) return holdsOnlySecrets(name.text) ? hideInside(source, at + 3, hide) : at;
  if (isColon && isProse(text, at, line)) return at;
  if (sign === "->" && isProse(text, at, line)) return at;
  const end = name.opensLine && name.grade === "secret" ? wholeLineEnd(text, at, line) : bareEnd(text, at);
  return hideCredential(name, text, at, end, hide, end);
};

const isManifestData = (name: string): boolean => name === "data" || name === "stringData";

/** A map or list of JSON as text: its own names decide. */
const isNested = (text: string, at: number): boolean => /^\s*[{[]\s*\\*"/.test(text.slice(at, at + 24));

const isOneWord = (text: string, at: number, line: number): boolean => /^\S+\s*$/.test(text.slice(at, Math.min(line, at + 400)));
const isVersion = (text: string, at: number): boolean =>
  /^(?:v?\d+(?:\.\d+){1,3}|latest|stable|main|master)\b/.test(text.slice(at, at + 24));

/** Never a secret: what is empty, a switch, a number that counts, a reference, a placeholder. */
const isNoSecret = (name: Name, value: string): boolean =>
  value.length < 200 &&
  (value.trim() === "" ||
    /^(?:true|false|null|nil|none|undefined|yes|no|on|off|<[\w -]{1,30}>|\*{2,}|x{4,}|%[a-z]|\.{3}|…)$/i.test(value) ||
    (/^\d{1,7}$/.test(value) && /(?:tokens|keys|secrets|credentials|passwords|sessions|cookies|code|seed|salt|auth)$/i.test(name.text)) ||
    // A file in which it is.
    /^(?:~|\.{1,2})?(?:\/[\w.@-]+){2,}$/.test(value) ||
    /^(?:\$\{[^{}]{1,100}\}|\$\([\w.-]{1,100}\)|\$[A-Z_][A-Z0-9_]*|\{\{[^{}]{1,100}\}\}|%[A-Z_]{2,60}%)$/.test(value));

const hideCredential = (name: Name, text: string, start: number, end: number, hide: Hide, after: number): number => {
  const value = text.slice(start, end);
  if (isNoSecret(name, value)) return after;
  // What is not hidden is looked at again: it may hold names itself.
  if (name.grade !== "secret" && !looksRandom(value) && !looksLikeKeyOfApi(value)) return start;
  hide(start, end);
  return after;
};

/** `password = two words` alone on its line; a sentence ends before its first word of sentences. */
const wholeLineEnd = (text: string, at: number, line: number): number => {
  const first = bareEnd(text, at);
  const rest = text.slice(first, Math.min(line, first + 200));
  if (line - first > 200 || !/^(?:[ \t]+[\w!#$%^&*+.?~@-]+){1,7}[ \t\r]*$/.test(rest)) return first;
  return rest
    .trim()
    .split(/\s+/)
    .some((each) => isProseWord(each) || /^[a-z]+=/.test(each))
    ? first
    : line;
};

/** Short, but with digits and both cases. */
const looksLikeKeyOfApi = (value: string): boolean =>
  /^[A-Za-z0-9_+/=-]{12,64}$/.test(value) &&
  /\d/.test(value) &&
  /[a-z]/.test(value) &&
  /[A-Z]/.test(value) &&
  !/^\d{4}-\d\d-\d\dT/.test(value);

const indentOf = (text: string, at: number): number => {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  let end = start;
  while (end < at && (text[end] === " " || text[end] === "\t")) end += 1;
  return end - start;
};

/** `password: |` and the lines below it that are deeper. */
const hideBlock = (source: Source, name: Name, at: number, hide: Hide): number => {
  const indent = indentOf(source.text, name.start);
  let end = at;
  while (end < source.text.length) {
    const line = lineEnd(source, end);
    const content = source.text.slice(end, Math.min(line, end + 1000));
    if (content.trim() !== "" && content.length - content.trimStart().length <= indent) break;
    end = Math.min(line + 1, source.text.length);
  }
  const stop = source.text[end - 1] === "\n" ? end - 1 : end;
  if (stop > at) hide(at + leading(source.text, at, stop), stop);
  return stop;
};

const leading = (text: string, at: number, stop: number): number => {
  let spaces = 0;
  while (at + spaces < stop && (text[at + spaces] === " " || text[at + spaces] === "\t")) spaces += 1;
  return spaces;
};

const itemOfYaml = /([ \t]*)(- )?(?:["']?([\w./-]{1,200})["']?:(?=\s))?[ \t]*/y;

/** `secrets:` with its values in the lines below, deeper or as a list. */
const hideBelow = (source: Source, name: Name, line: number, hide: Hide): number => {
  const { text } = source;
  const indent = indentOf(text, name.start);
  const only = holdsOnlySecrets(name.text) || isManifestData(name.text);
  let at = line + 1;
  let isFirst = true;
  while (at < text.length) {
    const end = lineEnd(source, at);
    itemOfYaml.lastIndex = at;
    const [whole = "", spaces = "", dash, key] = itemOfYaml.exec(text) ?? [];
    const start = at + whole.length;
    if (start >= end) {
      if (whole.trim() === "" && end > at) break;
    } else if (spaces.length < indent || (spaces.length === indent && dash === undefined)) break;
    else if (
      key === undefined
        ? (only || isFirst) && !isProse(text, start, end) && !text.slice(start, end).includes(": ")
        : only && !isHarmlessKey(key)
    ) {
      const value = text.slice(start, end).trim();
      if (!isNoSecret(name, value) && !/^[|>][+-]?$/.test(value)) hide(start, end);
    } else if (!only) break;
    isFirst = false;
    at = end + 1;
  }
  return Math.min(Math.max(line, at - 1), text.length);
};

const scheme = /([A-Za-z][A-Za-z0-9-]{1,30})[ \t]+/y;
const parameter = /\s{0,4}[,;]\s{0,4}[A-Za-z][\w-]{0,40}=/y;

/** Of `Authorization` the scheme stays, whatever it is called. */
const hideAuthorization = (source: Source, from: number, limit: number, hide: Hide): number => {
  const { text } = source;
  let at = from;
  while (/[[("']/.test(text[at] ?? "") && !text.startsWith("[redacted", at)) at += 1;
  if (isProse(text, at, limit)) return at;
  scheme.lastIndex = at;
  if (scheme.test(text) && scheme.lastIndex < limit) {
    if (isProse(text, scheme.lastIndex, limit)) return scheme.lastIndex;
    at = scheme.lastIndex;
  }
  let end = Math.min(bareEnd(text, at), limit);
  hide(at, end);
  parameter.lastIndex = end;
  while (parameter.test(text) && parameter.lastIndex < limit) {
    const quoted = quotedAt(source, parameter.lastIndex);
    const start = parameter.lastIndex;
    end = Math.min(quoted?.after ?? bareEnd(text, start), limit);
    hide(start, end);
    parameter.lastIndex = end;
  }
  return Math.max(end, at + 1);
};

const hideCookies = (source: Source, from: number, limit: number, hide: Hide): number => {
  if (isProse(source.text, from, limit)) return from;
  let end = from;
  while (end < limit && !/["']/.test(source.text[end] ?? "") && !source.text.startsWith("\\n", end)) end += 1;
  hide(from, end);
  return Math.max(end, from);
};

const isMixed = (value: string): boolean =>
  value.length >= 5 && /\d/.test(value) && /[A-Za-z]/.test(value) && !/^\d+(?:ms|s|m|h|d|st|nd|rd|th|[KMG]i?B?)$/.test(value);

/** `--password x`, `"--password", "x"`, and the next item of a list. */
const hideFlagged = (source: Source, name: Name, after: number, hide: Hide): number => {
  const { text } = source;
  if (name.quote !== "") {
    listed.lastIndex = after;
    const value = listed.test(text) ? quotedAt(source, listed.lastIndex) : undefined;
    if (value !== undefined && text[value.start] !== "-") return hideCredential(name, text, value.start, value.end, hide, value.after);
  }
  nextItem.lastIndex = name.end;
  if (nextItem.test(text)) {
    const at = nextItem.lastIndex;
    const value = quotedAt(source, at);
    const end = value?.end ?? lineEnd(source, at);
    return text[value?.start ?? at] === "-" ? at : hideCredential(name, text, value?.start ?? at, end, hide, value?.after ?? end);
  }
  const spaces = /^[ \t]{1,64}/.exec(text.slice(after, after + 64))?.[0].length ?? 0;
  if (spaces === 0 || name.quote !== "") return after;
  const at = after + spaces;
  const line = lineEnd(source, at);
  if (at >= line || text[at] === "-" || isProse(text, at, line)) return at;
  const quoted = quotedAt(source, at);
  const end = quoted?.end ?? bareEnd(text, at);
  return hideCredential(name, text, quoted?.start ?? at, end, hide, quoted?.after ?? end);
};

const valueKey = /["'\\\s,;/-]{0,80}(?:value|val|default|content)["'\\]{0,8}\s{0,4}[:=]\s{0,4}/iy;
const nameKey = /(?:name|key|variable|header|field|property|param|parameter|k|id)["'\\]{0,8}\s{0,4}[:=]\s{0,4}["'\\]{0,8}$/i;
const valueBefore =
  /(?:value|val)["'\\]{0,8}\s{0,4}[:=]\s{0,4}["']([^"'\n]{1,400})["']\s{0,4},?\s{0,4}["']?(?:name|key)["']?\s{0,4}[:=]\s{0,4}["']?$/i;

/** `{"name": "DB_PASSWORD", "value": "x"}`, in whatever notation. */
const hideNamed = (source: Source, name: Name, after: number, hide: Hide): number => {
  const { text } = source;
  const before = text.slice(Math.max(0, name.start - 48), name.start);
  if (!nameKey.test(before)) return after;
  valueKey.lastIndex = after;
  if (valueKey.test(text)) {
    const at = valueKey.lastIndex;
    const quoted = quotedAt(source, at);
    block.lastIndex = at;
    if (block.test(text)) return hideBlock(source, name, block.lastIndex, hide);
    const end = quoted?.end ?? bareEnd(text, at);
    return hideCredential(name, text, quoted?.start ?? at, end, hide, quoted?.after ?? end);
  }
  const longer = text.slice(Math.max(0, name.start - 500), name.start);
  const earlier = valueBefore.exec(longer);
  if (earlier?.[1] !== undefined && name.grade === "secret") {
    const start = name.start - longer.length + earlier.index + earlier[0].indexOf(earlier[1], 4);
    hide(start, start + earlier[1].length);
  }
  return after;
};

const spaceAssigned = /^(?:requirepass|masterauth|auth-pass|sasl_password)$/i;

/** Without a separator: `WITH PASSWORD 'x'`, `requirepass x`, `login app password x`, and a token in the same breath as its name. */
const hideBeside = (source: Source, name: Name, after: number, hide: Hide): number => {
  const { text } = source;
  if (name.isMentioned) return after;
  const spaces = /^(?:[ \t]{1,8}(?:BY |AS )?|\][ \t]{1,4})/.exec(text.slice(after, after + 12))?.[0].length ?? 0;
  if (spaces === 0) return after;
  const at = after + spaces;
  const line = lineEnd(source, at);
  const quoted = quotedAt(source, at);
  if (isPassword(name.text) && quoted !== undefined && !name.isMentioned && name.quote === "")
    return hideCredential(name, text, quoted.start, quoted.end, hide, quoted.after);
  if (quoted !== undefined) {
    if (looksRandom(text.slice(quoted.start, Math.min(quoted.end, quoted.start + 4097)))) hide(quoted.start, quoted.end);
    return quoted.start;
  }
  const end = bareEnd(text, at);
  const value = text.slice(at, end);
  const isPair = /(?:login|user|username|machine)\s+\S{1,200}\s+$/i.test(text.slice(Math.max(0, name.start - 240), name.start));
  if (
    spaceAssigned.test(name.text) ||
    (isPair && !isProse(text, at, line)) ||
    (isPassword(name.text) && isMixed(value) && !(value.includes("-") && /^[a-z0-9.-]+$/.test(value)))
  ) {
    return hideCredential(name, text, at, end, hide, end);
  }
  if (/^[A-Z][A-Za-z]{0,20}$/.test(value) && text[end] === " " && text[after] === "]") return hideAuthorization(source, at, line, hide);
  hideRandom(text, at, Math.min(line, at + 400), hide);
  return at;
};

/** One of the next three words may be the token itself. */
const hideRandom = (text: string, from: number, limit: number, hide: Hide): void => {
  let at = from;
  for (let count = 0; count < 3 && at < limit; count += 1) {
    while (at < limit && /[\s"'`:=([\\]/.test(text[at] ?? "")) at += 1;
    word.lastIndex = at;
    const found = word.exec(text)?.[0] ?? "";
    if (looksRandom(found.replace(/[.,;:!?]$/, ""))) {
      hide(at, at + found.length);
      return;
    }
    at += Math.max(1, found.length);
  }
};
