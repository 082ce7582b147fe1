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

/** Who may list Secrets may read their values: that is for an administrator to weigh. */
const secretNames = `# The names of Secrets, never a value; but a right to list them is also a right to read their values.
#  - apiGroups: [""]
#    resources: [secrets]
#    verbs: [list]
`;
/** A request to a Service may do whatever its program does for a GET: only to the one that is named. */
const prometheus = `# Metrics and firing alerts of a Prometheus in the cluster, asked through the API server. By its name and port, as a diagnosis tells them
# where it may not ask: without resourceNames it would be the right to send a GET to any Service.
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
  if (found === undefined) throw misuse(`there is no role for "${command}": use --rbac ${commandsWithRole.join(" or --rbac ")}`);
  const role = rbac("ClusterRole", { name: `kintsugi-${command}` }, { rules: rulesOf(found.needs) });
  const intro = `# What kintsugi ${command} reads. Bind it in the whole cluster, or in the namespaces that are to be looked at.\n`;
  const outro = "# It does without the following, and says what was not read. To grant it, take the # away:\n";
  return { role, text: `${intro}${renderData("yaml", role)}${outro}${found.optional.join("")}` };
};
