// `kintsugi install`: every manifest of an installation, for `kubectl apply --server-side -f -`. Asks no cluster and changes nothing.
import { DEFAULT_IMAGE } from "#api/labels.ts";
import type { DefineCommand } from "#cli/command.ts";
import { misuse } from "#cli/failure.ts";
import { labelOrderOf } from "#cli/label-order.ts";

const examples = `
Examples:
  kintsugi install | kubectl apply --server-side -f -
  kintsugi install --image registry.example/kintsugi:0.1.0 > kintsugi.yaml
  kintsugi install --tls-secret kintsugi-tls | kubectl apply --server-side -f -`;

/** As the admission policy for Jobs compares it: no space, no quote. */
const imageReference = /^[\w][\w./:@-]{0,254}$/;

interface InstallFlags {
  readonly image: string;
  readonly tlsSecret?: string;
  readonly labelOrder?: string;
  readonly watchEvents?: true;
}

const secretName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

export const define: DefineCommand = (command, run) => {
  command
    .option("--image <reference>", "image of Kintsugi and of its Jobs", DEFAULT_IMAGE)
    .option(
      "--tls-secret <name>",
      "Secret with the certificate of the Gateway (tls.crt, tls.key); without it the Gateway serves plain HTTP",
    )
    .option("--label-order <labels>", "labels by which alerts name their object, most trusted first; see kintsugi run --help")
    .option("--watch-events", "take Warning events of the namespaces that are opted in as alerts")
    .addHelpText("after", examples)
    .action(({ image, tlsSecret, labelOrder, watchEvents }: InstallFlags) =>
      run(async (session) => {
        if (!imageReference.test(image)) throw misuse(`"${image}" is not an image reference`);
        if (tlsSecret !== undefined && !secretName.test(tlsSecret)) throw misuse(`"${tlsSecret}" is not the name of a Secret`);
        if (labelOrder !== undefined) labelOrderOf(labelOrder);
        // Every controller is behind it: no other command has to load them.
        const [{ install }, { toYaml }] = await Promise.all([import("#manifests/install.ts"), import("#manifests/manifest.ts")]);
        const manifests = install({ namespace: session.kintsugiNamespace, image, tlsSecret, labelOrder, watchEvents });
        if (session.data === "json") session.printData({ apiVersion: "v1", kind: "List", items: manifests });
        else session.print(toYaml(manifests));
        return 0;
      })(),
    );
};
