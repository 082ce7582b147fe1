// The workload half of the contract against the embedded cluster; each case has one of its own, on virtual time.
import { openInProcess } from "#test/contract/workloads/in-process.ts";
import { behave, missingImage } from "#test/contract/workloads/programs.ts";
import { behaveAsTold } from "#test/contract/workloads/told-containers.ts";
import { registerWorkloads } from "#test/contract/workloads/suite.ts";

registerWorkloads("embedded", 1, () =>
  openInProcess({
    workloads: {
      behave: (context) => behaveAsTold(context) ?? behave(context),
      pull: ({ image }) => (image === missingImage ? { problem: "not-found" } : undefined),
      // As the testbed's kubelets are told.
      maxBackOffMs: 20_000,
    },
  }),
);
