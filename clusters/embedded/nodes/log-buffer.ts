// What a container printed, line by line with the time; bounded as a kubelet's log rotation bounds it. Pure state, no clock.

export interface PrintedLine {
  readonly atMs: number;
  readonly text: string;
}

export interface LogBuffer {
  print(line: PrintedLine): void;
  lines(): readonly PrintedLine[];
}

const keptLines = 10_000;

export const createLogBuffer = (): LogBuffer => {
  let kept: PrintedLine[] = [];
  return {
    print: (line) => {
      kept.push(line);
      if (kept.length > keptLines * 2) kept = kept.slice(-keptLines);
    },
    lines: () => kept,
  };
};
