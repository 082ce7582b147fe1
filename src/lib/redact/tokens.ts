// Tokens and keys by their own shape, wherever they occur: by their beginning, as a JSON Web Token, as base64 of a secret, or as random as no word is. Pure.
import { looksLikeKey } from "#lib/redact/randomness.ts";
import type { Hide, Scan } from "#lib/redact/spans.ts";
import { tokenShapes } from "#lib/redact/token-shapes.ts";

const byStart = Map.groupBy(tokenShapes, ({ prefix }) => prefix.slice(0, 2));

/** By the first two letters: most words begin like no token. */
const beginnings = new Uint8Array(128 * 128);
for (const { prefix } of tokenShapes) beginnings[prefix.charCodeAt(0) * 128 + prefix.charCodeAt(1)] = 1;

/** Runs in which a token may be: no word of a language is so long. */
const runs = /[A-Za-z0-9+/=_.~-]{16,}/g;

/** `isSecretText` says whether a text holds a secret: for what is found inside of base64. */
export const scanTokens =
  (isSecretText: (text: string) => boolean): Scan =>
  (text, hide) => {
    for (const found of text.matchAll(runs)) {
      const run = found[0];
      const start = found.index;
      const at = tokenStart(run);
      if (at !== undefined) hide(start + at, start + run.length);
      else if (run.includes(".") && hideBootstrap(run, start, hide)) continue;
      else if (!isMixed(run)) continue;
      else if (isSecretRun(run) || isSecretText(decoded(run))) hide(start, start + run.length);
      else hideKeys(run, start, hide);
    }
    for (let at = text.indexOf(":AA"); at >= 0; at = text.indexOf(":AA", at + 3)) hideTelegram(text, at, hide);
  };

/** Base64 and tokens have both cases. */
const isMixed = (run: string): boolean => /[A-Z]/.test(run) && /[a-z]/.test(run);

const hideKeys = (run: string, start: number, hide: Hide): void => {
  if (run.length < 32) return;
  for (const found of run.matchAll(/[A-Za-z0-9+/_-]{32,}={0,2}/g))
    if (looksLikeKey(found[0])) hide(start + found.index, start + found.index + found[0].length);
};

/** A known prefix at the border of a word, with enough text behind it. */
const tokenStart = (run: string): number | undefined => {
  let isInWord = false;
  for (let at = 0; at < run.length - 8; at += 1) {
    const code = run.charCodeAt(at);
    if (!isInWord && beginnings[(code & 127) * 128 + (run.charCodeAt(at + 1) & 127)] === 1)
      for (const { prefix, least } of byStart.get(run.slice(at, at + 2)) ?? [])
        if (run.startsWith(prefix, at) && run.length - at - prefix.length >= least && isTokenBody(run, prefix, at + prefix.length, least))
          return at;
    isInWord = isLetterCode(code);
  }
  return undefined;
};

const isLetterCode = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90);

/** A name of an object may begin like a token: `sk-manager-controller-deployment`, `API-server…`. */
const isTokenBody = (run: string, prefix: string, from: number, least: number): boolean => {
  const body = run.slice(from, from + Math.max(least, 16));
  if (/^[A-Z]{2,4}$/.test(prefix) && /[^A-Za-z0-9]/.test(run.slice(from, from + least))) return false;
  return (
    /\d/.test(body) ||
    /[A-Za-z0-9]{20}/.test(run.slice(from, from + 64)) ||
    (/[a-z]/.test(body) && /[A-Z]/.test(body) && !/[a-z]{8}/.test(body)) ||
    /^[A-Z0-9]{16}/.test(body)
  );
};

/** JSON Web Tokens, a ServiceAccount's among them; and the base64 of one. */
const isSecretRun = (run: string): boolean => {
  if (run.startsWith("ZXlK") && run.length >= 24) return true;
  for (let at = run.indexOf("eyJ"); at >= 0; at = run.indexOf("eyJ", run.indexOf(".", at))) {
    const dot = run.indexOf(".", at);
    if (dot < 0) return false;
    if (dot - at >= 11 && run.length - dot > 4 && !isLetterCode(run.charCodeAt(at - 1))) return true;
  }
  return false;
};

const leastEncoded = 20;
const longestEncoded = 65_536;

/** The text of a run of base64; empty where it is none. */
const decoded = (run: string): string => {
  if (run.length < leastEncoded || run.length > longestEncoded || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(run)) return "";
  const bytes = Buffer.from(run.slice(0, 64), "base64");
  if (bytes.length < 12 || !bytes.every((byte) => (byte >= 32 && byte < 127) || byte === 10 || byte === 13 || byte === 9)) return "";
  return Buffer.from(run, "base64").toString("utf8");
};

/** Of kubeadm. */
const bootstrapToken = /(?<![\w.-])[a-z0-9]{6}\.[a-z0-9]{16}(?![\w.-])/;
const hideBootstrap = (run: string, start: number, hide: Hide): boolean => {
  const found = bootstrapToken.exec(run);
  if (found !== null) hide(start + found.index, start + found.index + found[0].length);
  return found !== null;
};

const telegramToken = /(?:^|\D)\d{8,10}$/;
const hideTelegram = (text: string, at: number, hide: Hide): void => {
  const id = telegramToken.exec(text.slice(Math.max(0, at - 11), at))?.[0].replace(/^\D/, "");
  const rest = /^:AA[\w-]{30,40}/.exec(text.slice(at, at + 44))?.[0];
  if (id !== undefined && rest !== undefined) hide(at - id.length, at + rest.length);
};
