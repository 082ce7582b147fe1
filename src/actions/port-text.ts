// A port as a parameter carries it: a number, or a name as containers give their ports. Pure.
import * as z from "zod";

export const portText = z
  .string()
  .regex(/^(?:[1-9]\d{0,4}|(?=[-a-z0-9]{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*)$/, "neither a port nor a port's name")
  .refine((text) => !/^\d+$/.test(text) || Number(text) <= 65_535, "not a port");

/** As Kubernetes writes it. */
export const portOf = (text: string): number | string => (/^\d+$/.test(text) ? Number(text) : text);
