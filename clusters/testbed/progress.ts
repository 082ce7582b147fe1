// Progress lines of the long steps. Must never decide anything.

/** Receives one line per step, without a newline. */
export type Progress = (line: string) => void;

export const silent: Progress = () => {};

/** Lines on stderr, so that stdout stays for results. */
export const toStderr: Progress = (line) => {
  process.stderr.write(`${line}\n`);
};

export const seconds = (startedAtMs: number, endedAtMs: number): string => `${((endedAtMs - startedAtMs) / 1000).toFixed(1)} s`;
