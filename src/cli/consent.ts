// Asks a person before something is changed. Never takes silence, or the absence of a person, for a yes.
import type { Consent } from "#cli/command.ts";
import { misuse, refusal } from "#cli/failure.ts";
import type { Session } from "#cli/session.ts";

/** Returns when the person agreed; throws when they did not, or could not be asked. */
export const consent = async (session: Session, given: Consent, question: string): Promise<void> => {
  if (given === "given") return;
  const { ask, isTerminal } = session.deps;
  if (!isTerminal || ask === undefined) throw misuse("no terminal to confirm on; review the change above and pass --yes");
  const answer = (await ask(`${question} [y/N] `)).trim().toLowerCase();
  if (answer !== "y" && answer !== "yes") throw refusal("not confirmed; nothing was changed");
};
