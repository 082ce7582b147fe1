// Kubeconfigs as people have them: what is understood, and the one clear sentence for what is not.
import { describe, expect, test } from "vitest";

import { type CommandToRun, type KubeconfigDeps, KubeconfigError } from "#kube/cluster-config.ts";
import { defaultSource, inCluster, loadKubeconfig } from "#kube/kubeconfig.ts";

type Answer = { stdout: string; stderr?: string; exitCode?: number } | Error;

const setUp = (options: { files?: Record<string, string>; env?: Record<string, string>; answers?: Answer[] } = {}) => {
  const files = { ...options.files };
  const commands: CommandToRun[] = [];
  const answers = [...(options.answers ?? [])];
  const state = { now: 0, reads: [] as string[] };
  const deps: KubeconfigDeps = {
    env: options.env ?? {},
    home: "/home/ann",
    now: () => state.now,
    readFile: async (path) => {
      state.reads.push(path);
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
      return text;
    },
    runCommand: async (command) => {
      commands.push(command);
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      if (answer instanceof Error) throw answer;
      return { stderr: "", exitCode: 0, ...answer };
    },
  };
  return { deps, files, commands, state };
};

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const kubeconfig = (parts: { user?: object; cluster?: object; context?: object } = {}): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "prod",
    contexts: [
      { name: "prod", context: { cluster: "c", user: "u", ...parts.context } },
      { name: "bare", context: { cluster: "c" } },
    ],
    clusters: [
      { name: "c", cluster: { server: "https://api.example.com:6443", "certificate-authority-data": base64("CA"), ...parts.cluster } },
    ],
    users: [{ name: "u", user: parts.user ?? { token: "t" } }],
  });
const load = (text: string, deps: KubeconfigDeps, context?: string) => loadKubeconfig({ text, folder: "/etc/kube" }, context, deps);

describe("a kubeconfig", () => {
  test("gives server, authority, namespace and token", async () => {
    const { deps } = setUp();
    const { credentials, ...config } = await load(kubeconfig({ context: { namespace: "shop" } }), deps);
    expect(config).toEqual({ server: "https://api.example.com:6443", name: "prod", user: "u", namespace: "shop", caPem: "CA" });
    expect(await credentials.current()).toEqual({ token: "t" });
    credentials.invalidate();
    expect(await credentials.current()).toEqual({ token: "t" });
  });

  test("is read from YAML, its relative files from its own folder", async () => {
    const text = [
      "current-context: a",
      "contexts: [{name: a, context: {cluster: c, user: u}}]",
      "clusters: [{name: c, cluster: {server: 'https://h', certificate-authority: pki/ca.crt, tls-server-name: other, insecure-skip-tls-verify: true}}]",
      "users: [{name: u, user: {client-certificate: /abs/c.crt, client-key: pki/c.key, as: ann, as-groups: [sre]}}]",
    ].join("\n");
    const { deps } = setUp({ files: { "/k/config": text, "/k/pki/ca.crt": "CA", "/abs/c.crt": "CERT", "/k/pki/c.key": "KEY" } });
    const { credentials, ...config } = await loadKubeconfig({ path: "/k/config" }, undefined, deps);
    expect(config).toEqual({
      server: "https://h",
      name: "a",
      user: "u",
      namespace: "default",
      caPem: "CA",
      tlsServerName: "other",
      insecureSkipTlsVerify: true,
      impersonate: { user: "ann", groups: ["sre"] },
    });
    expect(await credentials.current()).toEqual({ certPem: "CERT", keyPem: "KEY" });
  });

  test("may name a context without a user", async () => {
    const { deps } = setUp();
    expect(await (await load(kubeconfig(), deps, "bare")).credentials.current()).toEqual({});
  });

  test("with a token file reads it anew after a minute, and when the server refused it", async () => {
    const { deps, files, state } = setUp({ files: { "/etc/kube/token": "one\n" } });
    const { credentials } = await load(kubeconfig({ user: { tokenFile: "token", token: "ignored" } }), deps);
    expect(await credentials.current()).toEqual({ token: "one" });
    files["/etc/kube/token"] = "two";
    state.now = 60_000;
    expect(await credentials.current()).toEqual({ token: "one" });
    state.now = 60_001;
    expect(await credentials.current()).toEqual({ token: "two" });
    files["/etc/kube/token"] = "three";
    credentials.invalidate();
    expect(await credentials.current()).toEqual({ token: "three" });
    files["/etc/kube/token"] = " ";
    credentials.invalidate();
    await expect(credentials.current()).rejects.toThrow("the token at /etc/kube/token is empty");
  });
});

