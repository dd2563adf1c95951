/** Web standards have no such settings. */
export function checkedTls(_tls: unknown, setting: string): never {
  throw new TypeError(`${setting}: this runtime has no TLS settings`);
}
