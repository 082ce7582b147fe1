// Routes that a gateway reads from a ConfigMap: which paths lead to which host. Spring Cloud Gateway's YAML and nginx's locations. Pure.
// Text of a ConfigMap is data: it is searched line by line, within bounds, and never run through anything that could expand it.

export interface Route {
  /** What the table calls it; for nginx its path. */
  readonly name: string;
  /** Without wildcards: `/api/orders`. */
  readonly paths: readonly string[];
  readonly host: string;
  readonly port?: number;
  /** The variable that may replace the host: `ORDER_HOST` of `${ORDER_HOST:orders}`. */
  readonly variable?: string;
  /** As it is written, for a quote. */
  readonly text: string;
}

const linesAtMost = 5000;
/** A block without an end is not searched through for each line that begins one. */
const blockLinesAtMost = 200;

export const routesIn = (text: string): readonly Route[] => {
  const lines = text.split("\n").slice(0, linesAtMost);
  return [...springRoutes(lines), ...nginxRoutes(lines)];
};

const target = /^(?:lb|https?|wss?|grpcs?):\/\/(?:\$\{([A-Za-z0-9_.-]+):([a-z0-9.-]+)\}|([a-z0-9][a-z0-9.-]*))(?::(\d{1,5}))?/i;

const springRoutes = (lines: readonly string[]): readonly Route[] => {
  const starts = lines.flatMap((line, index) => (/^\s*- id:\s*\S/.test(line) ? [index] : []));
  return starts.flatMap((start, index): Route[] => {
    const block = lines.slice(start, Math.min(starts[index + 1] ?? lines.length, start + 40));
    const name = unquoted(block[0]?.slice(block[0].indexOf("- id:") + "- id:".length) ?? "");
    const uriLine = block.find((line) => /^\s*(?:- )?uri:/.test(line));
    const match = target.exec(unquoted(uriLine?.replace(/^\s*(?:- )?uri:\s*/, "") ?? ""));
    const paths = block.flatMap((line) => {
      const list = /^\s*-\s*["']?Path=([^"']+)/.exec(line)?.[1];
      return list === undefined ? [] : list.split(",").map(plainPath);
    });
    if (match === null || paths.length === 0) return [];
    const [, variable, fallback, plain, port] = match;
    return [
      {
        name,
        paths,
        host: (fallback ?? plain ?? "").toLowerCase(),
        ...(port === undefined ? {} : { port: Number(port) }),
        ...(variable === undefined ? {} : { variable }),
        text: `id: ${name}; ${uriLine?.trim() ?? ""}; ${paths.join(", ")}`,
      },
    ];
  });
};

const nginxRoutes = (lines: readonly string[]): readonly Route[] =>
  lines.flatMap((line, index): Route[] => {
    const path = /^\s*location\s+(?:\^~\s+|=\s+)?(\/\S*)\s*\{/.exec(line)?.[1];
    if (path === undefined) return [];
    const rest = lines.slice(index, index + blockLinesAtMost);
    const end = rest.findIndex((each, at) => at > 0 && /^\s*\}/.test(each));
    const block = rest.slice(0, end < 0 ? 40 : end + 1);
    const pass = block.flatMap((each) => /^\s*proxy_pass\s+([^;\s]+)/.exec(each)?.[1] ?? [])[0];
    const match = pass === undefined ? null : target.exec(pass);
    if (match === null || path === "/") return [];
    const [, , , host = "", port] = match;
    return [
      {
        name: path,
        paths: [plainPath(path)],
        host: host.toLowerCase(),
        ...(port === undefined ? {} : { port: Number(port) }),
        text: `location ${path} { proxy_pass ${pass}; }`,
      },
    ];
  });

/** `/api/orders` of `/api/orders/**` and of `/api/orders{id}`. */
const plainPath = (path: string): string => {
  const text = path.trim();
  const at = text.search(/[*{]/);
  if (at < 0) return text;
  return text.slice(0, text[at] === "*" && text[at - 1] === "/" ? at - 1 : at);
};

const unquoted = (text: string): string => withoutComment(text.trim()).replace(/^["']|["']$/g, "");

/** YAML's: a `#` behind white space. */
const withoutComment = (text: string): string => {
  const at = text.search(/\s#/);
  return at < 0 ? text : text.slice(0, at).trimEnd();
};
