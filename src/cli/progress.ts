// The progress of a long collection, on one line of stderr that is rewritten. For people only, and only after two seconds.
import type { Session } from "#cli/session.ts";

const quietMs = 2_000;
const everyMs = 250;

export interface Progress {
  report(seen: { readonly objects: number; readonly calls: number }): void;
  /** Removes the line. */
  end(): void;
}

export const showProgress = ({ deps }: Pick<Session, "deps">): Progress => {
  const startedAt = deps.clock.now();
  let shownAt = 0;
  return {
    report: ({ objects, calls }) => {
      const now = deps.clock.now();
      if (deps.showsProgress !== true || now - startedAt < quietMs || now - shownAt < everyMs) return;
      shownAt = now;
      deps.stderr.write(`\r\u001b[Kreading the cluster: ${objects} objects, ${calls} calls`);
    },
    end: () => {
      if (shownAt > 0) deps.stderr.write("\r\u001b[K");
    },
  };
};
