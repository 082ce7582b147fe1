// What a person types into a shell to make the same change by hand. Pure; every word that comes from a cluster is quoted for the shell.
import type { BareStep } from "#api/fields.ts";
import type { Change } from "#api/change.ts";
import { objectWords } from "#api/kubectl.ts";
import { shellCommand } from "#lib/shell.ts";

/** `changes`: those of this step, where they are known. Content of ConfigMaps never becomes part of a command: it may be secret. */
export const kubectlOf = (step: BareStep, changes: readonly Change[] = []): string | undefined => {
  const { action, target, parameters } = step;
  const { revision, replicas, container, memory, cpu, selector, port, targetPort, protocol, minAvailable, maxUnavailable } = parameters;
  const on = (verb: string, ...rest: readonly string[]): string =>
    shellCommand("kubectl", ...verb.split(" "), ...objectWords(target), ...rest);
  switch (action) {
    case "rollback_deployment":
    case "rollback_statefulset":
    case "rollback_daemonset":
      return on("rollout undo", `--to-revision=${revision}`);
    case "scale_deployment":
      return on("scale", `--replicas=${replicas}`);
    case "restart_pod":
      return on("delete");
    case "resume_rollout":
      return on("rollout resume");
    case "increase_resources":
      return on("set resources", `--containers=${container}`, `--limits=${pairs({ memory, cpu })}`);
    case "relax_pdb":
      return on("patch", "--type=merge", "-p", JSON.stringify({ spec: amounts({ minAvailable, maxUnavailable }) }));
    case "fix_service":
      if (selector !== undefined && targetPort === undefined && protocol === undefined) return on("set selector", selector);
      if (selector === undefined)
        return on("patch", "-p", JSON.stringify({ spec: { ports: [servicePort({ port, targetPort, protocol })] } }));
      return patchOf(changes);
    case "fix_reference":
    case "fix_probe":
      return patchOf(changes);
    case "restore_object":
      return on("edit");
    default:
      return undefined;
  }
};

const patchOf = (changes: readonly Change[]): string | undefined => {
  const [change, ...others] = changes;
  if (change?.type !== "patch" || others.length > 0) return undefined;
  return shellCommand("kubectl", "patch", ...objectWords(change.object), "--type=json", "-p", JSON.stringify(change.operations));
};

const pairs = (values: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(values)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .join(",");

/** A number stays one: the server takes `1` and `"50%"`, not `"1"`. */
const numberOrText = (text: string): number | string => (/^\d+$/.test(text) ? Number(text) : text);
const amounts = (values: Readonly<Record<string, string | undefined>>): Record<string, number | string> =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, numberOrText(value)]])));

const servicePort = ({ port, targetPort, protocol }: Readonly<Record<string, string | undefined>>): object => ({
  port: Number(port),
  ...(targetPort === undefined ? {} : { targetPort: numberOrText(targetPort) }),
  ...(protocol === undefined ? {} : { protocol }),
});
