import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costOf } from "./cost.ts";

describe("a regular expression whose time grows faster than its text is found", () => {
  test.each([
    ["a run that may begin anywhere", /\d+ nodes/],
    ["a run at the end of a text", /\n+$/],
    ["the rest of a line behind a character", /@.*$/],
    ["an optional character before a run", /\/?\*+.*$|\{.*$/],
    ["white space at the start of a line", /^\s*system:/im],
    ["two runs that share characters", /^- id:\s*(.+)$/],
    ["two runs with something optional between them", /^confidence\s*[:=]?\s*1/],
    ["a marker that its own body contains", /exceeded quota: ([^,]+), requested/],
    ["a marker of several characters, behind a word's edge", /\beyJ[A-Za-z0-9_-]{8,4096}\./],
    ["a lookahead over the rest of the text", /(?=.*x)/],
    ["a repetition of a repetition", /^(?:a+)+$/],
    ["a repetition of alternatives that overlap", /^(?:a|aa)+$/],
    ["a repetition of what may be empty", /^(?:a?b?)*c/],
    ["words separated by what words contain", /^(?:[a-z-]+-?)*$/],
    ["a long bounded run counts as endless", /[a-z]{0,4096};/],
    ["a repetition of a bounded run", /^(?:a{1,60}){1,60}b/],
  ])("%s: %s", (_name, { source, flags }) => expect(costOf(source, flags)).toMatchObject({ isLinear: false }));

  test("what cannot be analysed counts as found", () => {
    expect(costOf("(a)\\1", "")).toMatchObject({ why: expect.stringContaining("cannot be analysed") });
    expect(costOf("(?<=a*)b", "")).toMatchObject({ why: expect.stringContaining("cannot be analysed") });
  });
});

describe("a regular expression whose time grows with its text passes", () => {
  test.each([
    ["words", /refused|timed? ?out/i],
    ["an anchored run", /^\s*location\s+(\/\S*)\s*\{/],
    ["a short run", /(\d{1,9}) nodes/],
    ["a run that begins with what it does not contain", /"([^"]*)"/],
    ["a run that succeeds whatever follows", /\s+/g],
    ["a run at a word's edge", /\b[a-z]+;/],
    ["a run at the start of a line", /^[a-z]+:/m],
    ["names separated by what names do not contain", /^[a-z0-9]+(?:-[a-z0-9]+)*$/],
    ["a short distance between two words", /\bignore\b.{0,30}\brules\b/i],
    ["one character ahead", /(?<![a-z])web(?![a-z])/],
    ["a sticky run", /\d+ nodes/y],
  ])("%s: %s", (_name, { source, flags }) => expect(costOf(source, flags)).toEqual({ isLinear: true }));
});

test("the answer does not depend on groups, and is the same each time", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("a", "[ab]", "\\s", "."),
      fc.constantFrom("", "+", "*", "?", "{0,3}"),
      fc.constantFrom("b", "[bc]", "\\d"),
      fc.constantFrom("", "+", "*"),
      (a, often, b, times) => {
        const plain = costOf(`${a}${often}${b}${times}$`, "");
        expect(costOf(`(?:(${a})${often})${b}${times}$`, "").isLinear).toBe(plain.isLinear);
        expect(costOf(`${a}${often}${b}${times}$`, "")).toEqual(plain);
      },
    ),
  );
});
