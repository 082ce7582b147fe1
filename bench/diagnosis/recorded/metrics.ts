// A recorded table of samples as metrics: the median while the trouble lasted, and the median before it.
import type { Reference } from "#api/fields.ts";
import type { Metric } from "#evidence/evidence.ts";

/** What a column measures: its name here, and what to multiply by to get that unit. */
const columns: readonly (readonly [suffix: RegExp, name: (match: RegExpExecArray) => string, factor: number])[] = [
  [/-p(\d+)latency$/, ([, percentile]) => `request_latency_seconds_p${percentile}`, 0.001],
  [/-cpu_cfs$/, () => "cpu_throttled_seconds", 1],
  [/-cpu$/, () => "cpu_usage_cores", 1],
  [/-mem$/, () => "memory_usage", 1],
  [/-rps$/, () => "requests_per_second", 1],
  [/-success_rate$/, () => "success_percent", 1],
  [/-network_receive$/, () => "network_receive_packets_per_second", 1],
  [/-network_transmit$/, () => "network_transmit_packets_per_second", 1],
  [/-tcp_retans$/, () => "tcp_retransmits", 1],
];

const samplesAtMost = 5000;

/** Where nothing says when the trouble was, the second half is taken for it. */
export const metricsOf = (
  csv: string,
  trouble: { readonly from: string; readonly to: string } | undefined,
  objectOf: (name: string) => Reference | undefined,
): readonly Metric[] => {
  const [head = "", ...lines] = csv.replace(/^\ufeff/, "").split(/\r?\n/);
  const names = head.split(",");
  const rows = lines.slice(0, samplesAtMost).flatMap((line) => (line.trim() === "" ? [] : [line.split(",")]));
  const middle = rows[Math.floor(rows.length / 2)]?.[0] ?? "";
  const { from, to } = trouble ?? { from: middle, to: "\uffff" };
  const during = rows.filter(([time = ""]) => time >= from && time <= to);
  const before = rows.filter(([time = ""]) => time < from);
  return names.flatMap((column, index): Metric[] => {
    for (const [suffix, name, factor] of columns) {
      const match = suffix.exec(column);
      if (match === null) continue;
      const object = objectOf(column.slice(0, match.index));
      const value = median(during.map((row) => row[index]));
      const usual = median(before.map((row) => row[index]));
      if (object === undefined || value === undefined) return [];
      return [{ object, name: name(match), value: value * factor, ...(usual === undefined ? {} : { usual: usual * factor }) }];
    }
    return [];
  });
};

const median = (cells: readonly (string | undefined)[]): number | undefined => {
  const numbers = cells
    .flatMap((cell) => (cell === undefined || cell === "" || Number.isNaN(Number(cell)) ? [] : [Number(cell)]))
    .toSorted((a, b) => a - b);
  if (numbers.length === 0) return undefined;
  return numbers[Math.floor(numbers.length / 2)];
};
