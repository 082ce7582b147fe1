// `kintsugi config`: which cluster and namespace the commands work with, and how to connect Alertmanager. Never shows a credential.
import { alertmanagerExample } from "#cli/alertmanager-example.ts";
import type { DefineCommand } from "#cli/command.ts";
import type { Session } from "#cli/session.ts";
import { defaultSource } from "#kube/kubeconfig.ts";

export const define: DefineCommand = (config, run) => {
  config.action(() => run(view, { namespaces: "one" })());
  config
    .command("view")
    .description("Show the kubeconfig, context, user and namespace in use")
    .action(() => run(view, { namespaces: "one" })());
  config
    .command("example")
    .description("Print an example Alertmanager configuration, and the labels that opt a namespace in")
    .action(() =>
      run(async (session) => {
        session.print(alertmanagerExample(session.kintsugiNamespace));
        return 0;
      })(),
    );
};

const view = async (session: Session): Promise<number> => {
  const { deps, options } = session;
  const source = options.kubeconfig === undefined ? defaultSource(deps) : { path: options.kubeconfig };
  const kubeconfig = source === "in-cluster" ? "in-cluster" : "path" in source ? source.path : "given";
  const { name, user, server, namespace, impersonate } = await session.config();
  const facts = {
    kubeconfig,
    context: name,
    ...(user === undefined ? {} : { user }),
    server,
    namespace: session.targetNamespace ?? namespace,
    kintsugi: session.kintsugiNamespace,
    ...(impersonate === undefined ? {} : { as: impersonate.user, groups: impersonate.groups.join(", ") }),
  };
  session.answer(facts, () =>
    Object.entries(facts)
      .map(([label, value]) => `${label.padEnd(13)}${value}\n`)
      .join(""),
  );
  return 0;
};
