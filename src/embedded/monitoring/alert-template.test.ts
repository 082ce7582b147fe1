import { expect, test } from "vitest";
import { expandTemplate } from "#embedded/monitoring/alert-template.ts";

const labels = { namespace: "shop", pod: "web-1" };

test.each<[string, number, string]>([
  ["Pod {{ $labels.namespace }}/{{$labels.pod}} restarts", 1, "Pod shop/web-1 restarts"],
  ['{{ .Labels.pod }} {{- "x" }} {{ .Value }}', 2, "web-1 x 2"],
  ["none: {{ $labels.node }}", 1, "none: "],
  ["{{ $value }}", 0.25, "0.25"],
  ["{{ $value }}", 1e21, "1e+21"],
  ["{{ $value }}", 0.000_01, "1e-05"],
  ["{{ $value }}", Number.POSITIVE_INFINITY, "+Inf"],
  ["{{ $value | humanize }}", 1_234_567, "1.235M"],
  ["{{ $value | humanize }}", 0.001, "1m"],
  ["{{ $value | humanize }}", 0, "0"],
  ["{{ $value | humanize1024 }}B", 33_554_432, "32MiB"],
  ["{{ $value | humanizePercentage }}", 0.123_45, "12.35%"],
  ["{{ humanizeDuration $value }}", 3_725, "1h 2m 5s"],
  ["{{ humanizeDuration $value }}", 90_000, "1d 1h 0m 0s"],
  ["{{ humanizeDuration $value }}", 4.5, "4.5s"],
  ["{{ humanizeDuration $value }}", 0.005, "5ms"],
  ["{{ humanizeDuration $value }}", 0, "0s"],
  ['{{ printf "%.2f of %s" $value $labels.pod }}', 1.005, "1.00 of web-1"],
  ['{{ $value | printf "%.1f%%" }}', 99.46, "99.5%"],
  ["{{ $labels.pod | toUpper }}{{ `a|b` }}", 1, "WEB-1a|b"],
])("%s", (text, value, expanded) => expect(expandTemplate(text, { labels, value })).toBe(expanded));

test.each(['{{ query "up" }}', "{{ $nothing }}", "{{ $labels.pod | humanize }}"])("%s says that it can't be expanded", (text) =>
  expect(expandTemplate(`before ${text}`, { labels, value: 1 })).toMatch(/^<error expanding template: .*>$/),
);
