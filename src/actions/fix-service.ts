// fix_service: the selector, or one port's target port or protocol, so that the Service leads to pods that exist. Never adds or removes a port.
import * as z from "zod";
import { Services, type Service } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { defineAction, patches, noOp, patched, type PlanResult, refused } from "#actions/action.ts";
import { difference } from "#actions/difference.ts";
import { storedEffect } from "#actions/in-place.ts";
import { portOf, portText } from "#actions/port-text.ts";
import type { PatchOperation } from "#api/change.ts";

const label =
  /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?=(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const selectorText = z
  .string()
  .max(1024)
  .refine((text) => text.split(",").every((each) => label.test(each)), "not labels such as app=web,tier=front");

export const fixService = defineAction({
  name: "fix_service",
  title: "Correct a Service",
  description:
    "Sets the selector of a Service, or the target port or protocol of one of its ports. Refuses a Service without a selector, a Service of type ExternalName, and a port that it does not have.",
  targetKinds: ["Service"],
  reads: [],
  risk: "medium",
  undo: "inverse",
  writes: patches([Services], ["/spec/selector", "/spec/ports/*/targetPort", "/spec/ports/*/protocol"]),
  parameters: z.object({
    selector: selectorText.optional().describe("The whole new selector, such as app=web,tier=front."),
    port: z.coerce.number().int().min(1).max(65_535).optional().describe("The port of the Service to correct."),
    targetPort: portText.optional().describe("The port of the pods, by number or name."),
    protocol: z.enum(["TCP", "UDP", "SCTP"]).optional().describe("The port's protocol."),
  }),
  plan: ({ selector, port, targetPort, protocol }, target) => {
    const { spec } = target as Service;
    if (spec.type === "ExternalName") return refused("its type is ExternalName: it has no selector and no ports to correct");
    if (spec.selector === undefined) return refused("it has no selector: its endpoints are managed by hand");
    const wantsPort = targetPort !== undefined || protocol !== undefined;
    if (selector === undefined && !wantsPort) return refused("neither a selector nor a target port or protocol is given");
    if (wantsPort && port === undefined) return refused("a target port or protocol needs the parameter port");
    const operations = selector === undefined ? [] : [...difference(["spec", "selector"], spec.selector, labelsOf(selector))];
    if (port === undefined || !wantsPort) return change(target, operations);
    const places = (spec.ports ?? []).flatMap((each, index) => (each.port === port ? [index] : []));
    const [index] = places;
    const before = spec.ports?.[index ?? -1];
    if (index === undefined || before === undefined) return refused(`it has no port ${port}`);
    if (places.length > 1) return refused(`it has port ${port} more than once, with several protocols`);
    const after = {
      ...before,
      ...(targetPort === undefined ? {} : { targetPort: portOf(targetPort) }),
      ...(protocol === undefined ? {} : { protocol }),
    };
    const changed = difference(["spec", "ports", String(index)], { ...before }, after);
    return change(target, [
      ...operations,
      ...(changed.length === 0 ? [] : [{ op: "test", path: `/spec/ports/${index}/port`, value: port } as const, ...changed]),
    ]);
  },
  verify: ({ target }, changes) => storedEffect(target, changes),
});

const change = (target: KubeObject, operations: readonly PatchOperation[]): PlanResult =>
  operations.length === 0 ? noOp("the Service already has these values") : patched(target, operations);

const labelsOf = (selector: string): Record<string, string> =>
  Object.fromEntries(selector.split(",").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
