// Builds a Dockerfile without a daemon (buildah, chroot isolation) from a local base and puts the result into an image store.
// Its storage is thrown away afterwards: nothing of it stays on the host.
import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolEnvironment } from "#testbed/environment.ts";
import { addImageFromLayout, exportLayout } from "#testbed/image-store.ts";
import { runCommand } from "#testbed/run-command.ts";

export interface ImageBuild {
  readonly dockerfile: string;
  readonly context: string;
  /** A reference in `baseStore`, given to the Dockerfile as the build argument BASE. */
  readonly base: string;
  readonly ref: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
}

/** Returns the digest of the built image. */
export const buildImage = async (build: ImageBuild, baseStore: string, targetStore: string): Promise<string> => {
  // buildah makes an image name of the path, and those are lower case.
  const work = join(tmpdir(), `kintsugi-build-${randomUUID()}`);
  await mkdir(work);
  const buildah = (...args: string[]): Promise<string> =>
    runCommand("buildah", ["--root", join(work, "root"), "--runroot", join(work, "runroot"), "--storage-driver", "vfs", ...args], {
      env: { ...toolEnvironment(), BUILDAH_ISOLATION: "chroot" },
    });
  try {
    await exportLayout(baseStore, build.base, join(work, "base"));
    const base = (await buildah("pull", "--quiet", `oci:${join(work, "base")}`)).trim();
    const args = Object.entries({ BASE: base, ...build.buildArgs }).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
    await buildah(
      "bud",
      "--isolation",
      "chroot",
      "--pull-never",
      ...args,
      "--tag",
      "localhost/built:1",
      "--file",
      build.dockerfile,
      build.context,
    );
    await buildah("push", "--quiet", "--disable-compression", "localhost/built:1", `oci:${join(work, "built")}:built`);
    return await addImageFromLayout(targetStore, build.ref, join(work, "built"));
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 5 });
  }
};
