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

const objectName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

interface InstallFlags {
  readonly image: string;
  readonly tlsSecret?: string;
  readonly senderSecret?: string;
  readonly walClaim?: string;
  readonly labelOrder?: string;
  readonly watchEvents?: true;
}

export const define: DefineCommand = (command, run) => {
  command
    .option("--image <reference>", "image of Kintsugi and of its Jobs", DEFAULT_IMAGE)
    .option(
      "--tls-secret <name>",
      "Secret with the certificate of the Gateway (tls.crt, tls.key); without it the Gateway serves plain HTTP",
    )
    .option(
      "--sender-secret <name>",
      "Secret whose key `secrets` has the shared secrets of senders outside of the cluster, one a line; tokens are accepted too",
    )
    .option("--wal-claim <name>", "PersistentVolumeClaim for alerts of an outage; without it they last as long as the pod")
    .option("--label-order <labels>", "labels by which alerts name their object, most trusted first; see kintsugi run --help")
    .option("--watch-events", "take Warning events of the namespaces that are opted in as alerts")
    .addHelpText("after", examples)
    .action(({ image, ...options }: InstallFlags) =>
      run(async (session) => {
        const { tlsSecret, senderSecret, walClaim, labelOrder } = options;
        if (!imageReference.test(image)) throw misuse(`"${image}" is not an image reference`);
        for (const [kind, name] of [
          ["Secret", tlsSecret],
          ["Secret", senderSecret],
          ["PersistentVolumeClaim", walClaim],
        ] as const)
          if (name !== undefined && !objectName.test(name)) throw misuse(`"${name}" is not the name of a ${kind}`);
        if (labelOrder !== undefined) labelOrderOf(labelOrder);
        // Every controller is behind it: no other command has to load them.
        const [{ install }, { toYaml }] = await Promise.all([import("#manifests/install.ts"), import("#manifests/manifest.ts")]);
        const manifests = install({ namespace: session.kintsugiNamespace, image, ...options });
        if (session.data === "json") session.printData({ apiVersion: "v1", kind: "List", items: manifests });
        else session.print(toYaml(manifests));
        return 0;
      })(),
    );
};
