import type { CheckedTls, TlsOptions } from '../export/otlp/tls.ts';
import { builtin } from './node-builtin.ts';

const MEMBERS = ['ca', 'cert', 'key'];

/** Checks with `node:crypto`, which Bun and Deno have as well. `node:tls` accepts invalid authorities silently. */
export function checkedTls(
  tls: TlsOptions,
  setting: string,
  user: string | object,
  names: Readonly<Record<string, string>> = {},
): CheckedTls {
  const nameOf = (member: string) => names[member] ?? `${setting}.${member}`;
  if (typeof tls !== 'object' || tls === null || Array.isArray(tls)) {
    throw new TypeError(`${setting}: an object with ca, cert and key is required`);
  }
  if (typeof user !== 'string')
    throw new TypeError(`${setting}: a custom fetch makes its own connections; pass the certificates to it`);
  if (!/^https:/i.test(user))
    throw new TypeError(`${setting}: an https:// URL is required; http:// does not use certificates`);
  for (const member in tls) {
    if (!MEMBERS.includes(member)) {
      throw new TypeError(`${nameOf(member)}: unknown option; known options are ${MEMBERS.join(', ')}`);
    }
  }
  const { ca, cert, key } = tls;
  const checked: CheckedTls = {};
  if (ca !== undefined) checked.ca = certificatesIn(ca, nameOf('ca'));
  if (cert === undefined && key === undefined) return checked;
  if (cert === undefined || key === undefined) {
    const [given, missing] = cert === undefined ? ['key', 'certificate'] : ['cert', 'key'];
    throw new TypeError(`${nameOf(given)}: the ${missing} that belongs to it is missing`);
  }
  const chain = certificatesIn(cert, nameOf('cert'));
  checked.cert = chain.join('');
  checked.key = keyIn(key, chain[0], nameOf('key'));
  return checked;
}

/** Splits PEM into single certificates, since `X509Certificate` reads only the first of several. */
function certificatesIn(pem: unknown, name: string): string[] {
  const found = (Array.isArray(pem) ? pem : [pem]).flatMap((part) => {
    const certificates = textOf(part, name)
      .split(/(?=-----BEGIN )/)
      .filter((block) => block.startsWith('-----BEGIN CERTIFICATE-----'));
    if (certificates.length === 0) throw new TypeError(`${name}: it contains no -----BEGIN CERTIFICATE-----`);
    return certificates;
  });
  if (found.length === 0) throw new TypeError(`${name}: a certificate is required`);
  const crypto = builtin('node:crypto');
  for (const [at, block] of found.entries()) {
    try {
      crypto && new crypto.X509Certificate(block);
    } catch {
      throw new TypeError(`${name}: certificate ${at + 1} of ${found.length} cannot be read`);
    }
  }
  return found;
}

function keyIn(pem: unknown, certificate: string, name: string): string {
  const [key] = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----/s.exec(textOf(pem, name)) ?? [];
  if (key === undefined) throw new TypeError(`${name}: it contains no -----BEGIN PRIVATE KEY-----`);
  if (key.includes('ENCRYPTED')) throw new TypeError(`${name}: an unencrypted key is required`);
  const crypto = builtin('node:crypto');
  if (crypto === undefined) return key;
  let isOfCertificate: boolean;
  try {
    isOfCertificate = new crypto.X509Certificate(certificate).checkPrivateKey(crypto.createPrivateKey(key));
  } catch {
    throw new TypeError(`${name}: the key cannot be read`);
  }
  if (!isOfCertificate) throw new TypeError(`${name}: the key does not belong to the certificate`);
  return key;
}

function textOf(pem: unknown, name: string): string {
  if (typeof pem === 'string') return pem;
  if (!ArrayBuffer.isView(pem)) throw new TypeError(`${name}: PEM is required, as a string or a Uint8Array`);
  return new TextDecoder().decode(pem);
}
