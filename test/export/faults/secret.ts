/** What no diagnostic may say, not even half of what stands behind it. */
export const SECRET = 's3cr3t';
/** A header that every exporter here sends. */
export const AUTHORIZATION = `Bearer ${SECRET}-7d1f0a`;
