// Small things of language. Pure.

/** `once`, `3 times`. */
export const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

/** With the capital a sentence begins with. */
export const asSentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
