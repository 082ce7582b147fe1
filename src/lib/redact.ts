// Takes secrets out of text before it is logged, stored, shown or sent to a model. Linear in its input; never throws, never returns more than it was given plus marks.

const mark = "[redacted]";
const maxLength = 1024 * 1024;

const secretName =
  "(?:[a-z0-9_.-]{0,40}(?:password|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|client[_-]?secret|auth[_-]?key|signing[_-]?key|webhook[_-]?url)[a-z0-9_-]{0,20})";

/** Every pattern is bounded on both sides of what it repeats: none can backtrack beyond a constant. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\s\\:,-]{0,16384}?-----END [A-Z ]{0,40}PRIVATE KEY-----/g, mark],
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\s\\]{0,16384}/g, mark],
  // JSON Web Tokens, a ServiceAccount's among them.
  [/\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{4,8192}(?:\.[A-Za-z0-9_-]{0,4096})?/g, mark],
  // base64 of `eyJ`: a token inside a Secret's data.
  [/\bZXlK[A-Za-z0-9+/]{20,8192}={0,2}/g, mark],
  [/\b(authorization["']?\s{0,4}[:=]\s{0,4}["']?)((?:bearer|basic|token|digest|negotiate)\s{1,4})?[^\s"',;]{1,4096}/gi, `$1$2${mark}`],
  [/\b(bearer|basic)\s{1,4}[A-Za-z0-9+/._~=-]{8,4096}/gi, `$1 ${mark}`],
  [/\b((?:set-)?cookie["']?\s{0,4}[:=]\s{0,4}["']?)[^\r\n"']{1,4096}/gi, `$1${mark}`],
  // user:password@ in an address.
  [/([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/?#@"']{0,256}):[^\s/?#@"']{1,512}@/gi, `$1:${mark}@`],
  [/\bhttps:\/\/hooks\.slack\.com\/[^\s"'<>]{1,512}/gi, `https://hooks.slack.com/${mark}`],
  [/\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{16}\b/g, mark],
  [
    /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[A-Za-z0-9_-]{16,255}|xox[abeprs]-[A-Za-z0-9-]{8,255}|sk-[A-Za-z0-9_-]{16,255}|AIza[A-Za-z0-9_-]{30,64}|npm_[A-Za-z0-9]{30,64}|dop_v1_[a-f0-9]{32,128}|SG\.[A-Za-z0-9_-]{10,64}\.[A-Za-z0-9_-]{10,128}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,128})/g,
    mark,
  ],
  // Kubernetes bootstrap tokens.
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, mark],
];

/** `name = value` and `--name value`, where the name is a secret's; also with the quotes of JSON inside of JSON, `\\"name\\":\\"value\\"`. */
const assignments: readonly RegExp[] = [
  new RegExp(
    `(["']?\\b(${secretName})\\\\{0,3}["']?\\s{0,4}[:=]\\s{0,4})(?!\\\\{0,3}["']?\\[redacted\\])(\\\\{1,3}["'][^"'\\\\\\r\\n]{1,4096}|"(?:[^"\\\\\\r\\n]|\\\\.){1,4096}"|'[^'\\r\\n]{1,4096}'|[^\\s"',;&}\\])]{1,4096})`,
    "gi",
  ),
  new RegExp(`(--(${secretName})\\s{1,4})(?!\\[redacted\\])[^\\s"',;-][^\\s"',;]{0,4095}`, "gi"),
];

/** Names that contain a secret's but only point at one, or say something about it: what a diagnosis lives on. */
const harmlessName =
  /(?:name|ref|namespace|id|path|file|dir|count|tokens|used|expires?|expired|at|seconds|ttl|type|policy|provider|version|review|url|length)$/i;

export const redact = (text: string): string => {
  let result = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  for (const [pattern, replacement] of rules) result = result.replace(pattern, replacement);
  for (const pattern of assignments)
    result = result.replace(pattern, (whole: string, start: string, name: string) => (isHarmless(name) ? whole : `${start}${mark}`));
  return result;
};

const isHarmless = (name: string): boolean => harmlessName.test(name) && !/webhook[_-]?url$/i.test(name);

const secretFieldName = new RegExp(`^${secretName}$`, "i");
const maxDepth = 8;
const maxItems = 200;

/** Any value, made safe to print: strings redacted, fields with a secret's name emptied, errors told as data, depth and length bounded. */
export const redactValue = (value: unknown, depth = 0): unknown => {
  if (typeof value === "string") return redact(value);
  if (value === null || typeof value === "number" || typeof value === "boolean" || value === undefined) return value;
  if (typeof value !== "object") return String(value as bigint | symbol).slice(0, 100);
  if (value instanceof Error) return errorFields(value, depth);
  if (depth >= maxDepth) return "[deeper]";
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => redactValue(item, depth + 1));
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map || value instanceof Set) return redactValue([...value], depth + 1);
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, maxItems)
      .map(([name, item]) => [name, isSecretField(name, item) ? mark : redactValue(item, depth + 1)]),
  );
};

const isSecretField = (name: string, value: unknown): boolean =>
  (typeof value === "string" || Array.isArray(value) || (typeof value === "object" && value !== null)) &&
  secretFieldName.test(name) &&
  !isHarmless(name);

const errorFields = (error: Error, depth: number): unknown => ({
  name: error.name,
  message: redact(error.message),
  ...(typeof (error as { code?: unknown }).code === "string" ? { code: (error as { code?: unknown }).code } : {}),
  stack: redact(error.stack ?? ""),
  ...(error.cause === undefined || depth >= 3 ? {} : { cause: redactValue(error.cause, depth + 1) }),
});
