import { expect, test } from "vitest";
import { selfSignedCertificate } from "#scenarios/self-signed-certificate.ts";
import { type Certificate, openCertificateFiles } from "#lib/certificate-files.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";

const pair = () => {
  const { certPem, keyPem } = selfSignedCertificate(Date.now());
  return { "tls.crt": certPem, "tls.key": keyPem };
};
const setUp = (initial: Record<string, string>) => {
  const clock = createManualClock();
  const state = { files: initial, warnings: 0 };
  const readFile = (path: string): Promise<string> => {
    const text = state.files[path];
    return text === undefined ? Promise.reject(new Error(`${path}: no such file or directory`)) : Promise.resolve(text);
  };
  const log = { ...silentLog, warn: () => void (state.warnings += 1) };
  const open = () => openCertificateFiles({ certFile: "tls.crt", keyFile: "tls.key" }, { readFile, clock, log });
  return { clock, state, open };
};

test("a pair that changes is handed over within ten seconds, one that does not is not", async () => {
  const first = pair();
  const { clock, state, open } = setUp(first);
  const source = await open();
  expect(source.initial).toEqual({ cert: first["tls.crt"], key: first["tls.key"] });
  const seen: Certificate[] = [];
  const stop = source.follow((certificate) => void seen.push(certificate));
  await clock.advance(60_000);
  expect(seen).toEqual([]);
  const second = pair();
  state.files = second;
  await clock.advance(10_000);
  expect(seen).toEqual([{ cert: second["tls.crt"], key: second["tls.key"] }]);
  stop();
  state.files = pair();
  await clock.advance(60_000);
  expect(seen).toHaveLength(1);
  expect(clock.waiting).toBe(0);
});

test.each<[string, (good: Record<string, string>) => Record<string, string>]>([
  ["a certificate without its key", (good) => ({ ...good, "tls.key": pair()["tls.key"] })],
  ["files that are gone", () => ({})],
  ["a file that is cut", (good) => ({ ...good, "tls.crt": good["tls.crt"]!.slice(0, 100) })],
])("%s: the last good pair stays, until there is a good one again", async (_, break_) => {
  const good = pair();
  const { clock, state, open } = setUp(good);
  const seen: Certificate[] = [];
  const stop = (await open()).follow((certificate) => void seen.push(certificate));
  state.files = break_(good);
  await clock.advance(30_000);
  expect([seen, state.warnings]).toEqual([[], 3]);
  state.files = pair();
  await clock.advance(10_000);
  expect(seen).toHaveLength(1);
  stop();
});

test("without a good pair to begin with it says which files it read", async () => {
  await expect(setUp({}).open()).rejects.toThrow("tls.crt: no such file or directory");
  const mixed = { ...pair(), "tls.key": pair()["tls.key"] };
  await expect(setUp(mixed).open()).rejects.toThrow("tls.crt and tls.key are not a certificate and its key");
});
