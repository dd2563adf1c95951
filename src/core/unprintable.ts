/** Characters that control a terminal or change the direction of its text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be kept out
export const UNPRINTABLE = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
