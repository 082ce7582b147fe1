// The port that every process serves, whatever its roles. Pure data.
import type { Port } from "#runtime/role.ts";

/** Probes have the port that no sender uses: a sender that takes every connection of the Gateway does not make the process look dead. */
export const metricsPort: Port = { name: "metrics", number: 9090, option: "--metrics-port", serves: "metrics and probes" };
