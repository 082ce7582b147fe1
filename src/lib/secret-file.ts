// Shared secrets from a file, read again while the process runs. Keeps their hashes, and compares in constant time.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { lookAgain } from "#lib/look-again.ts";

export interface SecretFile {
  /** A name of the secret that shows nothing of it, such as `shared-secret-1f0c9a2b`; undefined where the text is none of them. */
  nameOf(text: string): string | undefined;
  /** Reads the file no more. */
  close(): void;
}

export interface SecretFileDeps {
  readonly readFile: (path: string) => Promise<string>;
  readonly clock: Pick<Clock, "after">;
  readonly log: Log;
}

/** A secret a line: two while one follows the other. Of what a header can carry. */
const secret = /^[\x21-\x7e]{32,1024}$/;
const maxSecrets = 16;

/** Throws where the file cannot be read, or a line is too short to be a secret. Later, such a file changes nothing and is reported. */
export const openSecretFile = async (path: string, deps: SecretFileDeps): Promise<SecretFile> => {
  const read = async (): Promise<readonly Buffer[]> => {
    const lines = (await deps.readFile(path)).split("\n").map((line) => line.trim());
    const secrets = lines.filter((line) => line !== "");
    if (secrets.length === 0) throw new Error(`${path} is empty: it needs a secret of at least 32 characters`);
    if (secrets.length > maxSecrets) throw new Error(`${path} has ${secrets.length} secrets; the limit is ${maxSecrets}`);
    const wrong = lines.findIndex((line) => line !== "" && !secret.test(line));
    if (wrong >= 0) throw new Error(`line ${wrong + 1} of ${path} is not a secret: use 32 to 1,024 printable characters without a space`);
    return secrets.map(digest);
  };
  let digests = await read();
  const close = lookAgain(deps.clock, async (isWanted) => {
    try {
      const next = await read();
      if (!isWanted() || Buffer.concat(next).equals(Buffer.concat(digests))) return;
      digests = next;
      deps.log.info("the shared secrets were replaced", { file: path, secrets: next.length });
    } catch (error) {
      deps.log.warn("the shared secrets cannot be read; the last ones stay in use", { file: path, error });
    }
  });
  return {
    nameOf: (text) => {
      const given = digest(text);
      const match = digests.find((each) => timingSafeEqual(each, given));
      return match && `shared-secret-${match.toString("hex", 0, 4)}`;
    },
    close,
  };
};

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
