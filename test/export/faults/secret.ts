/** No diagnostic may contain this, not even half of what follows it. */
export const SECRET = 's3cr3t';
/** A header that every exporter in these tests sends. */
export const AUTHORIZATION = `Bearer ${SECRET}-7d1f0a`;
