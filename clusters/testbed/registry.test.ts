// Images put into a store come out of the registry over HTTP, and nothing else does.
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addImageFromFolder, addImageFromLayout, exportLayout, hasImage, parseImageRef } from "#testbed/image-store.ts";
import { createRegistry } from "#testbed/registry.ts";

let folder: string;
let server: Server;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kintsugi-registry-test-"));
  await mkdir(join(folder, "root"));
  await writeFile(join(folder, "root", "file"), "content");
  await addImageFromFolder(join(folder, "base"), "testbed.local/app:1", join(folder, "root"), { Cmd: ["/file"] });
  server = createRegistry([join(folder, "own"), join(folder, "base")]);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

describe("the registry", () => {
  test("serves an image by tag and by digest, with its config and layer", async () => {
    const byTag = await fetch(`${url}/v2/app/manifests/1`);
    expect(byTag.headers.get("content-type")).toBe("application/vnd.oci.image.manifest.v1+json");
    const manifest = (await byTag.json()) as Manifest;
    const byDigest = await fetch(`${url}/v2/app/manifests/${byTag.headers.get("docker-content-digest")}`);
    expect(await byDigest.json()).toEqual(manifest);
    const config = await (await fetch(`${url}/v2/app/blobs/${manifest.config.digest}`)).json();
    expect(config).toMatchObject({ os: "linux", config: { Cmd: ["/file"] }, rootfs: { diff_ids: [manifest.layers[0]?.digest] } });
    const layer = await (await fetch(`${url}/v2/app/blobs/${manifest.layers[0]?.digest}`)).arrayBuffer();
    expect(layer.byteLength).toBe(manifest.layers[0]?.size);
  });

  test("answers HEAD with the digest and no body", async () => {
    const head = await fetch(`${url}/v2/app/manifests/1`, { method: "HEAD" });
    expect(head.headers.get("docker-content-digest")).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await head.text()).toBe("");
  });

  test.each(["/v2/app/manifests/2", "/v2/other/manifests/1", "/v2/app/blobs/1", "/v2/../../etc/passwd", "/v2/a/../../b/manifests/1", "/"])(
    "has nothing at %s",
    async (path) => {
      expect((await fetch(`${url}${path}`)).status).toBe(404);
    },
  );

  test("serves no private file", async () => {
    expect((await fetch(`${url}/v2/private/web/manifests/1`, { method: "HEAD" })).status).toBe(401);
  });

  test("serves the image of its own store before one of the same name below it", async () => {
    await mkdir(join(folder, "newer"));
    await writeFile(join(folder, "newer", "file"), "newer");
    await addImageFromFolder(join(folder, "elsewhere"), "app:1", join(folder, "newer"), {});
    await exportLayout(join(folder, "elsewhere"), "app:1", join(folder, "layout"));
    const digest = await addImageFromLayout(join(folder, "own"), "testbed.local/app:1", join(folder, "layout"));
    expect((await fetch(`${url}/v2/app/manifests/1`)).headers.get("docker-content-digest")).toBe(digest);
  });
});

test("a store knows what it has, and says which image it lacks", async () => {
  expect(await hasImage(join(folder, "base"), "testbed.local/app:1")).toBe(true);
  expect(await hasImage(join(folder, "base"), "testbed.local/app:2")).toBe(false);
  await expect(exportLayout(join(folder, "base"), "testbed.local/app:2", join(folder, "none"))).rejects.toThrow("app:2 is not in");
});

test.each([
  ["testbed.local/kintsugi:dev", "kintsugi", "dev"],
  ["localhost:5000/a/b:1.0", "a/b", "1.0"],
  ["busybox:1", "busybox", "1"],
  ["team/app:1", "team/app", "1"],
])("%s is name %s, tag %s", (ref, name, tag) => {
  expect(parseImageRef(ref)).toEqual({ name, tag });
});

test.each(["testbed.local/kintsugi", "", "UPPER:1", "a:b:c"])("%j is refused as an image reference", (ref) => {
  expect(() => parseImageRef(ref)).toThrow("no image reference");
});
