import { expect, test } from "vitest";
import { createAdmission, OverloadedError } from "#services/gateway/admission.ts";
import type { Signal } from "#services/gateway/signal.ts";

const limits = { maxAlerts: 8, maxAlertsPerCaller: 6, maxDeliveriesPerCaller: 2 };

const fill = (caller: string, severity: Signal["severity"], admission = createAdmission(limits)): number => {
  for (let taken = 0; ; taken += 1) {
    try {
      admission.enterAlert(caller, severity);
    } catch (error) {
      expect(error).toBeInstanceOf(OverloadedError);
      return taken;
    }
  }
};

test.each([
  ["critical", 6],
  ["warning", 6],
  ["info", 4],
  ["unknown", 4],
] as const)("of alerts of severity %s from one caller, %i may wait", (severity, count) => {
  expect(fill("one", severity)).toBe(count);
});

test("the last places are for the most severe alerts, of any sender", () => {
  const admission = createAdmission(limits);
  expect(["info", "warning", "critical"].map((severity) => fill(severity, severity as Signal["severity"], admission))).toEqual([4, 2, 2]);
});

test("a place that is given back can be taken again", () => {
  const admission = createAdmission(limits);
  const leave = Array.from({ length: 4 }, () => admission.enterAlert("one", "info"));
  expect(() => admission.enterAlert("one", "info")).toThrow("too many alerts of severity info wait");
  leave[0]!();
  expect(() => admission.enterAlert("one", "info")).not.toThrow();
});

test("a caller has so many deliveries in progress, and does not take those of another", () => {
  const admission = createAdmission(limits);
  const leave = admission.enterDelivery("one");
  admission.enterDelivery("one");
  expect(() => admission.enterDelivery("one")).toThrow("2 deliveries of one are in progress");
  expect(() => admission.enterDelivery("two")).not.toThrow();
  leave();
  expect(() => admission.enterDelivery("one")).not.toThrow();
});
