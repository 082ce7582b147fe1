// Recorded calls by what was asked: `Tool:{"argument":…}` → what was answered. Answers stay as they are, text or JSON.

export interface Call {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly answer: unknown;
}

export const callsOf = (cache: Readonly<Record<string, unknown>>): readonly Call[] =>
  Object.entries(cache).map(([key, answer]) => {
    const at = key.indexOf(":{");
    return { tool: at < 0 ? key : key.slice(0, at), arguments: at < 0 ? {} : parsed(key.slice(at + 1)), answer };
  });

/** A text argument, or nothing. */
export const argument = (call: Call, name: string): string => {
  const value = call.arguments[name];
  return typeof value === "string" ? value : "";
};

export const textOf = ({ answer }: Call): string => (typeof answer === "string" ? answer : "");

/** JSON that was recorded as an object, or as the text of one. */
export const jsonOf = ({ answer }: Call): unknown => (typeof answer === "string" ? parsed(answer) : answer);

const parsed = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
};
