// The callers of a workload that is down: workloads of any namespace whose logs complain of a Service before it. Pure.
import { isReady } from "#api/conditions.ts";
import { type Complaint, complaintsAboutService } from "#diagnosis/caller-complaints.ts";
import type { View, Workload } from "#diagnosis/view.ts";

/** It wants pods, has some, and none is ready: its callers get no answer. */
export const isDown = ({ desired = 0, pods }: Workload): boolean => desired > 0 && pods.length > 0 && !pods.some(isReady);

/** None where it answers; at most one for each other workload. */
export const dependentsOf = (view: View, workload: Workload): readonly Complaint[] => view.once(findDependents, workload);

const findDependents = (view: View, workload: Workload): readonly Complaint[] => {
  if (!isDown(workload)) return [];
  const complaints = view.servicesOf(workload).flatMap((service) => complaintsAboutService(view, service));
  const byCaller = new Map(complaints.map((complaint) => [complaint.workload, complaint]));
  byCaller.delete(workload);
  return [...byCaller.values()];
};
