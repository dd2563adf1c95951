import type { Socket } from 'node:net';
import type { FetchedResponse, FetchLike } from '../export/otlp/http.ts';
import type { CheckedTls } from '../export/otlp/tls.ts';
import { ResponseParser } from './http-response.ts';
import { builtin } from './node-builtin.ts';
import type { PlatformFetch } from './platform.ts';
import { isEndWatched } from './process-end.ts';
import { markUnsent } from './unsent.ts';

// Common load balancers drop an idle connection after 60 seconds, some silently.
const IDLE_MILLIS = 30_000;
// Reading pauses when this much of an answer is buffered.
const MAX_UNREAD_BYTES = 64 * 1024;

// The modules that a request needs, in load order. Each loads in its own turn; none takes much over 1 ms (Node 20).
const PARTS = ['node:stream', 'node:crypto', 'node:net', 'node:dns'];
const SECURE_PARTS = [...PARTS, 'node:tls'];

/** The body may be a list of parts to be concatenated. */
type RequestInit = Omit<Parameters<FetchLike>[1], 'body'> & { body: Uint8Array | readonly Uint8Array[] };
type Connect = () => Socket;

/** A connection to the server, and the request in flight on it. */
interface Connection {
  readonly socket: Socket;
  /** False until the connection, including TLS, is established. Before that, no part of a request leaves. */
  isOpen: boolean;
  exchange: Exchange | undefined;
  /** When the connection must no longer be reused, in milliseconds of the monotonic clock. */
  expires: number;
}

/** Callbacks for the request on a connection. */
interface Exchange {
  onData(bytes: Buffer): void;
  onEnd(): void;
  onClose(error: object | undefined): void;
}

/**
 * Creates a `fetch` for requests to the server of `url`: HTTP/1.1 over `node:net`. Node's own `fetch` blocks the event
 * loop for 20 to 40 ms to load itself at the first call. `node:http` takes 15 to 30 ms for its first request, and half
 * as much CPU again per span at 20,000 spans a second (Node 20).
 *
 * Connections are kept alive. An idle connection does not keep the process alive; a request does, unless the end of the
 * process is watched. Redirects are not followed. `isUnsent` recognizes an error that occurs before there is a
 * connection.
 */
