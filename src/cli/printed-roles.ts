// The ClusterRole that a command needs, as `doctor --rbac` prints it: exactly what it reads, and what it can do without left as comments. Asks no cluster.
import { builtInTypes } from "#api/kubernetes.ts";
import type { Need } from "#api/object.ts";
import { nearbyNeeds } from "#cluster/journal/read-nearby.ts";
import { collectionNeeds } from "#evidence/collect-cluster.ts";
import { misuse } from "#cli/failure.ts";
import { renderData } from "#cli/render/data.ts";
import type { Manifest } from "#manifests/manifest.ts";
import { rbac, rulesOf } from "#manifests/rbac.ts";

interface PrintedRole {
  readonly needs: readonly Need[];
  readonly optional: readonly string[];
}

/** A right to list Secrets is a right to read their values: an administrator decides. */
const secretNames = `# The names of Secrets, never a value. A right to list them is also a right to read their values.
#  - apiGroups: [""]
#    resources: [secrets]
#    verbs: [list]
`;
/** A request to a Service may do whatever its program does for a GET: only to the one that is named. */
const prometheus = `# Metrics and firing alerts of a Prometheus in the cluster, read through the API server. Name and port are those that a diagnosis
# shows under "Not read". Without resourceNames this is the right to send a GET to any Service.
#  - apiGroups: [""]
#    resources: [services/proxy]
#    resourceNames: ["prometheus-operated:web", "prometheus-operated:http-web", "prometheus-server:http"]
#    verbs: [get]
`;

const roles: Readonly<Record<string, PrintedRole>> = {
  diagnose: { needs: collectionNeeds, optional: [secretNames, prometheus] },
  changes: {
    // One object by its name: what a pod belongs to.
    needs: [
      ...nearbyNeeds,
      ...builtInTypes.map(({ group, plural }): Need => ({ group, resource: plural, verbs: ["get"], scope: "cluster" })),
    ],
    optional: [secretNames],
  },
};

export const commandsWithRole = Object.keys(roles);

export const printedRole = (command: string): { readonly role: Manifest; readonly text: string } => {
  const found = Object.hasOwn(roles, command) ? roles[command] : undefined;
  if (found === undefined) throw misuse(`no role for "${command}"; use --rbac ${commandsWithRole.join(" or --rbac ")}`);
  const role = rbac("ClusterRole", { name: `kintsugi-${command}` }, { rules: rulesOf(found.needs) });
  const intro = `# The objects that kintsugi ${command} reads. Bind the role in the whole cluster, or in the namespaces to check.\n`;
  const outro = "# Optional; without these rights, the output names what was not read. To grant one, remove the #:\n";
  return { role, text: `${intro}${renderData("yaml", role)}${outro}${found.optional.join("")}` };
};
