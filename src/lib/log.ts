// Structured logs. Every message and field passes redact() first; nothing else in the project writes to the log.
import { type BaseLogger, pino } from "pino";

import type { Clock } from "#lib/clock.ts";
import { plainText } from "#lib/plain-text.ts";
import { redact, redactValue } from "#lib/redact.ts";

export type LogFields = Readonly<Record<string, unknown>>;
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Log;
}

export interface LogOptions {
  readonly clock: Clock;
  readonly level?: LogLevel;
  /** One JSON object per line goes here. */
  readonly destination: { write(line: string): void };
  readonly fields?: LogFields;
}

export const createLog = (options: LogOptions): Log => {
  const logger = pino(
    {
      level: options.level ?? "info",
      base: null,
      messageKey: "message",
      timestamp: () => `,"time":"${new Date(options.clock.now()).toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    options.destination,
  );
  return wrap(logger, options.fields ?? {});
};

/** For callers without a log. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};

type Logger = Pick<BaseLogger, "debug" | "info" | "warn" | "error"> & {
  isLevelEnabled(level: string): boolean;
};

const wrap = (logger: Logger, bound: LogFields): Log => {
  const write =
    (level: "debug" | "info" | "warn" | "error") =>
    (message: string, fields: LogFields = {}): void => {
      if (!logger.isLevelEnabled(level)) return;
      logger[level](redactValue({ ...bound, ...fields }) as object, redact(plainText(message)));
    };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => wrap(logger, { ...bound, ...fields }),
  };
};
