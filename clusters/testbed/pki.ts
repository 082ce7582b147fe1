// Certificates of one cluster: two authorities, one serving pair, client pairs, the ServiceAccount key. Made by openssl, EC keys.
// Must never be used for anything but a throw-away cluster: the keys lie unencrypted in its state folder.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "#testbed/run-command.ts";

export interface ClientIdentity {
  /** Base name of the files. */
  readonly name: string;
  readonly user: string;
  readonly groups: readonly string[];
}

export interface Pki {
  readonly folder: string;
  certificate(name: string): string;
  key(name: string): string;
  /** Adds a client pair signed by the cluster's authority. */
  addClient(identity: ClientIdentity): Promise<void>;
}

const keyOptions = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"];

const opensslConfig = (subjectAltNames: readonly string[]): string => `[req]
distinguished_name=dn
prompt=no
[dn]
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign,digitalSignature
[server]
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=${subjectAltNames.join(",")}
[client]
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=clientAuth
`;

/** openssl separates the parts of a subject by slashes, so a slash or backslash inside a part is escaped. */
export const subjectOf = (user: string, groups: readonly string[]): string => {
  const escape = (text: string): string => text.replace(/[\\/+=]/g, (character) => `\\${character}`);
  return [...groups.map((group) => `/O=${escape(group)}`), `/CN=${escape(user)}`].join("");
};

export const createPki = async (folder: string, subjectAltNames: readonly string[], clients: readonly ClientIdentity[]): Promise<Pki> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const config = join(folder, "openssl.cnf");
  await writeFile(config, opensslConfig(subjectAltNames));
  const certificate = (name: string): string => join(folder, `${name}.crt`);
  const key = (name: string): string => join(folder, `${name}.key`);

  const authority = (name: string, commonName: string): Promise<string> =>
    runCommand("openssl", [
      "req",
      "-x509",
      ...keyOptions,
      "-config",
      config,
      "-extensions",
      "ca",
      "-subj",
      `/CN=${commonName}`,
      "-keyout",
      key(name),
      "-out",
      certificate(name),
    ]);
  const leaf = (name: string, subject: string, extensions: "client" | "server", signer = "ca"): Promise<string> =>
    runCommand("openssl", [
      "req",
      "-x509",
      ...keyOptions,
      "-config",
      config,
      "-extensions",
      extensions,
      "-CA",
      certificate(signer),
      "-CAkey",
      key(signer),
      "-subj",
      subject,
      "-keyout",
      key(name),
      "-out",
      certificate(name),
    ]);

  await Promise.all([authority("ca", "testbed-ca"), authority("front-proxy-ca", "testbed-front-proxy-ca")]);
  const serviceAccountKey = async (): Promise<void> => {
    await runCommand("openssl", ["ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key("service-account")]);
    await runCommand("openssl", ["ec", "-in", key("service-account"), "-pubout", "-out", join(folder, "service-account.pub")]);
  };
  await Promise.all([
    serviceAccountKey(),
    leaf("apiserver", "/CN=kube-apiserver", "server"),
    leaf("front-proxy", "/CN=front-proxy-client", "client", "front-proxy-ca"),
    ...clients.map((client) => leaf(client.name, subjectOf(client.user, client.groups), "client")),
  ]);
  return {
    folder,
    certificate,
    key,
    addClient: async (client) => {
      await leaf(client.name, subjectOf(client.user, client.groups), "client");
    },
  };
};

/** A self-contained kubeconfig: everything is embedded, so that it can be copied, or mounted as a Secret. */
export const writeKubeconfig = async (path: string, server: string, pki: Pki, client: string): Promise<void> => {
  const base64 = async (file: string): Promise<string> => (await readFile(file)).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "testbed", cluster: { server, "certificate-authority-data": await base64(pki.certificate("ca")) } }],
    users: [
      {
        name: client,
        user: {
          "client-certificate-data": await base64(pki.certificate(client)),
          "client-key-data": await base64(pki.key(client)),
        },
      },
    ],
    contexts: [{ name: "testbed", context: { cluster: "testbed", user: client } }],
    "current-context": "testbed",
  };
  // JSON is YAML: kubectl and every client read it.
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
};
