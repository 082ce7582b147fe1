import { expect, test } from "vitest";
import { expandTemplate } from "#embedded/monitoring/alert-template.ts";

const labels = { namespace: "shop", pod: "web-1" };

test.each<[string, number, string]>([
  ["Pod {{ $labels.namespace }}/{{$labels.pod}} restarts", 1, "Pod shop/web-1 restarts"],
  ["none: {{ $labels.node }}", 1, "none: "],
  ["{{ $value }}", 0.25, "0.25"],
  ['before {{ query "up" }}', 1, String.raw`before <error expanding template: "query \"up\"" is not supported here>`],
])("%s", (text, value, expanded) => expect(expandTemplate(text, { labels, value })).toBe(expanded));
