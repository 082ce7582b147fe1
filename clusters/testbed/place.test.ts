// Two testbeds must never share an address, a link, a cgroup or a port.
import { describe, expect, test } from "vitest";
import { freePorts } from "#testbed/free-ports.ts";
import { freeLanes, laneCount, nameProblem, placeOf, portNames, portPlanOf, rangesOverlap } from "#testbed/place.ts";

const ports = portNames.map((_, index) => 20_000 + index);
const place = (lane: number) => placeOf({ name: "one", stateFolder: "/state/one", lane, nodeCount: 2, ports });

describe("a place", () => {
  test("gives every node an address, a pod range and a cable of its own", () => {
    expect(place(3).nodes).toEqual([
      { name: "n1", ip: "10.99.3.11", podCidr: "10.131.1.0/24", veth: "kt3v1", folder: "/state/one/nodes/n1" },
      { name: "n2", ip: "10.99.3.12", podCidr: "10.131.2.0/24", veth: "kt3v2", folder: "/state/one/nodes/n2" },
    ]);
  });

  test("shares nothing with the place of any other lane", () => {
    const ranges = Array.from({ length: laneCount }, (_, lane) => place(lane)).flatMap((each) => [
      each.nodeCidr,
      each.podCidr,
      each.serviceCidr,
    ]);
    const clashes = ranges.flatMap((a, index) => ranges.slice(index + 1).filter((b) => rangesOverlap(a, b)));
    expect(clashes).toEqual([]);
  });

  test("names links within the kernel's 15 characters", () => {
    const last = placeOf({ name: "one", stateFolder: "/s", lane: laneCount - 1, nodeCount: 9, ports });
    expect(Math.max(...last.nodes.map((node) => node.veth.length))).toBeLessThanOrEqual(15);
  });

  test("needs as many ports as it has uses for them", () => {
    expect(() => portPlanOf([1, 2])).toThrow("2 were given");
  });
});

test.each([
  ["10.99.0.0/24", "10.99.0.7", true],
  ["10.99.0.0/24", "10.99.1.0/24", false],
  ["10.0.0.0/8", "10.160.0.0/16", true],
  ["10.160.3.0/24", "10.160.0.0/16", true],
  ["192.168.0.0/16", "10.0.0.0/8", false],
  ["0.0.0.0/0", "10.1.2.3", true],
])("%s and %s overlap: %s", (a, b, expected) => {
  expect(rangesOverlap(a, b)).toBe(expected);
  expect(rangesOverlap(b, a)).toBe(expected);
});

describe("free lanes", () => {
  test("are all lanes where no route is in the way; default routes and IPv6 are not", () => {
    expect(freeLanes(["default", "192.0.2.0/24", "fe80::/64", "ff00::/8"])).toHaveLength(laneCount);
  });

  test.each([
    ["the nodes' range", "10.99.0.0/24"],
    ["a part of the pods' range", "10.128.2.0/24"],
    ["one address of the Services' range", "10.160.0.1"],
  ])("leave out a lane when a route covers %s", (_, route) => {
    expect(freeLanes([route])[0]).toBe(1);
  });

  test("are none where one route covers all of 10/8", () => {
    expect(freeLanes(["10.0.0.0/8"])).toEqual([]);
  });
});

test.each([
  ["default", true],
  ["a", true],
  ["scenario-22", true],
  ["", false],
  ["Default", false],
  ["-x", false],
  ["x-", false],
  ["../etc", false],
  ["x".repeat(33), false],
])("the name %j is accepted: %s", (name, accepted) => {
  expect(nameProblem(name) === undefined).toBe(accepted);
});

test("free ports are different, and outside the ranges of NodePorts and outgoing connections", async () => {
  const found = await freePorts(20);
  expect(new Set(found).size).toBe(20);
  expect(found.every((port) => port >= 20_000 && port < 30_000)).toBe(true);
});
