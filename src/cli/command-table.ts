// Every command by name: what help says of it, and the file that implements it, which is loaded only for the command that runs.
import type { DefineCommand } from "#cli/command.ts";
import type { CliDeps } from "#cli/deps.ts";

export interface CommandEntry {
  readonly name: string;
  readonly group: string;
  readonly description: string;
  readonly isHidden?: (deps: CliDeps) => boolean;
  readonly load: () => Promise<DefineCommand>;
}

const diagnose = "Diagnose:";
const requests = "Repairs:";
const operate = "Operate:";
const tryOut = "Try it out:";

export const commandTable: readonly CommandEntry[] = [
  {
    name: "diagnose",
    group: diagnose,
    description: "Find what is wrong in a cluster, why, and how to fix it",
    load: async () => (await import("#cli/commands/diagnose.ts")).define,
  },
  {
    name: "changes",
    group: diagnose,
    description: "Show what changed around an object, with time and author",
    load: async () => (await import("#cli/commands/changes.ts")).define,
  },
  {
    name: "plan",
    group: diagnose,
    description: "Show the repair that Kintsugi would make for an object now",
    load: async () => (await import("#cli/commands/plan.ts")).define,
  },
  {
    name: "actions",
    group: diagnose,
    description: "List the repair actions with their parameters, risk, undo and rights",
    load: async () => (await import("#cli/commands/actions.ts")).define,
  },
  {
    name: "get",
    group: requests,
    description: "List remediation requests (or other Kintsugi objects)",
    load: async () => (await import("#cli/commands/get.ts")).define,
  },
  {
    name: "describe",
    group: requests,
    description: "Show everything about a request: evidence, cause, decision, change, verification",
    load: async () => (await import("#cli/commands/describe.ts")).define,
  },
  {
    name: "explain-alert",
    group: requests,
    description: "Explain what became of an alert, and why it was not handled",
    load: async () => (await import("#cli/commands/explain-alert.ts")).define,
  },
  {
    name: "approve",
    group: requests,
    description: "Show the exact change of a pending repair, then approve it",
    load: async () => (await import("#cli/commands/approve.ts")).defineApprove,
  },
  {
    name: "reject",
    group: requests,
    description: "Reject a pending repair; it is not proposed again for this alert",
    load: async () => (await import("#cli/commands/approve.ts")).defineReject,
  },
  {
    name: "repair",
    group: requests,
    description: "Repair an object without an alert: show the plan, ask, follow it to its end",
    load: async () => (await import("#cli/commands/repair.ts")).define,
  },
  {
    name: "cancel",
    group: requests,
    description: "Cancel a request; started changes are finished or undone first",
    load: async () => (await import("#cli/commands/cancel.ts")).define,
  },
  {
    name: "close",
    group: requests,
    description: "Close a request that awaits a person, with the reason",
    load: async () => (await import("#cli/commands/close.ts")).define,
  },
  {
    name: "pause",
    group: operate,
    description: "Stop repairs from beginning, everywhere or in one namespace",
    load: async () => (await import("#cli/commands/pause.ts")).definePause,
  },
  {
    name: "resume",
    group: operate,
    description: "End a pause",
    load: async () => (await import("#cli/commands/pause.ts")).defineResume,
  },
  {
    name: "policy",
    group: operate,
    description: "Show what policies allow, test them, or preview a change of them",
    load: async () => (await import("#cli/commands/policy.ts")).define,
  },
  {
    name: "doctor",
    group: operate,
    description: "Check that the cluster is ready for Kintsugi",
    load: async () => (await import("#cli/commands/doctor.ts")).define,
  },
  {
    name: "install",
    group: operate,
    description: "Print the manifests of Kintsugi, for kubectl apply",
    load: async () => (await import("#cli/commands/install.ts")).define,
  },
  {
    name: "run",
    group: operate,
    description: "Run Kintsugi, or one of its roles, as a process",
    load: async () => (await import("#cli/commands/run.ts")).defineRun,
  },
  {
    name: "config",
    group: operate,
    description: "Show the kubeconfig, context, user and namespace in use",
    load: async () => (await import("#cli/commands/config.ts")).define,
  },
  {
    name: "completion",
    group: operate,
    description: "Print a completion script for bash, zsh or fish",
    load: async () => (await import("#cli/commands/completion.ts")).define,
  },
  {
    name: "version",
    group: operate,
    description: "Show the versions of kintsugi, of the API server and of the installation",
    load: async () => (await import("#cli/commands/version.ts")).define,
  },
  {
    name: "demo",
    group: tryOut,
    description: "Break a workload in a throw-away cluster and watch the repair",
    isHidden: ({ runDemo }) => runDemo === undefined,
    load: async () => (await import("#cli/commands/passed-on.ts")).defineDemo,
  },
  {
    name: "playground",
    group: tryOut,
    description: "Start a throw-away cluster with workloads to break, and look around",
    isHidden: ({ runPlayground }) => runPlayground === undefined,
    load: async () => (await import("#cli/commands/passed-on.ts")).definePlayground,
  },
  {
    // Runs inside an action's Job and nowhere else.
    name: "act",
    group: operate,
    description: "Carry out one prepared action",
    isHidden: () => true,
    load: async () => (await import("#cli/commands/passed-on.ts")).defineAct,
  },
];
