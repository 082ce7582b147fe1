// `kintsugi version`: of this program, of the API server, and of Kintsugi in the cluster. Only reads.
import * as z from "zod";

import { Deployments } from "#api/kubernetes.ts";
import type { AddCommand } from "#cli/command.ts";
import type { Session } from "#cli/session.ts";

export const ServerVersion = z.object({ gitVersion: z.string(), major: z.string(), minor: z.string() });

export const addVersion: AddCommand = (program, run) => {
  program
    .command("version")
    .description("The version of this program, of the API server, and of Kintsugi in the cluster.")
    .option("--client", "only of this program")
    .action((options: { client?: true }) => run((session) => version(session, options.client === true ? "client" : "all"))());
};

const version = async (session: Session, which: "client" | "all"): Promise<number> => {
  const client = session.deps.version;
  if (which === "client") {
    if (session.data !== undefined) session.printData({ client });
    else session.print(`kintsugi    ${client}\n`);
    return 0;
  }
  if (session.data === undefined) session.print(`kintsugi    ${client}\n`);
  const kube = await session.kube();
  const server = ServerVersion.safeParse(await kube.request("GET", "/version"));
  const kubernetes = server.success ? server.data.gitVersion : "unknown";
  // Its absence, or no right to look, is not an error of `version`.
  const deployment = await kube.get(Deployments, { namespace: session.kintsugiNamespace, name: "kintsugi" }).catch(() => undefined);
  const installed = deployment?.spec.template.spec.containers[0]?.image;
  if (session.data !== undefined) session.printData({ client, kubernetes, ...(installed === undefined ? {} : { installed }) });
  else session.print(`Kubernetes  ${kubernetes}\ninstalled   ${installed ?? `no Deployment kintsugi in ${session.kintsugiNamespace}`}\n`);
  return 0;
};
