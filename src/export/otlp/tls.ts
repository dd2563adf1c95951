/**
 * Certificates and key for `https://` connections, as PEM in a string or bytes. Node, Bun and Deno support them; other
 * runtimes have no settings for TLS.
 */
export interface TlsOptions {
  /**
   * Certificates of the authorities to trust. On Node and Bun they replace those that the runtime trusts, on Deno they
   * are added to them. Default: those that the runtime trusts.
   */
  ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** The client certificate, followed by any intermediate certificates. Requires `key`. Default: none. */
  cert?: string | Uint8Array;
  /** The private key of `cert`, unencrypted. Default: none. */
  key?: string | Uint8Array;
}

/** {@link TlsOptions} after validation, with each certificate of `ca` in a string of its own. */
export interface CheckedTls extends TlsOptions {
  ca?: string[];
  cert?: string;
  key?: string;
}
