// What a key of the recorded changes opens, and what an unusable key does.
import { describe, expect, test } from "vitest";
import { openChanges, sealer } from "#cluster/sealed-changes.ts";
import type { Kube } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";

const namespace = "kintsugi-system";
const place = { kind: "AIApprovalRequest", name: "rr-1-a1-aiar", field: "changes" } as const;
const randomBytes = (size: number): Uint8Array => new Uint8Array(size).fill(3);
const secretOf = (key: Uint8Array): object => ({ apiVersion: "v1", kind: "Secret", data: { key: Buffer.from(key).toString("base64") } });
const kubeWith = (get: () => unknown): Kube => ({ get: async () => get(), create: async () => {} }) as unknown as Kube;
const sealed = async (): Promise<string> =>
  (await sealer({ kube: kubeWith(() => secretOf(randomBytes(32))), namespace, randomBytes }))(place, "[1]");

describe("a key", () => {
  test("opens what it sealed", async () => {
    const kube = kubeWith(() => secretOf(randomBytes(32)));
    expect(await openChanges({ kube, namespace }, place, await sealed())).toEqual({ ok: true, text: "[1]" });
  });

  test.each([
    ["that is missing", undefined, "Secret kintsugi-changes-key no longer exists"],
    ["that was replaced", secretOf(new Uint8Array(32)), "the key in Secret kintsugi-changes-key was replaced, or the record was altered"],
    ["that is none", secretOf(new Uint8Array(3)), "Secret kintsugi-system/kintsugi-changes-key holds no key of 32 bytes"],
  ])("%s opens nothing, and the reason is a value", async (_name, secret, reason) => {
    const opened = await openChanges({ kube: kubeWith(() => secret), namespace }, place, await sealed());
    expect(opened).toMatchObject({ ok: false, reason: expect.stringContaining(`cannot open the recorded changes: ${reason}`) });
  });

  test("that the API server does not give now is an error, to be tried again", async () => {
    const error = new KubeError({ doing: "get Secret", status: 503, reason: "Unavailable", message: "later" });
    const kube = kubeWith(() => {
      throw error;
    });
    await expect(openChanges({ kube, namespace }, place, await sealed())).rejects.toBe(error);
    await expect(sealer({ kube, namespace, randomBytes })).rejects.toBe(error);
  });

  test("that is none seals nothing until a person deletes it", async () => {
    const kube = kubeWith(() => secretOf(new Uint8Array(3)));
    await expect(sealer({ kube, namespace, randomBytes })).rejects.toMatchObject({ code: "stalled" });
  });
});

test("what was never sealed is not opened", async () => {
  const kube = kubeWith(() => secretOf(randomBytes(32)));
  expect(await openChanges({ kube, namespace }, place, "[1]")).toEqual({
    ok: false,
    reason: "cannot open the recorded changes: an older version of Kintsugi wrote them unsealed",
  });
});