describe("several files", () => {
  const users = "users: [{name: u, user: {tokenFile: token}}]";
  const clusters = (server: string): string => `clusters: [{name: c, cluster: {server: '${server}'}}]`;
  const contexts = "contexts: [{name: a, context: {cluster: c, user: u}}]";

  test("are merged; the first entry of a name counts, each path is relative to its own file, and a missing file is ignored", async () => {
    const { deps } = setUp({
      files: {
        "/one/config": [clusters("https://first"), "contexts:"].join("\n"),
        "/two/config": ["current-context: a", clusters("https://second"), contexts, users].join("\n"),
        "/two/token": "t",
      },
    });
    const config = await loadKubeconfig({ path: "/one/config", more: ["/none", "/two/config"] }, undefined, deps);
    expect([config.server, await config.credentials.current()]).toEqual(["https://first", { token: "t" }]);
  });

  test("of which none is there, or one is broken, say so", async () => {
    const { deps } = setUp({ files: { "/bad": "[]", "/good": contexts } });
    await expect(loadKubeconfig({ path: "/x", more: ["/y"] }, undefined, deps)).rejects.toThrow(
      "cannot read the kubeconfig at /x: no such file",
    );
    await expect(loadKubeconfig({ path: "/x", more: ["/bad"] }, undefined, deps)).rejects.toThrow("/bad is not a kubeconfig");
    await expect(loadKubeconfig({ path: "/x", more: ["/good"] }, undefined, deps)).rejects.toThrow(
      "no current context in /x and /good; set one or pass --context (known: a)",
    );
  });
});

describe("what cannot be used is said in one sentence", () => {
  const cases: readonly (readonly [string, string, string | undefined, RegExp])[] = [
    ["not YAML", "a: [", undefined, /^the given kubeconfig is not YAML: /],
    ["a list", "[]", undefined, /^the given kubeconfig is not a kubeconfig$/],
    ["nothing", "", undefined, /is not a kubeconfig$/],
    ["no current context", "contexts: []", undefined, /^no current context in the given kubeconfig; set one or pass --context$/],
    ["an unknown context", kubeconfig(), "staging", /has no context "staging" \(known: prod, bare\)$/],
    [
      "a context without a cluster",
      kubeconfig({ context: { cluster: "" } }),
      undefined,
      /context "prod" in the given kubeconfig names no cluster$/,
    ],
    ["an unknown cluster", kubeconfig({ context: { cluster: "x" } }), undefined, /has no cluster "x" \(known: c\)$/],
    ["an unknown user", kubeconfig({ context: { user: "x" } }), undefined, /has no user "x" \(known: u\)$/],
    ["no server", kubeconfig({ cluster: { server: "" } }), undefined, /has no server address \(found ""\)$/],
    ["a server that is none", kubeconfig({ cluster: { server: "localhost:80" } }), undefined, /\(found "localhost:80"\)$/],
    ["a proxy", kubeconfig({ cluster: { "proxy-url": "http://p" } }), undefined, /sets proxy-url, which Kintsugi does not support/],
    [
      "a password",
      kubeconfig({ user: { username: "ann", password: "x" } }),
      undefined,
      /uses a password, which Kubernetes removed in 1\.19/,
    ],
    [
      "an auth provider",
      kubeconfig({ user: { "auth-provider": { name: "gcp" } } }),
      undefined,
      /uses auth-provider, which Kubernetes removed in 1\.26/,
    ],
    [
      "a certificate without a key",
      kubeconfig({ user: { "client-certificate-data": base64("C") } }),
      undefined,
      /has a client certificate without a key$/,
    ],
    [
      "a key without a certificate",
      kubeconfig({ user: { "client-key-data": base64("K") } }),
      undefined,
      /has a client key without a certificate$/,
    ],
    [
      "a certificate file that is not there",
      kubeconfig({ user: { "client-certificate": "c.crt" } }),
      undefined,
      /^cannot read the client certificate at \/etc\/kube\/c\.crt: no such file$/,
    ],
    [
      "a plugin without a command",
      kubeconfig({ user: { exec: { apiVersion: "client.authentication.k8s.io/v1" } } }),
      undefined,
      /names no command$/,
    ],
    [
      "a plugin of an old version",
      kubeconfig({ user: { exec: { command: "x", apiVersion: "client.authentication.k8s.io/v1alpha1" } } }),
      undefined,
      /speaks "client\.authentication\.k8s\.io\/v1alpha1"; Kintsugi speaks /,
    ],
    [
      "a plugin that needs a person",
      kubeconfig({ user: { exec: { command: "x", apiVersion: "client.authentication.k8s.io/v1", interactiveMode: "Always" } } }),
      undefined,
      /needs a person at a terminal/,
    ],
  ];
  test.for(cases)("%s", async ([, text, context, message]) => {
    const error: unknown = await load(text, setUp().deps, context).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(KubeconfigError);
    expect((error as Error).message).toMatch(message);
  });

  test("a file that is not there, or may not be read", async () => {
    const { deps } = setUp();
    await expect(loadKubeconfig({ path: "/nowhere" }, undefined, deps)).rejects.toThrow(
      "cannot read the kubeconfig at /nowhere: no such file",
    );
    const refused = { ...deps, readFile: () => Promise.reject(Object.assign(new Error("no"), { code: "EACCES" })) };
    await expect(loadKubeconfig({ path: "/secret" }, undefined, refused)).rejects.toThrow(
      "cannot read the kubeconfig at /secret: permission denied",
    );
  });
});

