// How far a long look has come, on one line of stderr that is rewritten. For people only, and only where they have to wait.
import type { Session } from "#cli/session.ts";

const quietMs = 2_000;
const everyMs = 250;

export interface Progress {
  tell(seen: { readonly objects: number; readonly calls: number }): void;
  /** Takes the line away again. */
  end(): void;
}

export const showProgress = ({ deps }: Pick<Session, "deps">): Progress => {
  const startedAt = deps.clock.now();
  let shownAt = 0;
  return {
    tell: ({ objects, calls }) => {
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
