/**
 * Certificates and key for connections over `https://`: PEM, as text or bytes. Node, Bun and Deno can be told them, other
 * runtimes have no settings for TLS.
 */
export interface TlsOptions {
  /**
   * Certificates of the authorities that may vouch for the server. Default: those that the runtime trusts. On Node and Bun
   * the given ones take their place, on Deno they are trusted besides.
   */
  ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** The client's certificate, and behind it those between it and its authority. It needs a `key`. Default: none. */
  cert?: string | Uint8Array;
  /** The key of `cert`, unencrypted. Default: none. */
  key?: string | Uint8Array;
}

/** {@link TlsOptions} that are checked, each certificate a text of its own. */
export interface CheckedTls extends TlsOptions {
  ca?: string[];
  cert?: string;
  key?: string;
}
