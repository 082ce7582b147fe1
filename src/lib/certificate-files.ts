// A server's certificate and key from files, read again while the server runs. A pair that is no good never replaces one that is.
import { createSecureContext } from "node:tls";

import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { lookAgain } from "#lib/look-again.ts";

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** In PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateSource {
  readonly initial: Certificate;
  /** UserActions over every later pair; returns how to stop. */
  follow(use: (certificate: Certificate) => void): () => void;
}

export interface CertificateDeps {
  readonly readFile: (path: string) => Promise<string>;
  readonly clock: Pick<Clock, "after">;
  readonly log: Log;
}

/** Throws where the files cannot be read, or are not a certificate and its key. */
export const openCertificateFiles = async (files: CertificateFiles, deps: CertificateDeps): Promise<CertificateSource> => {
  const read = async (): Promise<Certificate> => {
    const certificate = { cert: await deps.readFile(files.certFile), key: await deps.readFile(files.keyFile) };
    try {
      createSecureContext(certificate);
    } catch (cause) {
      throw new Error(`${files.certFile} and ${files.keyFile} are not a certificate and its key`, { cause });
    }
    return certificate;
  };
  const initial = await read();
  return {
    initial,
    follow: (use) => {
      let current = initial;
      return lookAgain(deps.clock, async (isWanted) => {
        try {
          const next = await read();
          if (!isWanted() || (next.cert === current.cert && next.key === current.key)) return;
          current = next;
          use(next);
          deps.log.info("the certificate was replaced", { file: files.certFile });
        } catch (error) {
          // Between the two reads the files may have been replaced: the next look finds a pair again.
          deps.log.warn("the certificate cannot be read; the last one stays in use", { file: files.certFile, error });
        }
      });
    },
  };
};
