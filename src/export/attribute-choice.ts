/** What a choice of attributes is, in words. */
export const ATTRIBUTE_CHOICE = 'an array of attribute keys, or of their beginnings followed by *';

/** True for what can choose the attributes that are printed: keys such as `llm.model`, and beginnings such as `llm.*`. */
export function isAttributeChoice(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((key) => typeof key === 'string' && /^([^*]+\*?|\*)$/.test(key));
}
