// The process as a shell sees it: what only a real one can show.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

test("when whoever reads goes, it ends without a word, with the code of SIGPIPE", async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../src/main.ts"), "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  const said = text(child.stderr);
  const [code] = await once(child, "exit");
  expect({ code: code as unknown, said: await said }).toEqual({ code: 141, said: "" });
});
