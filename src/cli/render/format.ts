// The names of the output formats.

/** Every command supports these, as far as they fit. */
export const formats = ["json", "yaml", "wide", "name"] as const;
/** Formats of a report. */
export const reportFormats = ["text", "markdown", "sarif"] as const;
export type Format = (typeof formats)[number] | (typeof reportFormats)[number];
