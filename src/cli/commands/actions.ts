// `kintsugi actions`: the catalogue, from the actions' own files. Asks no cluster.
import * as z from "zod";

import type { Action } from "#actions/action.ts";
import { actions } from "#actions/registry.ts";
import { accountOfAction } from "#api/labels.ts";
import type { Need } from "#api/object.ts";
import type { DefineCommand } from "#cli/command.ts";
import { refusal } from "#cli/failure.ts";
import { point, section } from "#cli/render/page.ts";
import { renderTable } from "#cli/render/table.ts";
import { listed } from "#lib/words.ts";
import type { Session } from "#cli/session.ts";

export const define: DefineCommand = (command, run) => {
  command.argument("[name]", "one action, in full").action((name: string | undefined) =>
    run(async (session) => {
      const found = name === undefined ? actions : actions.filter((action) => action.name === name);
      if (name !== undefined && found.length === 0) throw refusal(`no action "${name}"`, "kintsugi actions lists all of them.");
      session.answer(
        name === undefined ? found.map(facts) : facts(found[0] as Action),
        () => (name === undefined ? catalogue(session) : `${found.flatMap((action) => detail(session, action)).join("\n")}\n`),
        () => found.map((action) => action.name),
      );
      return 0;
    })(),
  );
};

const ParametersSchema = z.object({
  properties: z.record(z.string(), z.object({ type: z.string().optional(), description: z.string().optional() }).loose()).default({}),
  required: z.array(z.string()).default([]),
});

/** As text arrives and is read: a number stays a number here, though a custom resource carries it as text. */
const parametersOf = (action: Action): z.output<typeof ParametersSchema> =>
  ParametersSchema.parse(z.toJSONSchema(action.parameters, { io: "output", unrepresentable: "any" }));

const facts = (action: Action): unknown => ({
  name: action.name,
  title: action.title,
  description: action.description,
  targetKinds: action.targetKinds,
  risk: action.risk,
  reversible: action.reversible,
  undo: action.undo,
  parameters: parametersOf(action),
  account: accountOfAction(action.name),
  needs: action.needs,
});

const targetText = (action: Action): string => (action.targetKinds === "any" ? "any" : action.targetKinds.join(", "));

const undoWords: Readonly<Record<Action["undo"], string>> = {
  inverse: "by its inverse",
  "none-needed": "none needed",
  irreversible: "cannot be undone",
};

const catalogue = (session: Session): string => {
  const header = ["NAME", "TARGET", "RISK", "UNDO", "PARAMETERS"];
  const rows = actions.map((action) => {
    const { properties, required } = parametersOf(action);
    // A reason is taken by every action and says nothing about this one.
    const names = Object.keys(properties).filter((name) => name !== "reason" || required.includes(name));
    return [
      action.name,
      targetText(action),
      action.risk,
      undoWords[action.undo],
      names.map((name) => (required.includes(name) ? name : `[${name}]`)).join(" "),
    ];
  });
  return renderTable(header, rows, {
    columns: session.tableColumns,
    kept: 4,
  });
};

const detail = (session: Session, action: Action): readonly string[] => {
  const { page } = session;
  const { properties, required } = parametersOf(action);
  return [
    `${page.paint.bold(action.name)}: ${action.title}`,
    ...point(page, 1, "", action.description),
    ...point(page, 1, "•", `works on: ${targetText(action)}`),
    ...point(page, 1, "•", `risk: ${action.risk}; undo: ${undoWords[action.undo]}`),
    ...section(
      page,
      "PARAMETERS",
      Object.entries(properties).flatMap(([name, { type, description }]) =>
        point(
          page,
          1,
          "•",
          `${name}${type === undefined ? "" : ` (${type}${required.includes(name) ? ", required" : ""})`}: ${description ?? ""}`,
        ),
      ),
    ),
    ...section(page, "RIGHTS", [
      ...point(page, 1, "•", `its Job runs as ServiceAccount ${accountOfAction(action.name)}, which may:`),
      ...(action.needs.length === 0
        ? point(page, 2, "•", "change nothing")
        : action.needs.flatMap((need) => point(page, 2, "•", needText(need)))),
    ]),
  ];
};

const needText = ({ verbs, resource, group, scope }: Need): string =>
  `${listed(verbs)} ${resource}${group === "" ? "" : ` in ${group}`}${scope === "own" ? ", in Kintsugi's namespace" : ", where a namespace has opted in"}`;
