// The parts of a diagnosis that can be left out one by one: where one takes too long, the others still say what they found. Pure.

export interface Steps {
  /** What a part answers, or `without` where it is left out. The answer is plain data. */
  run<T>(name: string, work: () => T, without: T): T;
}

export const everyStep: Steps = { run: (_name, work) => work() };
