/** What `isAttributeChoice` accepts, in words for error messages. */
export const ATTRIBUTE_CHOICE = 'an array of attribute keys, or of key prefixes followed by *';

/** True for an array that selects attributes to print: keys such as `llm.model`, and prefixes such as `llm.*`. */
export function isAttributeChoice(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((key) => typeof key === 'string' && /^([^*]+\*?|\*)$/.test(key));
}
