// The example against Alertmanager's routing rules: every receiver of an existing configuration is notified as before.
import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { alertmanagerExample } from "#cli/alertmanager-example.ts";

interface Route {
  readonly receiver?: string;
  readonly continue?: boolean;
  readonly matchers?: readonly string[];
  readonly routes?: readonly Route[];
}

/** As dispatch.Route.Match of Alertmanager: the deepest routes that match, the first one and those after a `continue`; else the route itself. */
const receiversOf = (route: Route, labels: readonly string[], inherited = ""): readonly string[] => {
  if (!(route.matchers ?? []).every((each) => labels.includes(each))) return [];
  const receiver = route.receiver ?? inherited;
  const found: string[] = [];
  for (const child of route.routes ?? []) {
    const matched = receiversOf(child, labels, receiver);
    found.push(...matched);
    if (matched.length > 0 && child.continue !== true) break;
  }
  return found.length > 0 ? found : [receiver];
};

const label = fc.constantFrom("a", "b", "c");
const { route } = fc.letrec<{ route: Route }>((tie) => ({
  route: fc.record(
    {
      receiver: fc.constantFrom("pager", "mail", "chat"),
      continue: fc.boolean(),
      matchers: fc.uniqueArray(label, { maxLength: 2 }),
      routes: fc.array(tie("route"), { maxLength: 3, depthIdentifier: "route" }),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Route>,
}));

const example = parse(alertmanagerExample("kintsugi-system")) as {
  readonly receivers: readonly { readonly name: string; readonly webhook_configs: readonly { readonly url: string }[] }[];
  readonly route: Route;
};

/** What the comments of the example say. */
const withExample = (before: Route): Route => ({
  ...before,
  routes: (example.route.routes ?? []).map((each) => (each.routes === undefined ? each : { ...each, routes: before.routes ?? [] })),
});

test("every alert reaches Kintsugi, and every earlier receiver in the same order", () => {
  fc.assert(
    fc.property(route, fc.uniqueArray(label), ({ routes = [] }, labels) => {
      const root: Route = { receiver: "pager", routes };
      expect(receiversOf(withExample(root), labels)).toEqual(["kintsugi", ...receiversOf(root, labels)]);
    }),
  );
});

test("pasted as it is, it has no root receiver: Alertmanager refuses it and keeps the configuration that it has", () => {
  expect(example.route).not.toHaveProperty("receiver");
});

test("its URL is the Service of this installation, and it says when the token expires", () => {
  expect(example.receivers.map(({ name }) => name)).toEqual(["kintsugi"]);
  expect(example.receivers[0]?.webhook_configs[0]?.url).toBe("http://kintsugi.kintsugi-system.svc/api/v1/signals/prometheus");
  expect(alertmanagerExample("elsewhere")).toContain("http://kintsugi.elsewhere.svc/");
  expect(alertmanagerExample("elsewhere")).toMatch(/kubectl create token kintsugi-signals -n elsewhere --audience kintsugi /);
  expect(alertmanagerExample("elsewhere")).toContain("status.expirationTimestamp");
});
