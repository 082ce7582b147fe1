// Images on disk as the local registry serves them: `blobs/sha256/<digest>` and `refs/<name>/<tag>`. Written by hand, without Docker.
// A blob is complete or absent, never half there.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { runCommand } from "#testbed/run-command.ts";

const mediaType = "application/vnd.oci.image";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ImageRef {
  readonly name: string;
  readonly tag: string;
}

/** `testbed.local/kintsugi:dev` → name `kintsugi`, tag `dev`. The registry's own name is left out: every name leads here. */
export const parseImageRef = (ref: string): ImageRef => {
  const path = /^[^/]*[.:][^/]*\/|^localhost\//.test(ref) ? ref.slice(ref.indexOf("/") + 1) : ref;
  const match = /^([a-z0-9._/-]+):([\w.-]+)$/.exec(path);
  const [, name, tag] = match ?? [];
  if (name === undefined || tag === undefined) throw new Error(`"${ref}" is no image reference with a tag, as testbed.local/name:tag`);
  return { name, tag };
};

const blobPath = (store: string, digest: string): string => join(store, "blobs", "sha256", digest.replace(/^sha256:/, ""));

const digestOf = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest("hex")}`;
};

const addFile = async (store: string, path: string, type: string): Promise<Descriptor> => {
  const digest = await digestOf(path);
  const { size } = await stat(path);
  await rename(path, blobPath(store, digest));
  return { mediaType: type, digest, size };
};

const addJson = async (store: string, value: unknown, type: string): Promise<Descriptor> => {
  const path = join(store, `.blob-${process.pid}-${createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12)}`);
  await writeFile(path, JSON.stringify(value));
  return addFile(store, path, type);
};

const tagManifest = async (store: string, ref: string, manifest: Descriptor): Promise<void> => {
  const { name, tag } = parseImageRef(ref);
  const folder = join(store, "refs", name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `.${tag}.new`), JSON.stringify(manifest));
  await rename(join(folder, `.${tag}.new`), join(folder, tag));
};

export const prepareStore = async (store: string): Promise<void> => {
  await mkdir(join(store, "blobs", "sha256"), { recursive: true });
  await mkdir(join(store, "refs"), { recursive: true });
};

export interface ImageConfig {
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
}

/** One layer from a folder; owners and times are normalised, so that the same content has the same digest. */
export const addImageFromFolder = async (store: string, ref: string, rootFolder: string, config: ImageConfig): Promise<void> => {
  await prepareStore(store);
  const archive = join(store, `.layer-${process.pid}.tar`);
  await runCommand("tar", [
    "-C",
    rootFolder,
    "--numeric-owner",
    "--owner=0",
    "--group=0",
    "--sort=name",
    "--mtime=@0",
    "-cf",
    archive,
    ".",
  ]);
  const layer = await addFile(store, archive, `${mediaType}.layer.v1.tar`);
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const image = {
    created: "1970-01-01T00:00:00Z",
    architecture,
    os: "linux",
    config,
    rootfs: {
      type: "layers",
      diff_ids: [layer.digest],
    },
  };
  const configBlob = await addJson(store, image, `${mediaType}.config.v1+json`);
  const manifestType = `${mediaType}.manifest.v1+json`;
  const manifest = await addJson(store, { schemaVersion: 2, mediaType: manifestType, config: configBlob, layers: [layer] }, manifestType);
  await tagManifest(store, ref, manifest);
};

/** Takes over an image from an OCI layout folder (the only image in its index). Returns its digest. */
export const addImageFromLayout = async (store: string, ref: string, layoutFolder: string): Promise<string> => {
  await prepareStore(store);
  const index = JSON.parse(await readFile(join(layoutFolder, "index.json"), "utf8")) as { manifests: readonly Descriptor[] };
  const [descriptor, ...more] = index.manifests;
  if (descriptor === undefined || more.length > 0)
    throw new Error(`${layoutFolder} holds ${index.manifests.length} images, one was expected`);
  const manifest = JSON.parse(await readFile(blobPath(layoutFolder, descriptor.digest), "utf8")) as Manifest;
  for (const { digest } of [manifest.config, ...manifest.layers, descriptor]) {
    const partial = join(store, `.copy-${process.pid}`);
    await copyFile(blobPath(layoutFolder, digest), partial);
    await rename(partial, blobPath(store, digest));
  }
  await tagManifest(store, ref, { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size });
  return descriptor.digest;
};

const findManifest = async (store: string, ref: string): Promise<Descriptor | undefined> => {
  const { name, tag } = parseImageRef(ref);
  const text = await readFile(join(store, "refs", name, tag), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Descriptor);
};

export const hasImage = async (store: string, ref: string): Promise<boolean> => (await findManifest(store, ref)) !== undefined;

/** Writes an image as an OCI layout folder, as buildah reads it. */
export const exportLayout = async (store: string, ref: string, folder: string): Promise<void> => {
  const descriptor = await findManifest(store, ref);
  if (descriptor === undefined) throw new Error(`image ${ref} is not in ${store}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "blobs", "sha256"), { recursive: true });
  const manifest = JSON.parse(await readFile(blobPath(store, descriptor.digest), "utf8")) as Manifest;
  for (const { digest } of [descriptor, manifest.config, ...manifest.layers])
    await copyFile(blobPath(store, digest), blobPath(folder, digest));
  await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
  await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
};
