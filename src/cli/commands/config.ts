// `kintsugi config`: which cluster and namespace the commands work with, and how to connect Alertmanager. Never shows a credential.
import { MANAGED_LABEL, SIGNALS_ACCOUNT } from "#api/labels.ts";
import type { AddCommand } from "#cli/command.ts";
import type { Session } from "#cli/session.ts";
import { defaultSource } from "#kube/kubeconfig.ts";

export const addConfig: AddCommand = (program, run) => {
  const config = program
    .command("config")
    .description("Which cluster and namespace the commands work with.")
    .action(() => run(view, { namespaces: "one" })());
  config
    .command("view")
    .description("The same.")
    .action(() => run(view, { namespaces: "one" })());
  config
    .command("example")
    .description("How Alertmanager is told of Kintsugi, and how a namespace opts in.")
    .action(() =>
      run(async (session) => {
        session.print(example(session.kintsugiNamespace));
        return 0;
      })(),
    );
};

const view = async (session: Session): Promise<number> => {
  const { deps, options } = session;
  const source = options.kubeconfig === undefined ? defaultSource(deps) : { path: options.kubeconfig };
  const kubeconfig = source === "in-cluster" ? "in-cluster" : "path" in source ? source.path : "given";
  const { name, server, namespace, impersonate } = await session.config();
  const facts = {
    kubeconfig,
    context: name,
    server,
    namespace: session.targetNamespace ?? namespace,
    kintsugi: session.kintsugiNamespace,
    ...(impersonate === undefined ? {} : { impersonates: impersonate.user }),
  };
  if (session.data !== undefined) session.printData(facts);
  else
    session.print(
      Object.entries(facts)
        .map(([label, value]) => `${label.padEnd(13)}${value}\n`)
        .join(""),
    );
  return 0;
};

const example = (
  namespace: string,
): string => `# Alertmanager: send every alert to Kintsugi. The token is that of the ServiceAccount ${SIGNALS_ACCOUNT}:
#   kubectl create token ${SIGNALS_ACCOUNT} -n ${namespace} --duration 8760h
receivers:
  - name: kintsugi
    webhook_configs:
      - url: http://kintsugi.${namespace}.svc/api/v1/signals/prometheus
        send_resolved: true
        max_alerts: 0
        http_config:
          authorization:
            credentials_file: /etc/alertmanager/kintsugi-token
route:
  receiver: kintsugi
  group_by: [alertname, namespace]
  group_wait: 5s

# A namespace is repaired only where it opts in; elsewhere Kintsugi looks and says what it found:
#   kubectl label namespace <name> ${MANAGED_LABEL}=true
# Production asks a person before it changes anything:
#   kubectl label namespace <name> kintsugi.dev/environment=production
`;
