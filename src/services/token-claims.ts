// What a bearer token says of itself, before the API server is asked about it. Pure; believes nothing: a token that passes here may still be false.
import * as z from "zod";

const Claims = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
});
type Claims = z.output<typeof Claims>;

export interface Expected {
  readonly audience: string;
  /** Undefined where it is not known: then any issuer passes. */
  readonly issuer: string | undefined;
  readonly nowMs: number;
}

/** The API server's own leeway. */
const leewayMs = 60_000;

/** Why the API server would refuse the token; undefined where it has to be asked. */
export const faultOfToken = (token: string, { audience, issuer, nowMs }: Expected): string | undefined => {
  const claims = claimsOf(token);
  if (claims === undefined) return "it is not a JSON Web Token";
  if (![claims.aud].flat().includes(audience)) return `it is not for the audience ${audience}`;
  if (issuer !== undefined && claims.iss !== issuer) return "another cluster issued it";
  if (isOver(claims, nowMs)) return "it has expired";
  return undefined;
};

/** True also of what is not a JSON Web Token: it says of no time. */
export const hasExpired = (token: string, nowMs: number): boolean => {
  const claims = claimsOf(token);
  return claims === undefined || isOver(claims, nowMs);
};

const isOver = ({ exp }: Claims, nowMs: number): boolean => exp * 1000 + leewayMs < nowMs;

/** Who issued the token; undefined where it is not a JSON Web Token. */
export const issuerOf = (token: string | undefined): string | undefined => claimsOf(token ?? "")?.iss;

const claimsOf = (token: string): Claims | undefined => {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    return Claims.safeParse(JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString("utf8"))).data;
  } catch {
    return undefined;
  }
};
