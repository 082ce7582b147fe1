// The command line as a whole: usage, exit codes, and one sentence for whatever goes wrong.
import { describe, expect, test } from "vitest";

import type { CliDeps, RunRoleOptions } from "#cli/deps.ts";
import { defaultLabelOrder } from "#cluster/reported-object.ts";
import { runKintsugi, serverError } from "#test/cli-harness.ts";
import { remediatedSample } from "#test/sample-requests.ts";

describe("usage", () => {
  test("--help names the commands and the exit codes, and is not an error", async () => {
    const scripts = { runDemo: async () => 0, runPlayground: async () => 0 };
    const ran = await runKintsugi(["--help"], { objects: [] }, scripts);
    expect(ran.code).toBe(0);
    for (const word of [
      "get",
      "describe",
      "approve",
      "reject",
      "cancel",
      "plan",
      "actions",
      "doctor",
      "config",
      "version",
      "run",
      "demo",
      "playground",
      "Exit codes",
    ])
      expect(ran.stdout).toContain(word);
    expect(ran.stdout).not.toMatch(/^\s+act\b/m);
  });

  test("commands that cannot run in this package are not in its help", async () => {
    expect((await runKintsugi(["--help"])).stdout).not.toMatch(/^ +(?:demo|playground)/m);
  });

  test("--version and version --client print the version and ask no cluster", async () => {
    expect(await runKintsugi(["--version"])).toMatchObject({ code: 0, stdout: "0.1.0\n", requests: [] });
    expect(await runKintsugi(["version", "--client"])).toMatchObject({ code: 0, stdout: "kintsugi    0.1.0\n", requests: [] });
  });

  test("a command's help shows the options that every command takes", async () => {
    const ran = await runKintsugi(["describe", "--help"]);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toContain("--kubeconfig");
  });

  test.each([
    ["an unknown command", ["fix"], /unknown command 'fix'/],
    ["an unknown option", ["get", "--fast"], /unknown option '--fast'/],
    ["a missing argument", ["describe"], /missing required argument 'request'/],
    ["an unknown format", ["get", "-o", "xml"], /"xml" is not an output format: use json, yaml, wide, name/],
    ["an unknown kind", ["get", "pods"], /"pods" is not a kind of Kintsugi's: use rr, rp/],
    ["an unknown role", ["run", "cook"], /unknown role "cook"; use all, gateway, change-journal,/],
    ["a port that is none", ["run", "all", "--port", "99999"], /number from 0 to 65535/],
    [
      "an address that others reach, without TLS",
      ["run", "all", "--address", "0.0.0.0"],
      /would not be encrypted: set --tls-cert-file.*, or --plain-http/,
    ],
    [
      "a certificate without a key",
      ["run", "all", "--tls-cert-file", "tls.crt"],
      /--tls-cert-file and --tls-key-file must be set together/,
    ],
    [
      "a certificate and no TLS",
      ["run", "gateway", "--plain-http", "--tls-cert-file", "tls.crt", "--tls-key-file", "tls.key"],
      /--plain-http and --tls-cert-file exclude each other/,
    ],
    [
      "a write-ahead log for a role that takes no alerts",
      ["run", "retention", "--wal-dir", "/wal"],
      /--wal-dir: role retention takes no alerts/,
    ],
    [
      "shared secrets for a role that takes no alerts",
      ["run", "change-journal", "--sender-secret-file", "/s"],
      /--sender-secret-file: role change-journal takes no alerts/,
    ],
    ["a size of no write-ahead log", ["run", "all", "--wal-size", "64Mi"], /--wal-size needs --wal-dir/],
    ["a size that is none", ["run", "all", "--wal-dir", "/wal", "--wal-size", "much"], /quantity of at least 1Mi/],
    ["a claim whose name is none", ["install", "--wal-claim", "A"], /"A" is not the name of a PersistentVolumeClaim/],
    ["a Secret whose name is none", ["install", "--tls-secret", "a/b"], /"a\/b" is not the name of a Secret/],
    ["a log level that is none", ["run", "all", "--log-level", "loud"], /Allowed choices are debug/],
    ["a namespace of workloads for a command that has none", ["doctor", "-n", "shop"], /does not accept -n.*\nUse --kintsugi-namespace/],
    ["all namespaces for a command about one object", ["plan", "deployment/web", "-A"], /does not accept -A/],
    ["one namespace and all of them", ["get", "-n", "shop", "-A"], /use either -n or -A/],
    ["a kind and name for two objects", ["describe", "deployment/web", "deployment/api"], /names more than one object/],
    ["act outside a Job", ["act", "kex-1", "--hash", "00"], /act runs only inside an action's Job/],
    ["a group to impersonate without a user", ["get", "--as-group", "on-call"], /--as-group needs --as/],
    ["a time limit that is none", ["get", "--request-timeout", "soon"], /"soon" is not a duration/],
    ["a shell without completion", ["completion", "tcsh"], /"tcsh" is not a supported shell: use bash, zsh, fish/],
    ["an image that is none", ["install", "--image", "a b"], /"a b" is not an image reference/],
    ["a demonstration that is not there", ["demo"], /npm run demo/],
    ["a playground that is not there", ["playground"], /npm run playground/],
  ])("%s is a sentence and exit code 2", async (_, args, sentence) => {
    const ran = await runKintsugi(args);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(sentence);
    expect(ran.stdout).toBe("");
  });
});

describe("a kubeconfig that does not do", () => {
  test.each([
    ["is missing", ["get", "--kubeconfig", "/nowhere"], /cannot read the kubeconfig at \/nowhere: no such file/],
    ["has no such context", ["get", "--context", "mars"], /has no context "mars" \(known: shop, other\)/],
  ])("%s: one sentence and exit code 2", async (_, args, sentence) => {
    const ran = await runKintsugi(args);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(sentence);
  });

  test.each([
    [
      "the server cannot be reached",
      serverError(0, "Connection", "the API server at https://10.0.0.1:6443 cannot be reached: connect ECONNREFUSED", "list"),
      /cannot be reached/,
    ],
    ["the credentials are refused", serverError(401, "Unauthorized", "Unauthorized", "list"), /does not accept the credentials/],
    [
      "it has no rights",
      serverError(403, "Forbidden", 'remediationrequests.kintsugi.dev is forbidden: User "ada" cannot list', "list"),
      /User "ada" cannot list.*\n.*kintsugi-viewer/,
    ],
    [
      "it has no rights on workloads",
      serverError(403, "Forbidden", 'pods is forbidden: User "ada" cannot list resource "pods" in API group ""', "list"),
      /User "ada" cannot list.*\nThe built-in ClusterRole view is enough to diagnose; kintsugi doctor --rbac diagnose prints the exact rights\./,
    ],
    [
      "Kintsugi is not installed",
      serverError(404, "NotFound", "the server could not find the requested resource", "list"),
      /not installed.*\n.*kintsugi install/,
    ],
    ["something unforeseen happens", new Error("token=abcdef0123456789 is odd"), /unexpected error: token=\[redacted\]/],
  ])("where %s: one sentence and exit code 2", async (_, error, sentence) => {
    const ran = await runKintsugi(["get"], { objects: [], failures: { RemediationRequest: error } });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(sentence);
    expect(ran.stderr).not.toContain("    at ");
    expect(ran.requests.at(-1)).toBe("CLOSE");
  });
});

describe("colours", () => {
  const describeWith = async (args: readonly string[], env: Record<string, string> = {}, isTerminal = true) => {
    const { request, ...rest } = remediatedSample();
    const server = { objects: [request, ...Object.values(rest).flat()] };
    const overrides = { isTerminal, columns: 80, env: { KUBECONFIG: "/home/ada/config", ...env } };
    return (await runKintsugi(["describe", request.metadata.name, ...args], server, overrides)).stdout;
  };
  const escape = "\u001b[";

  test("are for terminals only, and NO_COLOR, --no-color and a dumb terminal turn them off", async () => {
    expect(await describeWith([])).toContain(escape);
    expect(await describeWith([], {}, false)).not.toContain(escape);
    expect(await describeWith([], { NO_COLOR: "1" })).not.toContain(escape);
    expect(await describeWith(["--no-color"])).not.toContain(escape);
    expect(await describeWith([], { TERM: "dumb" })).not.toContain(escape);
  });
});

describe("on behalf of another user", () => {
  test("--as and --as-group reach the API server as the identity of every request", async () => {
    const seen: unknown[] = [];
    const connect: CliDeps["connect"] = (config) => {
      seen.push(config.impersonate);
      throw serverError(0, "Connection", "not connected here");
    };
    await runKintsugi(["get", "--as", "ann", "--as-group", "sre", "--as-group", "on-call"], { objects: [] }, { connect });
    expect(seen).toEqual([{ user: "ann", groups: ["sre", "on-call"] }]);
  });
});

describe("run, demo and act", () => {
  test("run passes the role and its options to the composition root, and exits with its code", async () => {
    const seen: { role: string; options: RunRoleOptions }[] = [];
    const runRole = async (role: string, options: RunRoleOptions): Promise<number> => {
      seen.push({ role, options });
      return 7;
    };
    const args = [
      "run",
      "gateway",
      "--kintsugi-namespace",
      "kintsugi-two",
      "--port",
      "0",
      "--image",
      "i:1",
      "--no-leader-election",
      "--log-level",
      "debug",
      "--context",
      "other",
    ];
    const ran = await runKintsugi(args, { objects: [] }, { runRole });
    expect(ran.code).toBe(7);
    expect(seen).toEqual([
      {
        role: "gateway",
        options: {
          namespace: "kintsugi-two",
          kubeconfig: undefined,
          context: "other",
          address: "127.0.0.1",
          ports: { http: 0, metrics: 9090 },
          tokenAudience: "kintsugi",
          image: "i:1",
          signals: { order: defaultLabelOrder, events: "ignored" },
          leaderElection: "off",
          logLevel: "debug",
        },
      },
    ]);
  });

  test("--label-order and --watch-events reach it, and a faulty order is refused", async () => {
    const seen: RunRoleOptions["signals"][] = [];
    const runRole = async (_: string, { signals }: RunRoleOptions): Promise<number> => {
      seen.push(signals);
      return 0;
    };
    const run = (...args: string[]) => runKintsugi(["run", "all", "--image", "i:1", ...args], { objects: [] }, { runRole });
    await run("--label-order", "rollout=argoproj.io/v1alpha1/Rollout,pod", "--watch-events");
    expect(seen[0]?.events).toBe("watched");
    expect(seen[0]?.order.map(({ label }) => label)).toEqual(["rollout", "pod"]);
    const refused = await run("--label-order", "rollout");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('--label-order: "rollout" is not in the default order');
    expect(seen).toHaveLength(1);
  });

  test.each([
    ["on by default", [], "on"],
    ["off with --no-leader-election", ["--no-leader-election"], "off"],
  ])("leader election is %s", async (_, args, expected) => {
    const seen: string[] = [];
    const runRole = async (__: string, options: RunRoleOptions): Promise<number> => {
      seen.push(options.leaderElection);
      return 0;
    };
    await runKintsugi(["run", "all", "--image", "i:1", ...args], { objects: [] }, { runRole });
    expect(seen).toEqual([expected]);
  });

  test.each<[string, readonly string[], RunRoleOptions["tls"]]>([
    ["with TLS", ["all", "--address", "0.0.0.0", "--tls-cert-file", "c", "--tls-key-file", "k"], { certFile: "c", keyFile: "k" }],
    ["with plain HTTP on request", ["gateway", "--address", "::", "--plain-http"], undefined],
    ["with plain HTTP on this machine", ["all", "--address", "::1"], undefined],
    ["without the Gateway, with neither", ["retention", "--address", "0.0.0.0"], undefined],
  ])("run %s", async (_, args, tls) => {
    const seen: RunRoleOptions["tls"][] = [];
    const runRole = async (__: string, options: RunRoleOptions): Promise<number> => {
      seen.push(options.tls);
      return 0;
    };
    const ran = await runKintsugi(["run", ...args, "--image", "i:1"], { objects: [] }, { runRole });
    expect([ran.code, seen]).toEqual([0, [tls]]);
  });

  test.each<[string, readonly string[], RunRoleOptions["wal"]]>([
    ["without a write-ahead log", [], undefined],
    ["with one of 256Mi", ["--wal-dir", "/wal"], { folder: "/wal", maxBytes: 268_435_456 }],
    ["with one of another size", ["--wal-dir", "/wal", "--wal-size", "2M"], { folder: "/wal", maxBytes: 2_000_000 }],
  ])("run gateway %s", async (_, args, wal) => {
    const seen: RunRoleOptions["wal"][] = [];
    const runRole = async (__: string, options: RunRoleOptions): Promise<number> => {
      seen.push(options.wal);
      return 0;
    };
    const ran = await runKintsugi(["run", "gateway", "--image", "i:1", ...args], { objects: [] }, { runRole });
    expect([ran.code, seen]).toEqual([0, [wal]]);
  });

  test("demo gets its arguments as they are", async () => {
    let seen: readonly string[] = [];
    const runDemo = async (args: readonly string[]): Promise<number> => {
      seen = args;
      return 0;
    };
    expect((await runKintsugi(["demo", "healthy", "--json", "--keep"], { objects: [] }, { runDemo })).code).toBe(0);
    expect(seen).toEqual(["healthy", "--json", "--keep"]);
  });

  test("the playground's exit code is the command's", async () => {
    expect((await runKintsugi(["playground"], { objects: [] }, { runPlayground: () => Promise.resolve(2) })).code).toBe(2);
  });

  test("act receives its execution, hash and namespace", async () => {
    const runAct = async (options: unknown): Promise<number> => {
      expect(options).toMatchObject({ execution: "rr-1-a1-kex-s1", hash: "ab", namespace: "kintsugi-two" });
      return 0;
    };
    expect(
      (await runKintsugi(["act", "rr-1-a1-kex-s1", "--hash", "ab", "--kintsugi-namespace", "kintsugi-two"], { objects: [] }, { runAct }))
        .code,
    ).toBe(0);
  });
});
