// Every cause there is. A new one is a file under causes/ and a line here.
import type { Cause } from "#diagnosis/cause.ts";
import { workloadCauses } from "#diagnosis/workload-causes.ts";

export const causes: readonly Cause[] = [...workloadCauses];
