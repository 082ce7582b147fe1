// An investigation and its report in one call, for tests of what people read.
import type { Evidence } from "#evidence/evidence.ts";
import { investigate, type Subject } from "#investigation/investigate.ts";
import type { ReadForAction } from "#investigation/plan-repair.ts";
import { type Report, reportOf } from "#investigation/report.ts";

export const reportFrom = async (evidence: Evidence, read: ReadForAction, subject: Subject): Promise<Report> =>
  reportOf(evidence, await investigate({ read }, evidence, subject), { namespace: subject.namespace });