export function createHttpFetch(url: string, certificates?: CheckedTls): PlatformFetch {
  const { protocol, hostname, port } = new URL(url);
  const isSecure = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  const to = { host, port: port === '' ? (isSecure ? 443 : 80) : Number(port) };
  const idle: Connection[] = [];
  let isClosed = false;
  let connect: Connect | undefined;
  const load = async (): Promise<Connect> => {
    const net = builtin('node:net') ?? (await import('node:net'));
    if (!isSecure) return () => net.connect(to);
    const tls = builtin('node:tls') ?? (await import('node:tls'));
    // SNI allows names only, not IP addresses.
    const servername = net.isIP(host) === 0 ? host : '';
    // Parse the certificates once instead of for each connection.
    const secureContext = certificates && tls.createSecureContext(certificates);
    return () => tls.connect({ ...to, servername, secureContext, ALPNProtocols: ['http/1.1'] });
  };

  const send = (how: Connect, init: RequestInit, head: string, isAnew = false): Promise<FetchedResponse> =>
    new Promise((resolve, reject) => {
      // A request that is sent again needs a new connection, and the rehearsal must not use a real one.
      const kept = isAnew ? undefined : takeKept(idle);
      const connection = kept ?? open(how, isSecure, idle);
      const { socket } = connection;
      const { body, signal } = init;
      const parts = body instanceof Uint8Array ? [body] : body;
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      const answer = new Answer(socket);
      let hasBegun = false;
      let isWritten = false;
      const finish = () => {
        connection.exchange = undefined;
        signal.removeEventListener('abort', onAbort);
      };
      const fail = (error: unknown) => {
        finish();
        socket.destroy();
        answer.fail(error);
        reject(error);
      };
      const onAbort = () =>
        fail(
          connection.isOpen
            ? signal.reason
            : markUnsent(new Error('could not connect in time', { cause: signal.reason })),
        );
      const { parser } = answer;
      // A server may answer before it has read the whole request. Success counts only once all of it is written.
      const isSettled = () => parser.status >= 300 || (parser.status !== 0 && isWritten);
      const onProgress = () => {
        if (connection.exchange === undefined || !isSettled()) return;
        resolve(answer);
        if (!parser.isDone) return;
        finish();
        answer.finish();
        if (parser.isReusable && isWritten && !isClosed) keep(connection, idle, parser.headers.get('keep-alive'));
        else socket.destroy();
      };
      connection.exchange = {
        onData(bytes) {
          hasBegun = true;
          try {
            parser.push(bytes);
          } catch (error) {
            // The head may be valid even if what follows it is malformed.
            if (isSettled()) resolve(answer);
            return fail(error);
          }
          onProgress();
        },
        onEnd() {
          if (parser.end()) onProgress();
        },
        onClose(error) {
          const why = error ?? Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' });
          // A server may close a kept connection just as a request goes out on it, usually without having read it.
          if (kept !== undefined && !hasBegun && isClosedByServer(error)) {
            finish();
            // The other idle connections may be stale, too.
            destroyAll(idle);
            const again = send(how, init, head, true);
            // If all of it was written, the server may have read it. The second attempt cannot tell that nothing arrived.
            resolve(isWritten ? again.catch(() => Promise.reject(why)) : again);
          } else fail(connection.isOpen ? why : markUnsent(why));
        },
      };
      signal.addEventListener('abort', onAbort);
      socket.cork();
      const pieces = [Buffer.from(`${head}content-length: ${length}\r\n\r\n`, 'latin1'), ...parts];
      const onWritten = () => {
        isWritten = true;
        onProgress();
      };
      for (const [at, piece] of pieces.entries()) socket.write(piece, at === parts.length ? onWritten : undefined);
      socket.uncork();
    });

  // Before Node 20.16, the first request has to load everything.
  if (process.getBuiltinModule !== undefined) {
    const parts = (isSecure ? SECURE_PARTS : PARTS).map((part) => () => void process.getBuiltinModule(part));
    inTurns([...parts, ...rehearsal(send)]);
  }

  let lastHeaders: RequestInit['headers'] | undefined;
  let lastUrl: string;
  let lastHead: string;
  const ownFetch = async (url: string, init: RequestInit) => {
    connect ??= await load();
    const { method, headers, signal } = init;
    // An exporter usually passes the same object every time.
    if (headers !== lastHeaders || url !== lastUrl) {
      lastHead = headOf(method, new URL(url), headers);
      lastHeaders = headers;
      lastUrl = url;
    }
    if (signal.aborted) throw signal.reason;
    return send(connect, init, lastHead);
  };
  const close = () => {
    isClosed = true;
    destroyAll(idle);
  };
  return Object.assign(ownFetch, { close, isOwnClient: true as const });
}

/**
 * Returns steps that send a request without a connection, which fails, and parse a made-up answer. Node then has
 * already compiled the code for the first request, which cuts the time that it blocks the event loop by a third.
 */
