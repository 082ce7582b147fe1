// Edits of ConfigMaps that a container reads, placed in time. Pure; what the ConfigMap says is not known here.
import type { ConfigState } from "#evidence/configs.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { configStates } from "#diagnosis/workload-states.ts";
import { fromTimestamp } from "#lib/clock.ts";

export interface ConfigEdit {
  readonly config: ConfigState;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** The API server writes times in whole seconds, and one `kubectl apply` edits a workload and its configuration a moment apart. */
const togetherMs = 2000;
/** The first apply of a workload and its configuration may take longer; what is made then was never something else. */
const createdTogetherMs = 10_000;

/** Edits after the release that brought in what runs, by which it is not covered; oldest first. */
export const editsAfter = (view: View, workload: Workload, container: string, releasedAt: number): readonly ConfigEdit[] =>
  editsOf(view, workload, container).filter((edit) => edit.at > releasedAt + (isLaterEdit(edit) ? togetherMs : createdTogetherMs));

/** Edits made with a release or shortly before it: a rollback of the workload alone may not be enough. */
export const editsWith = (view: View, workload: Workload, container: string, releasedAt: number, withinMs: number): readonly ConfigEdit[] =>
  editsOf(view, workload, container).filter(
    (edit) => edit.at <= releasedAt + togetherMs && edit.at >= releasedAt - withinMs && isLaterEdit(edit),
  );

const editsOf = (view: View, workload: Workload, container: string): readonly ConfigEdit[] =>
  configStates(view, workload)
    .filter((config) => config.state === "found" && config.readBy.includes(container))
    // One that was made anew has changed, too.
    .map((config) => ({ config, at: Math.max(fromTimestamp(config.editedAt) ?? 0, fromTimestamp(config.createdAt) ?? 0) }))
    .filter((edit) => edit.at > 0)
    .toSorted((a, b) => a.at - b.at);

const isLaterEdit = ({ config, at }: ConfigEdit): boolean => at > (fromTimestamp(config.createdAt) ?? 0);
