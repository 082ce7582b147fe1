import { expect, test } from "vitest";
import { complaintsAbout } from "#diagnosis/caller-complaints.ts";
import { createView } from "#diagnosis/view.ts";
import { deployment, evidence } from "#test/evidence-sketch.ts";
import { says, withPod } from "#test/three-cases/three-cases.ts";

const complains = (line: string, about: string): boolean =>
  complaintsAbout(createView(evidence({ objects: withPod(deployment("web")), logs: [says("web", line)] })), [about]).length > 0;

test.each([
  "dial tcp db:5432: connect: connection refused",
  "ERROR could not connect to server: db:5432",
  "Failed to connect to db:5432",
  "request to http://db:5432/x failed",
  "getaddrinfo ENOTFOUND db:5432",
  "upstream db:5432 failed with 503",
])("a failed connection is a complaint: %s", (line) => {
  expect(complains(line, "db:5432")).toBe(true);
});

test.each([
  "failed to parse header from db:5432",
  "connected to db:5432",
  "WARN the answer of db:5432 failed validation",
  "could not decode the row of db:5432",
])("a line that names the host for another reason is none: %s", (line) => {
  expect(complains(line, "db:5432")).toBe(false);
});

test("a complaint about another host is none", () => {
  expect(complains("dial tcp db2:5432: connect: connection refused", "db:5432")).toBe(false);
});
