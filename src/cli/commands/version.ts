// `kintsugi version`: of this program, of the API server, and of Kintsugi in the cluster. Only reads.
import type { DefineCommand } from "#cli/command.ts";
import type { Session } from "#cli/session.ts";

export const define: DefineCommand = (command, run) => {
  command
    .option("--client", "version of this program only; sends no request to a cluster")
    .action((options: { client?: true }) => run((session) => version(session, options.client === true ? "client" : "all"))());
};

const version = async (session: Session, which: "client" | "all"): Promise<number> => {
  const client = session.deps.version;
  if (which === "client") {
    session.answer({ client }, () => `kintsugi    ${client}\n`);
    return 0;
  }
  if (session.data === undefined) session.print(`kintsugi    ${client}\n`);
  const kube = await session.kube();
  const { gitVersion } = ((await kube.request("GET", "/version")) ?? {}) as { readonly gitVersion?: unknown };
  const kubernetes = typeof gitVersion === "string" ? gitVersion : "unknown";
  const { Deployments } = await import("#api/kubernetes.ts");
  // Its absence, or no right to look, is not an error of `version`.
  const deployment = await kube.get(Deployments, { namespace: session.kintsugiNamespace, name: "kintsugi" }).catch(() => undefined);
  const installed = deployment?.spec.template.spec.containers[0]?.image;
  session.answer(
    { client, kubernetes, ...(installed === undefined ? {} : { installed }) },
    () => `Kubernetes  ${kubernetes}\ninstalled   ${installed ?? `not found in ${session.kintsugiNamespace}`}\n`,
  );
  return 0;
};