describe("a credential plugin", () => {
  const version = "client.authentication.k8s.io/v1";
  const plugin = (more: object = {}): string =>
    kubeconfig({
      user: {
        exec: { apiVersion: version, command: "aws", args: ["eks", "get-token"], env: [{ name: "AWS_PROFILE", value: "prod" }], ...more },
      },
    });
  const answer = (status: object, apiVersion = version): Answer => ({
    stdout: JSON.stringify({ apiVersion, kind: "ExecCredential", status }),
  });

  test("runs with its arguments and variables, never on a terminal, and gets the cluster's address where it asks for it", async () => {
    const { deps, commands } = setUp({ answers: [answer({ token: "t" })] });
    const { credentials } = await load(plugin({ provideClusterInfo: true }), deps);
    expect(await credentials.current()).toEqual({ token: "t" });
    expect(commands[0]).toMatchObject({ file: "aws", args: ["eks", "get-token"], env: { AWS_PROFILE: "prod" } });
    expect(JSON.parse(commands[0]!.env["KUBERNETES_EXEC_INFO"]!)).toEqual({
      apiVersion: version,
      kind: "ExecCredential",
      spec: { interactive: false, cluster: { server: "https://api.example.com:6443", "certificate-authority-data": base64("CA") } },
    });
  });

  test("given by a path is found from the kubeconfig's folder", async () => {
    const { deps, commands } = setUp({ answers: [answer({ token: "t" })] });
    await (await load(plugin({ command: "./bin/login", args: null, env: null }), deps)).credentials.current();
    expect([commands[0]?.file, commands[0]?.args]).toEqual(["/etc/kube/bin/login", []]);
  });

  test("is asked once by many calls, and again shortly before its answer runs out", async () => {
    const { deps, commands, state } = setUp({
      answers: [answer({ token: "one", expirationTimestamp: new Date(900_000).toISOString() }), answer({ token: "two" })],
    });
    const { credentials } = await load(plugin(), deps);
    const tokens = await Promise.all([credentials.current(), credentials.current(), credentials.current()]);
    expect([tokens.map(({ token }) => token), commands.length]).toEqual([["one", "one", "one"], 1]);
    state.now = 869_999;
    expect(await credentials.current()).toEqual({ token: "one" });
    state.now = 870_000;
    expect(await credentials.current()).toEqual({ token: "two" });
    credentials.invalidate();
    await credentials.current();
    expect(commands).toHaveLength(3);
  });

  test("may give a client certificate, and an older version's answer", async () => {
    const beta = "client.authentication.k8s.io/v1beta1";
    const { deps } = setUp({
      answers: [answer({ clientCertificateData: "CERT", clientKeyData: "KEY", expirationTimestamp: "whenever" }, beta)],
    });
    expect(await (await load(plugin({ apiVersion: beta }), deps)).credentials.current()).toEqual({ certPem: "CERT", keyPem: "KEY" });
  });

  const failures: readonly (readonly [string, Answer, string])[] = [
    [
      "is not installed",
      Object.assign(new Error("spawn aws ENOENT"), { code: "ENOENT" }),
      'the exec plugin "aws" is not installed (brew install awscli)',
    ],
    [
      "cannot be run",
      new Error("it took longer than 30000 ms"),
      'the exec plugin "aws" could not be run: it took longer than 30000 ms (brew install awscli)',
    ],
    [
      "fails",
      { stdout: "", stderr: "session expired\nlog in", exitCode: 255 },
      'the exec plugin "aws" failed with exit code 255: session expired (brew install awscli)',
    ],
    ["prints no JSON", { stdout: "token=hunter2" }, 'the exec plugin "aws" printed something that is not JSON'],
    ["prints something else", { stdout: "null" }, `the exec plugin "aws" did not print an ExecCredential of ${version}`],
    [
      "answers in another version",
      answer({ token: "t" }, "client.authentication.k8s.io/v1beta1"),
      `the exec plugin "aws" did not print an ExecCredential of ${version}`,
    ],
    [
      "gives nothing",
      answer({ clientCertificateData: "CERT" }),
      'the exec plugin "aws" gave neither a token nor a client certificate with its key',
    ],
  ];
  test.for(failures)("that %s is a clear sentence, and asked again by the next call", async ([, failure, message]) => {
    const { deps, commands } = setUp({ answers: [failure] });
    const { credentials } = await load(plugin({ installHint: "brew install awscli\n" }), deps);
    for (let call = 1; call <= 2; call += 1) {
      const error: unknown = await credentials.current().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(KubeconfigError);
      expect((error as Error).message).toBe(message);
      expect(commands).toHaveLength(call);
    }
  });
});

