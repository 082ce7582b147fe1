// How much Kintsugi may do by itself, for one action on one object: the ladder off < suggest < approve < auto. Pure.
import type { Autonomy, Risk } from "#api/fields.ts";
import { allowsAuto, unknownEnvironment } from "#policy/environment.ts";
import type { Settings } from "#policy/settings.ts";

export interface AutonomyQuestion {
  readonly environment: string;
  /** Whether the namespace, or the cluster-scoped object, is opted in. */
  readonly managed: boolean;
  /** What forbids a repair here, in words; see protections.ts. */
  readonly protections: readonly string[];
  readonly reversible: boolean;
  readonly risk: Risk;
  readonly action: string;
  readonly settings: Settings;
}

export interface AutonomyAnswer {
  readonly value: Autonomy;
  /** For people: why not more than this, or why so much. */
  readonly why: string;
}

/** The defaults of the product; the strictest rule that applies decides. */
export const autonomyFor = (question: AutonomyQuestion): AutonomyAnswer => {
  const { environment, managed, protections, reversible, risk, action, settings } = question;
  const protection = protections[0];
  if (protection !== undefined) return { value: "off", why: `protected: ${protection}` };
  if (!managed) return { value: "suggest", why: "not opted in: the label kintsugi.dev/managed=true is missing, so Kintsugi only suggests" };
  if (environment === "production") return { value: "approve", why: `${action} in production needs approval` };
  if (!allowsAuto(environment)) return { value: "approve", why: `${action} needs approval, because ${unknownText(environment)}` };
  const [restriction] = settings.restrictions;
  if (restriction !== undefined) return { value: "approve", why: `${action} needs approval: ${restriction}` };
  if (!reversible) return { value: "approve", why: `${action} cannot be undone, so it needs approval` };
  return { value: "auto", why: `${action} is reversible (risk ${risk}), and the ${environment} environment is opted in` };
};

const unknownText = (environment: string): string =>
  environment === unknownEnvironment
    ? "the environment is not known: no label says that it is not production"
    : `the environment ${environment} is not known to be other than production`;

const ladder: readonly Autonomy[] = ["off", "suggest", "approve", "auto"];

export const leastAutonomy = (a: Autonomy, b: Autonomy): Autonomy => (ladder.indexOf(a) <= ladder.indexOf(b) ? a : b);

/** The most that any action may be granted here: what RemediationProcessing records before it is known which action it will be. */
export const autonomyCeiling = (question: Pick<AutonomyQuestion, "environment" | "managed" | "protections" | "settings">): AutonomyAnswer =>
  autonomyFor({ ...question, reversible: true, risk: "low", action: "any repair" });
