// Addresses: the password in `scheme://user:password@host`, a token before the `@`, webhooks whose path is the secret. Pure.
import { isProseWord } from "#lib/redact/prose.ts";
import type { Hide, Scan } from "#lib/redact/spans.ts";
import { createFinder } from "#lib/redact/values.ts";

export const scanAddresses: Scan = (text, hide) => {
  const finder = createFinder(text);
  let at = text.indexOf("://");
  while (at >= 0) {
    const start = at + 3;
    const end = addressEnd(text, start);
    hideUserInfo(text, schemeBefore(text, at), start, end, hide);
    hideHook(text, start, end, hide);
    at = text.indexOf("://", Math.max(end, start));
  }
  for (let sign = finder.next("@", 0); sign >= 0; sign = text.indexOf("@", sign + 1)) hideDataSource(text, sign, hide);
};

const schemeBefore = (text: string, at: number): string => /[A-Za-z][\w+.-]{0,20}$/.exec(text.slice(Math.max(0, at - 21), at))?.[0] ?? "";

const stop = /[\s<>\\`]/;
const addressEnd = (text: string, start: number): number => {
  let end = start;
  for (; end < text.length; end += 1) {
    const character = text[end] ?? "";
    if (stop.test(character)) break;
    // A quote ends it but within a password, where more of the address follows.
    if ((character === '"' || character === "'") && !/\w/.test(text[end + 1] ?? "")) break;
    if ((character === "," || character === ";" || character === ")") && /[\s"']|^$/.test(text[end + 1] ?? "")) break;
  }
  return end;
};

const hideUserInfo = (text: string, scheme: string, start: number, end: number, hide: Hide): void => {
  const address = text.slice(start, end);
  const first = address.search(/[/?#@]/);
  if (first < 0) return;
  const isWeb = /^(?:https?|wss?|ftp)$/i.test(scheme);
  let sign = -1;
  if (address[first] === "@") {
    // `u:p@ss@host`: the last before the path.
    const path = address.slice(first).search(/[/?#]/);
    sign = address.lastIndexOf("@", path < 0 ? address.length : first + path);
    const query = address.search(/[?\s]/);
    const later = address.lastIndexOf("@", query < 0 ? address.length : query);
    // `u:p@ss/word@host`
    if (later > sign && !isWeb) sign = later;
  } else {
    const colon = address.indexOf(":");
    if (colon < 0 || colon > first || (/^\d*$/.test(address.slice(colon + 1, first)) && (isWeb || first > colon + 1))) return;
    sign = address.lastIndexOf("@");
  }
  if (sign < 0) return;
  const colon = address.indexOf(":");
  if (colon >= 0 && colon < sign) {
    if (sign > colon + 1) hide(start + colon + 1, start + sign);
    if (isToken(address.slice(0, colon))) hide(start, start + colon);
  } else if (isToken(address.slice(0, sign))) hide(start, start + sign);
};

/** A user name is a word; a token is not. */
const isToken = (user: string): boolean =>
  user.length >= 12 && /\d/.test(user) && /[A-Za-z]/.test(user) && !/^[a-z]+[-_][a-z-_]+\d{0,3}$/.test(user);

/** Hosts whose addresses are themselves the right to post; what stays of the path. */
const hooks: readonly (readonly [host: RegExp, path: RegExp])[] = [
  [/^hooks\.slack(?:-gov)?\.com$/, /^\//],
  [/^(?:\w{1,20}\.)?discord(?:app)?\.com$/, /^\/api\/(?:v\d+\/)?webhooks\//],
  [/^[\w-]{1,63}\.webhook\.office\.com$/, /^\//],
  [/^outlook\.office(?:365)?\.com$/, /^\/webhook\//],
  [/\.logic\.azure\.com$/, /^\//],
  [/\.api\.powerplatform\.com$/, /^\//],
  [/^api\.telegram\.org$/, /^\/(?:file\/)?bot/],
  [/^events\.pagerduty\.com$/, /^\/(?:integration|x-ere)\//],
  [/^alert\.victorops\.com$/, /^\/integrations\//],
  [/^hooks\.zapier\.com$/, /^\/hooks\//],
  [/^chat\.googleapis\.com$/, /^\/v1\/spaces\//],
  [/^maker\.ifttt\.com$/, /^\/trigger\//],
  [/^hc-ping\.com$/, /^\//],
  [/^open\.(?:feishu\.cn|larksuite\.com)$/, /^\/open-apis\/bot\/v2\/hook\//],
  [/^webhook\.site$/, /^\//],
  [/^hooks\.[\w.-]{1,100}$/, /^\//],
  [/^[\w.-]{1,100}$/, /^\/hooks\/(?=[a-z0-9]{20})/],
  [/^[\w.-]{1,100}$/, /^\/(?:api\/)?webhooks?\/(?=[\w-]{20})/],
];

const hideHook = (text: string, start: number, end: number, hide: Hide): void => {
  const address = text.slice(start, Math.min(end, start + 2048));
  const [, authority = "", path = ""] = /^([^/?#]{1,255})(\/.*)?$/.exec(address) ?? [];
  const host = authority
    .slice(authority.lastIndexOf("@") + 1)
    .replace(/:\d{1,5}$/, "")
    .toLowerCase();
  for (const [known, prefix] of hooks) {
    if (!known.test(host)) continue;
    const kept = prefix.exec(path)?.[0];
    if (kept !== undefined && path.length > kept.length) hide(start + authority.length + kept.length, end);
  }
};

const behind = /@(?:(?:tcp|udp|unix)\(|[\w.-]{1,200}:\d{2,5}(?!\d))/y;

/** `app:password@tcp(db:3306)/app`, `user:password@host:5432`: without a scheme. */
const hideDataSource = (text: string, sign: number, hide: Hide): void => {
  behind.lastIndex = sign;
  if (!behind.test(text)) return;
  let start = sign;
  while (start > 0 && sign - start < 320 && !/[\s"'`=(,]/.test(text[start - 1] ?? "")) start -= 1;
  const pair = text.slice(start, sign);
  const colon = pair.indexOf(":");
  const user = pair.slice(0, colon);
  if (colon < 0 || colon === pair.length - 1 || pair.startsWith("//", colon + 1) || !/^[\w.-]{1,64}$/.test(user) || isProseWord(user))
    return;
  hide(start + colon + 1, sign);
};