function rehearsal(
  send: (how: Connect, init: RequestInit, head: string, isAnew: boolean) => Promise<unknown>,
): (() => void)[] {
  const net = () => process.getBuiltinModule('node:net');
  return [
    () => void new (net().Socket)().destroy(),
    () => {
      const { signal } = new AbortController();
      const init: RequestInit = { method: 'POST', headers: {}, body: new Uint8Array(1), redirect: 'manual', signal };
      send(() => new (net().Socket)(), init, headOf('POST', new URL('http://localhost'), { a: 'b' }), true).catch(
        () => {},
      );
    },
    () => new ResponseParser(() => {}).push(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n.')),
  ];
}

/** Runs each step in its own turn of the event loop. This delays the end of the process by a few turns. */
function inTurns([step, ...steps]: readonly (() => void)[]): void {
  if (step === undefined) return;
  setImmediate(() => {
    step();
    inTurns(steps);
  });
}

// Headers that the client sets itself. As with every `fetch`, values given for them are ignored.
const OWN_HEADERS = ['host', 'connection', 'content-length', 'transfer-encoding'];

/** Builds the head of a request, except for `content-length`. @throws TypeError for a header that cannot be sent. */
function headOf(method: string, { host, pathname, search }: URL, headers: RequestInit['headers']): string {
  const lines = Object.entries(headers).map(([name, value]) => {
    if (!/^[!#$%&'*+\-.^_`|~\w]+$/.test(name) || /[^\t -~\x80-\xff]/.test(value)) {
      throw new TypeError(`a header cannot be sent: ${JSON.stringify(name)}`);
    }
    return OWN_HEADERS.includes(name.toLowerCase()) ? '' : `${name}: ${value}\r\n`;
  });
  return `${method} ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${lines.join('')}`;
}

function open(connect: Connect, isSecure: boolean, idle: Connection[]): Connection {
  const socket = connect();
  // If the end of the process is watched, the flush at its end waits for the request, with a deadline.
  if (isEndWatched()) socket.unref();
  const connection: Connection = { socket, isOpen: false, exchange: undefined, expires: 0 };
  socket.once(isSecure ? 'secureConnect' : 'connect', () => {
    connection.isOpen = true;
  });
  let failure: Error | undefined;
  // A request is written as a whole, so Nagle's algorithm could only delay it.
  socket.setNoDelay(true);
  socket.on('data', (bytes: Buffer) => {
    // Unsolicited data must not pass for the answer to the next request.
    if (connection.exchange === undefined) socket.destroy();
    else connection.exchange.onData(bytes);
  });
  socket.on('end', () => connection.exchange?.onEnd());
  socket.on('error', (error) => {
    // OpenSSL's messages end with a newline.
    error.message = error.message.trim();
    failure = error;
  });
  socket.on('close', () => {
    const at = idle.indexOf(connection);
    if (at !== -1) idle.splice(at, 1);
    connection.exchange?.onClose(failure);
  });
  return connection;
}

/** Returns the connection that was used last, and closes expired ones. */
function takeKept(idle: Connection[]): Connection | undefined {
  for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
    const { socket, expires } = connection;
    if (socket.writable && performance.now() < expires) {
      if (!isEndWatched()) socket.ref();
      return connection;
    }
    socket.destroy();
  }
  return undefined;
}

function destroyAll(idle: Connection[]): void {
  for (const { socket } of idle.splice(0)) socket.destroy();
}

/** Keeps a connection for the next request, at most for as long as the server's `keep-alive` header allows. */
function keep(connection: Connection, idle: Connection[], keepAlive: string | undefined): void {
  const seconds = /\btimeout=(\d+)/.exec(keepAlive ?? '')?.[1];
  // Allow a second for transmission.
  const millis = seconds === undefined ? IDLE_MILLIS : Math.min(IDLE_MILLIS, Number(seconds) * 1_000 - 1_000);
  connection.expires = performance.now() + millis;
  connection.socket.resume();
  connection.socket.unref();
  idle.push(connection);
}

/** True if the server closed the connection, cleanly or with a reset. */
function isClosedByServer(error: unknown): boolean {
  const { code } = Object(error) as NodeJS.ErrnoException;
  return error === undefined || code === 'ECONNRESET' || code === 'EPIPE';
}

/** An answer whose body may still be arriving. */
class Answer implements FetchedResponse {
  readonly parser: ResponseParser;
  readonly headers = { get: (name: string): string | null => this.parser.headers.get(name.toLowerCase()) ?? null };
  readonly body = { getReader: () => this };
  private readonly _socket: Socket;
  private readonly _unread: Buffer[] = [];
  private _unreadBytes = 0;
  private _isOver = false;
  private _error: unknown;
  /** Wakes the reader that waits for more data. */
  private _wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this._socket = socket;
    this.parser = new ResponseParser((bytes) => {
      this._unread.push(bytes);
      this._unreadBytes += bytes.length;
      if (this._unreadBytes > MAX_UNREAD_BYTES) socket.pause();
      this._wake?.();
    });
  }

  get status(): number {
    return this.parser.status;
  }

  finish(): void {
    this._isOver = true;
    this._wake?.();
  }

  fail(error: unknown): void {
    this._error = error;
    this.finish();
  }

  async read(): Promise<{ done: boolean; value?: Uint8Array }> {
    for (;;) {
      const value = this._unread.shift();
      if (value !== undefined) {
        this._unreadBytes -= value.length;
        if (!this._isOver && this._unread.length === 0) this._socket.resume();
        return { done: false, value };
      }
      if (this._error !== undefined) throw this._error;
      if (this._isOver) return { done: true };
      await new Promise<void>((resolve) => {
        this._wake = resolve;
      });
    }
  }

  async cancel(): Promise<void> {
    this._socket.destroy();
  }
}
