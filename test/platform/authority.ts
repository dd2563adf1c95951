import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its key, PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** The content of a certificate. */
export interface IssueOptions {
  /** The names and addresses of a server. Default: `localhost` and `127.0.0.1`. */
  hosts?: readonly string[];
  /** Default: an hour ago. */
  notBefore?: Date;
  /** Default: in an hour. */
  notAfter?: Date;
}

/** A test's own certificate authority, which clients trust only if told to. */
export interface Authority extends Identity {
  /** Issues a certificate, for servers and clients. */
  issue(options?: IssueOptions): Identity;
}

const HOUR = 3_600_000;

/** Creates an authority with a new key. */
export function createAuthority(name = 'an authority of a test'): Authority {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certified = (subject: string, key: KeyObject, isAuthority: boolean, options: IssueOptions = {}): string =>
    certificate({ issuer: name, subject, isAuthority, ...options }, createPublicKey(key), pair.privateKey);
  return {
    cert: certified(name, pair.privateKey, true),
    key: pem(pair.privateKey),
    issue(options) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return { cert: certified('a subject of a test', privateKey, false, options), key: pem(privateKey) };
    },
  };
}

/** Creates a self-signed certificate. */
export function selfSigned(options: IssueOptions = {}): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = { issuer: 'self-signed', subject: 'self-signed' };
  return {
    cert: certificate({ ...names, isAuthority: false, ...options }, publicKey, privateKey),
    key: pem(privateKey),
  };
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

interface Statement extends IssueOptions {
  issuer: string;
  subject: string;
  isAuthority: boolean;
}

// The parts of a certificate by RFC 5280, in its order. The tags of DER are those of X.690.
function certificate(
  {
    issuer,
    subject,
    isAuthority,
    hosts = ['localhost', '127.0.0.1'],
    notBefore = new Date(Date.now() - HOUR),
    notAfter = new Date(Date.now() + HOUR),
  }: Statement,
  publicKey: KeyObject,
  issuersKey: KeyObject,
): string {
  const algorithm = sequence(ECDSA_WITH_SHA256);
  const serial = crypto.getRandomValues(new Uint8Array(16));
  // A positive number in as few bytes as possible.
  serial[0] = (serial[0] & 0x3f) | 0x40;
  const signed = sequence(
    der(0xa0, integer(2)),
    integer(...serial),
    algorithm,
    distinguishedName(issuer),
    sequence(time(notBefore), time(notAfter)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        extension(BASIC_CONSTRAINTS, true, isAuthority ? sequence(der(0x01, [0xff])) : sequence()),
        // The key usage: an authority signs certificates and revocation lists, others sign data.
        extension(KEY_USAGE, true, der(0x03, isAuthority ? [1, 0x06] : [7, 0x80])),
        ...(isAuthority ? [] : [extension(ALTERNATIVE_NAME, false, sequence(...hosts.map(host)))]),
      ),
    ),
  );
  const signature = der(0x03, [0], sign('sha256', signed, issuersKey));
  const base64 = sequence(signed, algorithm, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

const ECDSA_WITH_SHA256 = der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);
const COMMON_NAME = der(0x06, [0x55, 0x04, 0x03]);
const KEY_USAGE = der(0x06, [0x55, 0x1d, 0x0f]);
const ALTERNATIVE_NAME = der(0x06, [0x55, 0x1d, 0x11]);
const BASIC_CONSTRAINTS = der(0x06, [0x55, 0x1d, 0x13]);

function der(tag: number, ...contents: readonly (readonly number[] | Uint8Array)[]): Buffer {
  const content = Buffer.concat(contents.map((part) => Uint8Array.from(part)));
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.from([tag, ...size]), content]);
}

function sequence(...contents: readonly Uint8Array[]): Buffer {
  return der(0x30, ...contents);
}

function integer(...bytes: number[]): Buffer {
  return der(0x02, bytes);
}

function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))));
}

function time(date: Date): Buffer {
  // The year has two digits.
  const digits = date.toISOString().replace(/\D/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function host(name: string): Buffer {
  if (isIP(name) === 0) return der(0x82, Buffer.from(name));
  // Of the IPv6 addresses, tests need only loopback.
  return der(0x87, isIP(name) === 4 ? name.split('.').map(Number) : [...new Uint8Array(15), 1]);
}

function extension(id: Uint8Array, isCritical: boolean, value: Uint8Array): Buffer {
  return sequence(id, ...(isCritical ? [der(0x01, [0xff])] : []), der(0x04, value));
}
