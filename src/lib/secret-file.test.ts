import { expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { openSecretFile } from "#lib/secret-file.ts";

const [one, two, three] = ["a", "b", "c"].map((letter) => letter.repeat(40)) as [string, string, string];

const open = async (text: string) => {
  const clock = createManualClock();
  const file = { text };
  const secrets = await openSecretFile("/secret", { clock, log: silentLog, readFile: () => Promise.resolve(file.text) });
  return { clock, file, secrets };
};

test("each line is a secret; anything else is none", async () => {
  const { secrets } = await open(`${one}\n\n  ${two}\r\n`);
  expect([one, two].map((text) => secrets.nameOf(text))).toEqual([
    expect.stringMatching(/^shared-secret-[0-9a-f]{8}$/),
    expect.stringMatching(/^shared-secret-[0-9a-f]{8}$/),
  ]);
  expect([three, "", `${one} `, one.slice(1)].map((text) => secrets.nameOf(text))).toEqual([undefined, undefined, undefined, undefined]);
});

test.each([
  ["an empty file", "\n", "/secret is empty: it needs a secret of at least 32 characters"],
  ["a short secret", `${one}\nhunter2`, "line 2 of /secret is not a secret: use 32 to 1,024 printable characters without a space"],
  ["a secret with a space", `${one} ${two}`, "line 1 of /secret is not a secret: use 32 to 1,024 printable characters without a space"],
  ["too many", Array.from({ length: 17 }, () => one).join("\n"), "/secret has 17 secrets; the limit is 16"],
])("%s is refused, and the refusal does not show it", async (_, text, reason) => {
  await expect(open(text)).rejects.toThrow(new Error(reason));
});

test("a changed file counts within ten seconds, one that is wrong changes nothing", async () => {
  const { clock, file, secrets } = await open(one);
  file.text = `${one}\n${two}`;
  await clock.advance(10_000);
  expect([one, two].map((text) => secrets.nameOf(text) !== undefined)).toEqual([true, true]);
  file.text = "short";
  await clock.advance(10_000);
  expect([one, two].map((text) => secrets.nameOf(text) !== undefined)).toEqual([true, true]);
  file.text = two;
  await clock.advance(10_000);
  expect([one, two].map((text) => secrets.nameOf(text) !== undefined)).toEqual([false, true]);
  secrets.close();
  file.text = one;
  await clock.advance(60_000);
  expect(secrets.nameOf(two)).toBeDefined();
});
