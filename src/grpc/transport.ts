import type { OutgoingHttpHeaders } from 'node:http2';
import { markUnsent } from '#main';
import type { CheckedTls } from '../export/otlp/tls.ts';
import type { OtlpTransport } from '../export/otlp/transport.ts';
import { builtin } from '../platform/node-builtin.ts';
import { call, NotSent } from './call.ts';
import { Connection, type Opening } from './connection.ts';

const METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

// What HTTP/2 has no use for or what requests say of themselves: those that are given do not count.
const OWN_HEADERS = /^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade|host|te|content-.*|grpc-.*)$/;

// The longest that has eight digits.
const MAX_TIMEOUT_MILLIS = 99_999_999;

// What a connection needs, in the order in which it is loaded: each in a turn of its own, since all together hold up the event
// loop for 19 ms (Node 20).
const PARTS = ['node:stream', 'node:crypto', 'node:net', 'node:dns', 'node:tls', 'node:http', 'node:http2'];

/**
 * Carries requests to the server of `url`, as unary calls of gRPC over one connection, which is made when it is needed
 * and let go of when nothing has been sent for a while.
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
      // A key that old Nodes look at only now.
      throw markUnsent(Object(error));
    }
    if (signal.aborted) throw markUnsent(new NotSent('no connection in time', { cause: signal.reason }));
    // Those of an exporter are the same every time.
    if (headers !== lastHeaders) request = headersOf(headers, timeoutMillis);
    lastHeaders = headers;
    const isCompressed = headers['content-encoding'] === 'gzip';
    for (let isAnew = false; ; isAnew = true) {
      if (connection === undefined || connection.isOver) connection = new Connection(open(), timeoutMillis);
      const isKept = connection.served > 0;
      try {
        return await call(connection, { headers: request, message, isCompressed, timeoutMillis }, signal);
      } catch (error) {
        // A server may end a connection just when a request sets out on it, and may have gone without a word long before.
        if (isAnew || !isKept || !(error instanceof NotSent) || signal.aborted) throw error;
      }
    }
  };
  return Object.assign(send, { close: () => connection?.close() });
}

/** The headers of requests, with `headers` among them. */
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
  // Read once and not for each connection.
  const secureContext = certificates && tls.createSecureContext(certificates);
  // An address is no name that a server could be asked for.
  const servername = net.isIP(host) === 0 ? host : undefined;
  return () => {
    const socket = isSecure
      ? tls.connect({ ...to, servername, secureContext, ALPNProtocols: ['h2'] })
      : net.connect(to);
    const startSession = () => http2.connect(url, { createConnection: () => socket, settings: { enablePush: false } });
    return { socket, isSecure, startSession };
  };
}
