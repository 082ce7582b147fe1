// What a run of recorded cases came to, as text and as one object. Pure.
import { saidOf, spelledOf } from "#bench/diagnosis/taxonomy.ts";
import type { RankedFinding } from "#diagnosis/rank.ts";
import type { Scored } from "#bench/diagnosis/score.ts";

export interface Summary {
  readonly systems: Readonly<Record<string, { readonly cases: number; readonly a1: number; readonly a3: number }>>;
  /** With what a live collection provides. */
  readonly live: Readonly<Record<string, { readonly a1: number }>>;
  readonly p95Ms: number;
  readonly p50Ms: number;
  readonly parsing: { readonly p50Ms: number; readonly p95Ms: number };
  /** A@1 over all cases, and under other names where that was tried. */
  readonly a1: number;
  readonly a1Renamed?: number;
  readonly unread: number;
}

export const summaryOf = (scored: readonly Scored[]): Summary => {
  const tried = scored.filter(({ isRightRenamed }) => isRightRenamed !== undefined);
  const times = scored.filter(({ problem }) => problem === undefined);
  return {
    systems: Object.fromEntries([...groupedBy(scored, ({ folder }) => folder.system)].map(([system, cases]) => [system, accuracy(cases)])),
    live: Object.fromEntries(
      [...groupedBy(scored, ({ folder }) => folder.system)].map(([system, cases]) => [
        system,
        { a1: share(cases, ({ live }) => live.rank === 1) },
      ]),
    ),
    p95Ms: rounded(
      percentile(
        times.map(({ diagnosisMs }) => diagnosisMs),
        0.95,
      ),
      1,
    ),
    p50Ms: rounded(
      percentile(
        times.map(({ diagnosisMs }) => diagnosisMs),
        0.5,
      ),
      1,
    ),
    parsing: {
      p50Ms: rounded(
        percentile(
          times.map(({ parsingMs }) => parsingMs),
          0.5,
        ),
        1,
      ),
      p95Ms: rounded(
        percentile(
          times.map(({ parsingMs }) => parsingMs),
          0.95,
        ),
        1,
      ),
    },
    a1: accuracy(scored).a1,
    ...(tried.length === 0 ? {} : { a1Renamed: share(scored, ({ isRightRenamed }) => isRightRenamed === true) }),
    unread: scored.filter(({ problem }) => problem !== undefined).length,
  };
};

export const reportText = (scored: readonly Scored[]): string => {
  const summary = summaryOf(scored);
  const lines: string[] = [];
  for (const [system, { cases, a1, a3 }] of Object.entries(summary.systems))
    lines.push(
      `${system}: ${cases} cases, A@1 ${a1.toFixed(3)}, A@3 ${a3.toFixed(3)}; A@1 on live-shaped evidence ${(summary.live[system]?.a1 ?? 0).toFixed(3)}`,
      ...causeTable(scored, system),
      "",
    );
  lines.push(...confusionTable(scored), "", ...calibrationTable(scored), "");
  lines.push(
    `time of one core: diagnosis: p50 ${summary.p50Ms} ms, p95 ${summary.p95Ms} ms; reading the recording: p50 ${summary.parsing.p50Ms} ms, p95 ${summary.parsing.p95Ms} ms`,
  );
  if (summary.a1Renamed !== undefined)
    lines.push(`under other names: A@1 ${summary.a1Renamed.toFixed(3)}, under their own ${summary.a1.toFixed(3)}`);
  for (const { folder, problem } of scored) if (problem !== undefined) lines.push(`${folder.name}: ${problem}`);
  return lines.join("\n");
};

/** One case with what was found in it, on the recording and on what a live collection provides. */
export const caseText = ({ folder, answer, findings, rank, live, problem }: Scored): string =>
  [
    `${folder.name}: ${wordOf(rank)}, expected ${answer?.rootCause} ${answer?.object}`,
    ...(problem === undefined ? findingLines(findings) : [`    ${problem}`]),
    ...(problem !== undefined || live.rank === rank ? [] : [`  live-shaped: ${wordOf(live.rank)}`, ...findingLines(live.findings)]),
  ].join("\n");

const wordOf = (rank: number | undefined): string => (rank === 1 ? "right" : rank === undefined ? "WRONG" : `only at ${rank}`);

const findingLines = (findings: readonly RankedFinding[]): readonly string[] =>
  findings
    .slice(0, 4)
    .map(
      ({ code, confidence, object, detail, summary }) =>
        `    ${confidence.toFixed(2)} ${code} ${detail === undefined ? "" : JSON.stringify(detail)} ${object.kind}/${object.name}: ${summary}`,
    );

const causeTable = (scored: readonly Scored[], system: string): string[] =>
  [
    ...groupedBy(
      scored.filter(({ folder }) => folder.system === system),
      rootCauseOf,
    ),
  ]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, cases]) => {
      const { a1, a3 } = accuracy(cases);
      const isRightLive = ({ live }: Scored): boolean => live.rank === 1;
      return `  ${name.padEnd(36)} ${String(cases.length).padStart(4)}  A@1 ${a1.toFixed(2)}  A@3 ${a3.toFixed(2)}  live A@1 ${share(cases, isRightLive).toFixed(2)}`;
    });

const confusionTable = (scored: readonly Scored[]): string[] => {
  const wrong = scored.filter(({ rank }) => rank !== 1);
  const pairs = groupedBy(wrong, (each) => {
    const said = each.problem === undefined ? saidOf(each.findings[0]) : "(not read)";
    return `${rootCauseOf(each)} → ${each.hasCauseRight ? `${said}, of another object` : said}`;
  });
  return [
    "confusion: what was wrong at first",
    ...[...pairs].toSorted(([, a], [, b]) => b.length - a.length).map(([pair, cases]) => `  ${String(cases.length).padStart(4)}  ${pair}`),
  ];
};

const bins = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95] as const;

/** Of the verdicts that say 0.9, how many are right. */
const calibrationTable = (scored: readonly Scored[]): string[] => [
  "calibration of the first finding: confidence said, share right",
  ...bins.flatMap((low, index) => {
    const high = bins[index + 1] ?? 1.01;
    const inside = scored.filter(({ findings: [first] }) => first !== undefined && first.confidence >= low && first.confidence < high);
    if (inside.length === 0) return [];
    const said = inside.reduce((sum, { findings: [first] }) => sum + (first?.confidence ?? 0), 0) / inside.length;
    return [
      `  ${low.toFixed(2)}–${Math.min(high, 1).toFixed(2)}  ${String(inside.length).padStart(4)} cases, said ${said.toFixed(2)}, right ${share(inside, ({ rank }) => rank === 1).toFixed(2)}`,
    ];
  }),
];

const rootCauseOf = ({ answer }: Scored): string => (answer === undefined ? "(unknown)" : spelledOf(answer.rootCause));

const accuracy = (cases: readonly Scored[]): { cases: number; a1: number; a3: number } => ({
  cases: cases.length,
  a1: share(cases, ({ rank }) => rank === 1),
  a3: share(cases, ({ rank }) => rank !== undefined && rank <= 3),
});

const share = <T>(items: readonly T[], holds: (item: T) => boolean): number =>
  items.length === 0 ? 0 : rounded(items.filter(holds).length / items.length, 4);

const percentile = (values: readonly number[], at: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? 0;
};

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

const groupedBy = <T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
};
