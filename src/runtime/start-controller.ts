// A role whose work is one controller: the leader runs it.
import { type Controller, runController } from "#kube/controller.ts";
import type { StartRole } from "#runtime/role.ts";
import type { StartDeps } from "#runtime/role-deps.ts";

export const startController =
  (create: (deps: StartDeps) => Controller): StartRole =>
  (deps) => {
    const controller = create(deps);
    return { lead: (signal) => runController(controller, deps, signal) };
  };
