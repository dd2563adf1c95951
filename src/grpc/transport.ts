import type { OutgoingHttpHeaders } from 'node:http2';
import { markUnsent } from '#main';
import type { CheckedTls } from '../export/otlp/tls.ts';
import type { OtlpTransport } from '../export/otlp/transport.ts';
import { builtin } from '../platform/node-builtin.ts';
import { call, NotSent } from './call.ts';
import { Connection, type Opening } from './connection.ts';

const METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

// Headers that HTTP/2 does not allow or that the transport sets itself. Values given for them are ignored.
const OWN_HEADERS = /^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade|host|te|content-.*|grpc-.*)$/;

// The longest timeout with eight digits, the most that gRPC allows.
const MAX_TIMEOUT_MILLIS = 99_999_999;

// The modules that a connection needs, in load order. Each loads in a turn of its own, since all together block the
// event loop for 19 ms (Node 20).
const PARTS = ['node:stream', 'node:crypto', 'node:net', 'node:dns', 'node:tls', 'node:http', 'node:http2'];

/**
 * Sends requests to the server of `url`, as unary gRPC calls over one connection, which is opened when it is needed and
 * closed when it has been idle for a while.
 */
export function createTransport(
  url: string,
  timeoutMillis: number,
  certificates: CheckedTls | undefined,
): OtlpTransport & { close(): void } {
  let open: (() => Opening) | undefined;
  let connection: Connection | undefined;
  let lastHeaders: Record<string, string> | undefined;
  let request: OutgoingHttpHeaders = {};
  const send: OtlpTransport = async (message, headers, signal) => {
    try {
      open ??= await load(url, certificates);
    } catch (error) {
      // Node before 20.16 checks the key only now.
      throw markUnsent(Object(error));
    }
    if (signal.aborted) throw markUnsent(new NotSent('could not connect in time', { cause: signal.reason }));
    // An exporter usually passes the same object every time.
    if (headers !== lastHeaders) request = headersOf(headers, timeoutMillis);
    lastHeaders = headers;
    const isCompressed = headers['content-encoding'] === 'gzip';
    for (let isAnew = false; ; isAnew = true) {
      if (connection === undefined || connection.isOver) connection = new Connection(open(), timeoutMillis);
      const isKept = connection.served > 0;
      try {
        return await call(connection, { headers: request, message, isCompressed, timeoutMillis }, signal);
      } catch (error) {
        // A server may close a connection just as a request goes out on it, or may have been gone silently for long.
        if (isAnew || !isKept || !(error instanceof NotSent) || signal.aborted) throw error;
      }
    }
  };
  return Object.assign(send, { close: () => connection?.close() });
}

/** Returns the HTTP/2 headers of requests, including `headers`. */
function headersOf(headers: Record<string, string>, timeoutMillis: number): OutgoingHttpHeaders {
  const given = Object.entries(headers).filter(([name]) => !OWN_HEADERS.test(name));
  return {
    ':method': 'POST',
    ':path': METHOD,
    te: 'trailers',
    'content-type': 'application/grpc',
    ...(timeoutMillis <= MAX_TIMEOUT_MILLIS && { 'grpc-timeout': `${Math.ceil(timeoutMillis)}m` }),
    ...(headers['content-encoding'] && { 'grpc-encoding': headers['content-encoding'] }),
    'grpc-accept-encoding': 'identity,gzip',
    ...Object.fromEntries(given),
  };
}

async function load(url: string, certificates: CheckedTls | undefined): Promise<() => Opening> {
  for (const part of PARTS) {
    process.getBuiltinModule?.(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const net = builtin('node:net') ?? (await import('node:net'));
  const tls = builtin('node:tls') ?? (await import('node:tls'));
  const http2 = builtin('node:http2') ?? (await import('node:http2'));
  const { protocol, hostname, port } = new URL(url);
  const isSecure = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  const to = { host, port: port === '' ? (isSecure ? 443 : 80) : Number(port) };
  // Parse the certificates once instead of for each connection.
  const secureContext = certificates && tls.createSecureContext(certificates);
  // SNI allows names only, not IP addresses.
  const servername = net.isIP(host) === 0 ? host : undefined;
  return () => {
    const socket = isSecure
      ? tls.connect({ ...to, servername, secureContext, ALPNProtocols: ['h2'] })
      : net.connect(to);
    const startSession = () => http2.connect(url, { createConnection: () => socket, settings: { enablePush: false } });
    return { socket, isSecure, startSession };
  };
}
