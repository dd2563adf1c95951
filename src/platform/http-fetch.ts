import type { Socket } from 'node:net';
import type { FetchedResponse, FetchLike } from '../export/otlp/http.ts';
import type { CheckedTls } from '../export/otlp/tls.ts';
import { ResponseParser } from './http-response.ts';
import { builtin } from './node-builtin.ts';
import type { PlatformFetch } from './platform.ts';
import { isEndWatched } from './process-end.ts';
import { markUnsent } from './unsent.ts';

// Common load balancers forget a connection after 60 seconds, some without a word.
const IDLE_MILLIS = 30_000;
// What is kept of an answer that nobody reads.
const MAX_UNREAD_BYTES = 64 * 1024;

// What a request needs, in the order in which it is loaded: each in a turn of its own, no part much above 1 ms (Node 20).
const PARTS = ['node:stream', 'node:crypto', 'node:net', 'node:dns'];
const SECURE_PARTS = [...PARTS, 'node:tls'];

/** Its body may be in parts, one behind the other. */
type RequestInit = Omit<Parameters<FetchLike>[1], 'body'> & { body: Uint8Array | readonly Uint8Array[] };
type Connect = () => Socket;

/** A connection to the server, and the request that is on it. */
interface Connection {
  readonly socket: Socket;
  /** False until the server is reached and, over TLS, known: up to then nothing of a request leaves. */
  isOpen: boolean;
  exchange: Exchange | undefined;
  /** When it is not to be used any more, in milliseconds of the monotonic clock. */
  expires: number;
}

/** What is told about a request on a connection. */
interface Exchange {
  onData(bytes: Buffer): void;
  onEnd(): void;
  onClose(error: object | undefined): void;
}

/**
 * A `fetch` for requests to the server of `url`: HTTP/1.1 over `node:net`. That of Node takes 20 to 40 ms of the event loop
 * for loading itself at its first call. `node:http` takes 15 to 30 for its first request, and at 20,000 spans a second half
 * as much CPU again for every span of a batch (Node 20).
 *
 * Connections are kept; an idle one does not hold the process open, a request does unless the end of the process is watched.
 * Redirects are not followed. What ends before there is a connection is an error that `isUnsent` knows.
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
    // An address is no name that a server could be asked for.
    const servername = net.isIP(host) === 0 ? host : '';
    // Read once and not for each connection.
    const secureContext = certificates && tls.createSecureContext(certificates);
    return () => tls.connect({ ...to, servername, secureContext, ALPNProtocols: ['http/1.1'] });
  };

  const send = (how: Connect, init: RequestInit, head: string, isAnew = false): Promise<FetchedResponse> =>
    new Promise((resolve, reject) => {
      // One that is sent again, or that is to go nowhere, goes over no connection to the server that is there.
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
          connection.isOpen ? signal.reason : markUnsent(new Error('no connection in time', { cause: signal.reason })),
        );
      const { parser } = answer;
      // A server may answer before it has taken the whole of a request. A success counts once all of that is written.
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
            // What is wrong may stand behind a head that is as it should be.
            if (isSettled()) resolve(answer);
            return fail(error);
          }
          onProgress();
        },
        onEnd() {
          if (parser.end()) onProgress();
        },
        onClose(error) {
          // A server may close a kept connection just when a request sets out on it, and has not looked at that then.
          if (kept !== undefined && !hasBegun && isClosedByServer(error)) {
            finish();
            // What goes for one connection of a server goes for all.
            destroyAll(idle);
            resolve(send(how, init, head, true));
          } else {
            const why = error ?? Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' });
            fail(connection.isOpen ? why : markUnsent(why));
          }
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

  // Before Node 20.16 the first request has to load everything.
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
    // Those of an exporter are the same every time.
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
 * A request that fails for want of a connection, and an answer that nobody sent: Node has then compiled what the first
 * request runs, which takes a third off the time that this blocks the event loop.
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

/** Calls each of `steps` in a turn of the event loop of its own. The process ends a few turns later for it. */
function inTurns([step, ...steps]: readonly (() => void)[]): void {
  if (step === undefined) return;
  setImmediate(() => {
    step();
    inTurns(steps);
  });
}

// What a request says of itself. As with every `fetch`, those that are given do not count.
const OWN_HEADERS = ['host', 'connection', 'content-length', 'transfer-encoding'];

/** A request up to the length of its body. @throws TypeError for a header that cannot be sent. */
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
  // Where the end of the process is waited for, it is by whoever flushes then, with a deadline.
  if (isEndWatched()) socket.unref();
  const connection: Connection = { socket, isOpen: false, exchange: undefined, expires: 0 };
  socket.once(isSecure ? 'secureConnect' : 'connect', () => {
    connection.isOpen = true;
  });
  let failure: Error | undefined;
  // The whole of a request sets out at once.
  socket.setNoDelay(true);
  socket.on('data', (bytes: Buffer) => {
    // What nobody asked for is no answer to what comes next.
    if (connection.exchange === undefined) socket.destroy();
    else connection.exchange.onData(bytes);
  });
  socket.on('end', () => connection.exchange?.onEnd());
  socket.on('error', (error) => {
    // Those of OpenSSL end in a line's end.
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

/** The connection that was used last; those that have waited for too long are closed. */
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

/** Lets a connection wait for the next request, for as long as `keepAlive`, the header, says that the server does. */
function keep(connection: Connection, idle: Connection[], keepAlive: string | undefined): void {
  const seconds = /\btimeout=(\d+)/.exec(keepAlive ?? '')?.[1];
  // A second for the way.
  const millis = seconds === undefined ? IDLE_MILLIS : Math.min(IDLE_MILLIS, Number(seconds) * 1_000 - 1_000);
  connection.expires = performance.now() + millis;
  connection.socket.resume();
  connection.socket.unref();
  idle.push(connection);
}

/** True for a connection that a server has closed, with an error or in good order. */
function isClosedByServer(error: unknown): boolean {
  const { code } = Object(error) as NodeJS.ErrnoException;
  return error === undefined || code === 'ECONNRESET' || code === 'EPIPE';
}

/** An answer whose head is there and whose body comes, or is there, too. */
class Answer implements FetchedResponse {
  readonly parser: ResponseParser;
  readonly headers = { get: (name: string): string | null => this.parser.headers.get(name.toLowerCase()) ?? null };
  readonly body = { getReader: () => this };
  private readonly _socket: Socket;
  private readonly _unread: Buffer[] = [];
  private _unreadBytes = 0;
  private _isOver = false;
  private _error: unknown;
  /** Wakes who waits for more. */
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
