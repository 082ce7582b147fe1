// Small things of language. Pure.

/** `once`, `3 times`. */
export const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

/** With the capital a sentence begins with. */
export const asSentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** At most `maxLength` letters, the last of which then says that something is missing. 1,024 is what a message of our kinds may have. */
export const clipped = (text: string, maxLength = 1024): string => (text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`);

/** As `clipped`, by characters instead of UTF-16 units: for columns on a screen. */
export const truncated = (text: string, width: number): string => {
  const letters = Array.from(text);
  return letters.length <= width ? text : `${letters.slice(0, Math.max(0, width - 1)).join("")}…`;
};

/** `1 time`, `3 times` */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** `a`, `a and b`, `a, b and c` */
export const listed = (items: readonly string[], last = "and"): string =>
  items.length < 2 ? (items[0] ?? "") : `${items.slice(0, -1).join(", ")} ${last} ${items.at(-1)}`;
