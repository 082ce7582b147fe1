// `kintsugi install`: every manifest of an installation, for `kubectl apply --server-side -f -`. Asks no cluster and changes nothing.
import { DEFAULT_IMAGE } from "#api/labels.ts";
import type { DefineCommand } from "#cli/command.ts";
import { misuse } from "#cli/failure.ts";

const examples = `
Examples:
  kintsugi install | kubectl apply --server-side -f -
  kintsugi install --image registry.example/kintsugi:0.1.0 > kintsugi.yaml`;

/** As the admission policy for Jobs compares it: no space, no quote. */
const imageReference = /^[\w][\w./:@-]{0,254}$/;

export const define: DefineCommand = (command, run) => {
  command
    .option("--image <reference>", "image of Kintsugi and of its Jobs", DEFAULT_IMAGE)
    .addHelpText("after", examples)
    .action(({ image }: { readonly image: string }) =>
      run(async (session) => {
        if (!imageReference.test(image)) throw misuse(`"${image}" is not an image reference`);
        // Every controller is behind it: no other command has to load them.
        const [{ install }, { toYaml }] = await Promise.all([import("#manifests/install.ts"), import("#manifests/manifest.ts")]);
        const manifests = install({ namespace: session.kintsugiNamespace, image });
        if (session.data === "json") session.printData({ apiVersion: "v1", kind: "List", items: manifests });
        else session.print(toYaml(manifests));
        return 0;
      })(),
    );
};