describe("in a pod", () => {
  const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  const files = { [`${folder}/ca.crt`]: "CA", [`${folder}/token`]: "t\n", [`${folder}/namespace`]: "kintsugi-system\n" };

  test("the mounted account is used", async () => {
    const { deps } = setUp({ files, env: { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "6443" } });
    const { credentials, ...config } = await inCluster(deps);
    expect(config).toEqual({ server: "https://10.96.0.1:6443", name: "in-cluster", namespace: "kintsugi-system", caPem: "CA" });
    expect(await credentials.current()).toEqual({ token: "t" });
  });

  test("an IPv6 address is written as one, and a missing namespace is the default", async () => {
    const { deps } = setUp({ files: { [`${folder}/ca.crt`]: "CA" }, env: { KUBERNETES_SERVICE_HOST: "fd00::1" } });
    expect(await inCluster(deps)).toMatchObject({ server: "https://[fd00::1]:443", namespace: "default" });
  });

  test("outside of one, or without the account's files, it says so", async () => {
    await expect(inCluster(setUp().deps)).rejects.toThrow("this is not a pod (KUBERNETES_SERVICE_HOST is not set): give a kubeconfig");
    const { deps } = setUp({ env: { KUBERNETES_SERVICE_HOST: "h" } });
    await expect(inCluster(deps)).rejects.toThrow("cannot read the cluster's certificate authority at");
  });
});

test.for([
  [
    { KUBECONFIG: ":/a:/b:", KUBERNETES_SERVICE_HOST: "h" },
    { path: "/a", more: ["/b"] },
  ],
  [{ KUBECONFIG: "/a" }, { path: "/a" }],
  [{ KUBERNETES_SERVICE_HOST: "h" }, "in-cluster"],
  [{}, { path: "/home/ann/.kube/config" }],
] as const)("with %j the cluster is looked for in %j", ([env, expected]) => {
  expect(defaultSource({ env, home: "/home/ann" })).toEqual(expected);
});
