// The workload half of the contract against the embedded cluster; each case has one of its own, on virtual time.
import { openInProcess } from "#test/contract/workloads/in-process.ts";
import { behave, missingImage } from "#test/contract/workloads/programs.ts";
import { behaveAsScripted } from "#test/contract/workloads/scripted-containers.ts";
import { registerWorkloads } from "#test/contract/workloads/suite.ts";

registerWorkloads("embedded", 1, () =>
  openInProcess({
    workloads: {
      behave: (context) => behaveAsScripted(context) ?? behave(context),
      pull: ({ image }) => (image === missingImage ? { problem: "not-found" } : undefined),
      // As the testbed configures its kubelets.
      maxBackOffMs: 20_000,
    },
  }),
);
