/** There are no such settings in the web's standards. */
export function checkedTls(_tls: unknown, setting: string): never {
  throw new TypeError(`${setting}: this runtime has no settings for TLS`);
}
