// Small things of language. Pure.

/** `once`, `3 times`. */
export const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

/** With the capital a sentence begins with. */
export const asSentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** At most `maxLength` letters, the last of which then says that something is missing. 1,024 is what a message of our kinds may have. */
export const clipped = (text: string, maxLength = 1024): string => (text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`);

/** `1 pod`, `2 pods`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
