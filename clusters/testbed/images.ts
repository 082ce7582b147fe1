// The images every testbed has: pause, busybox and Node.js. Made from what this machine has, once, into the user's cache.
// They stand in for public images: no registry of the outside world is ever asked.
import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder, testbedSourceFolder } from "#testbed/environment.ts";
import { withFileLock } from "#testbed/file-lock.ts";
import { addImageFromFolder, hasImage, type ImageConfig } from "#testbed/image-store.ts";
import { seconds, type Progress } from "#testbed/progress.ts";
import { runCommand } from "#testbed/run-command.ts";

export const pauseImage = "testbed.local/pause:1";
export const busyboxImage = "testbed.local/busybox:1";
export const nodeImage = "testbed.local/node:26";

/** Raised whenever a recipe below changes. */
const recipeRevision = 1;

const nodeBinary = join(testbedSourceFolder, "..", "..", "node_modules", "node", "bin", "node");

interface Recipe {
  readonly ref: string;
  readonly config: ImageConfig;
  readonly fill: (root: string) => Promise<void>;
}

const pauseSource = `#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void down(int s) { (void)s; _exit(0); }
static void reap(int s) { (void)s; while (waitpid(-1, 0, WNOHANG) > 0); }
int main(void) { signal(SIGINT, down); signal(SIGTERM, down); signal(SIGCHLD, reap); for (;;) pause(); }
`;

const writeEtc = async (root: string, user: string): Promise<void> => {
  await mkdir(join(root, "etc"), { recursive: true });
  await writeFile(join(root, "etc/nsswitch.conf"), "hosts: files dns\n");
  await writeFile(join(root, "etc/passwd"), `root:x:0:0:root:/root:/bin/sh\n${user}\nnobody:x:65534:65534:nobody:/:/bin/false\n`);
  await writeFile(join(root, "etc/group"), `root:x:0:\n${user.split(":")[0]}:x:1000:\nnobody:x:65534:\n`);
};

const makeTmp = async (root: string): Promise<void> => {
  await mkdir(join(root, "tmp"), { recursive: true });
  await chmod(join(root, "tmp"), 0o1777);
};

const recipes: readonly Recipe[] = [
  {
    ref: pauseImage,
    config: { Entrypoint: ["/pause"] },
    fill: async (root) => {
      await runCommand("gcc", ["-static", "-Os", "-s", "-x", "c", "-o", join(root, "pause"), "-"], { input: pauseSource });
    },
  },
  {
    ref: busyboxImage,
    config: { Env: ["PATH=/bin:/usr/bin"], Cmd: ["sh"] },
    fill: async (root) => {
      for (const folder of ["bin", "root", "var", "usr/bin", "home"]) await mkdir(join(root, folder), { recursive: true });
      await makeTmp(root);
      await writeEtc(root, "app:x:1000:1000::/home:/bin/sh");
      await copyFile("/usr/bin/busybox", join(root, "bin/busybox"));
      const applets = (await runCommand("/usr/bin/busybox", ["--list"])).split("\n").filter((name) => name !== "" && name !== "busybox");
      for (const applet of applets) await symlink("busybox", join(root, "bin", applet));
    },
  },
  {
    ref: nodeImage,
    config: { User: "1000:1000", WorkingDir: "/app", Env: ["PATH=/usr/local/bin:/bin"], Entrypoint: ["/usr/local/bin/node"] },
    fill: async (root) => {
      for (const folder of ["app", "bin", "usr/local/bin"]) await mkdir(join(root, folder), { recursive: true });
      await makeTmp(root);
      await writeEtc(root, "node:x:1000:1000::/tmp:/bin/false");
      await copyFile(nodeBinary, join(root, "usr/local/bin/node"));
      const linked = (await runCommand("ldd", [nodeBinary])).match(/\/lib\S*/g) ?? [];
      const libc = linked.find((library) => library.endsWith("/libc.so.6")) ?? "/lib/libc.so.6";
      // Loaded by name at run time, so ldd does not list them.
      const resolvers = ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"].map((name) => join(dirname(libc), name));
      for (const library of [...linked, ...resolvers]) {
        await mkdir(dirname(join(root, library)), { recursive: true });
        await copyFile(library, join(root, library));
      }
    },
  },
];

const storeFolder = async (): Promise<string> => {
  const version = await runCommand(nodeBinary, ["--version"]);
  const key = createHash("sha256").update(`${recipeRevision} ${version} ${process.arch}`).digest("hex").slice(0, 16);
  return join(cacheFolder(), "images", key);
};

/** Guarantees: on return the store has every image; returns its folder. */
export const ensureImages = async (progress: Progress): Promise<string> => {
  const store = await storeFolder();
  const missing = async (): Promise<Recipe[]> => {
    const there = await Promise.all(recipes.map((recipe) => hasImage(store, recipe.ref)));
    return recipes.filter((_, index) => there[index] !== true);
  };
  if ((await missing()).length === 0) return store;
  await withFileLock(
    `${store}.lock`,
    () => progress("  another process is making the images: waiting for it …"),
    async () => {
      for (const recipe of await missing()) {
        const startedAt = Date.now();
        const root = await mkdtemp(join(tmpdir(), "kintsugi-image-"));
        try {
          await chmod(root, 0o755);
          await recipe.fill(root);
          await addImageFromFolder(store, recipe.ref, root, recipe.config);
        } finally {
          await rm(root, { recursive: true, force: true });
        }
        progress(`  made image ${recipe.ref} in ${seconds(startedAt, Date.now())}`);
      }
    },
  );
  return store;
};
