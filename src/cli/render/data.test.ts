import { parse } from "yaml";
import { expect, test } from "vitest";
import { renderData } from "#cli/render/data.ts";

const value = { name: "web\u009b31m", list: ["\u202eexe", "plain", "a\u2028b"], "key\u200b": "line\nline", count: 1 };

test.each(["json", "yaml"] as const)("%s holds the whole value, and no character that steers a terminal", (format) => {
  const text = renderData(format, value);
  expect(text).not.toMatch(/[\u0080-\u009f\u200b-\u200f\u2028-\u202e]/);
  expect(format === "json" ? JSON.parse(text) : parse(text)).toEqual(value);
});
