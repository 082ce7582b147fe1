// Tokens as senders bring them, for tests that play the API server: their claims can be read, their signature is nothing.
import { SIGNALS_AUDIENCE } from "#api/labels.ts";

export interface TokenClaims {
  readonly sub: string;
  readonly aud: string | readonly string[];
  readonly iss: string;
  readonly exp: number;
}

export const testIssuer = "https://kubernetes.default.svc";

export const senderToken = (sub: string, claims: Partial<TokenClaims> = {}): string => {
  const all: TokenClaims = { sub, aud: [SIGNALS_AUDIENCE], iss: testIssuer, exp: Date.UTC(2040, 0, 1) / 1000, ...claims };
  return [{ alg: "none" }, all].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".") + ".x";
};

/** Undefined where it is none of these. */
export const subjectOf = (token: string): string | undefined => {
  try {
    return (JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as TokenClaims).sub;
  } catch {
    return undefined;
  }
};
