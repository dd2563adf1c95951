import type { ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { isEndWatched, later, now, within } from '#main';

// Common load balancers drop an idle connection after 60 seconds, some silently.
const IDLE_MILLIS = 30_000;
// A server that has been silent for this long is pinged before the next request.
const QUIET_MILLIS = 5_000;
// How long it has to answer a ping; half of a request's timeout if that is less.
const PING_MILLIS = 5_000;
// gRPC servers end a connection on which more pings than this come between two of their answers.
const MAX_PINGS = 3;

export const CLOSED = 'the server closed the connection';

/** A connecting socket, and how to start an HTTP/2 session on it. */
export interface Opening {
  readonly socket: Socket;
  readonly isSecure: boolean;
  startSession(): ClientHttp2Session;
}

/** A connection to a server, over its whole lifetime, with the requests in flight on it. */
export class Connection {
  /** Resolves with the session once the server has confirmed it; otherwise never settles. */
  readonly opened: Promise<ClientHttp2Session>;
  isOpen = false;
  /** The number of requests that it has carried. */
  served = 0;
  /** The last stream that the server will process. */
  lastStream = Number.POSITIVE_INFINITY;
  private readonly _socket: Socket;
  private _session: ClientHttp2Session | undefined = undefined;
  /** Called if the connection fails. */
  private readonly _holders = new Set<(error: Error) => void>();
  private _isOver = false;
  private _isFailed = false;
  private _idle: unknown = undefined;
  private _heardAt = 0;
  /** The number of pings since the last answer. */
  private _pings = 0;
  private readonly _pingMillis: number;

  constructor({ socket, isSecure, startSession }: Opening, timeoutMillis: number) {
    this._socket = socket;
    this._pingMillis = Math.min(PING_MILLIS, timeoutMillis / 2);
    socket.setNoDelay(true);
    // If the end of the process is watched, the flush at its end waits for the request, with a deadline.
    if (isEndWatched()) socket.unref();
    // Fail a turn later: the session's own error says more, and it may still have answers to deliver.
    const failLater = (error: Error) => void setImmediate(() => this.fail(error));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // OpenSSL's messages end with a newline.
      error.message = error.message.trim();
      failLater(error);
    });
    socket.on('close', () => failLater(Object.assign(new Error(CLOSED), { code: 'ECONNRESET' })));
    this.opened = new Promise((resolve) => {
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        if (isSecure && (socket as TLSSocket).alpnProtocol !== 'h2') {
          this.fail(new Error('ALPN did not negotiate h2'));
          return;
        }
        const session = startSession();
        this._session = session;
        // Only an HTTP/2 server sends settings. From here on its limits are known, too.
        session.once('remoteSettings', () => {
          this.isOpen = true;
          this.heard();
          resolve(session);
        });
        session.on('error', (error) => this.fail(error));
        session.on('goaway', (_code, lastStream) => {
          this._isOver = true;
          this.lastStream = Math.min(this.lastStream, lastStream);
        });
      });
    });
  }

  /** True if nothing new may be sent on it. */
  get isOver(): boolean {
    // The session may be closed before it emits an event.
    return this._isOver || this._session?.closed === true || this._session?.destroyed === true;
  }

  /** Keeps it open for a request until the returned function is called. Calls `tell` if it fails before that. */
  hold(tell: (error: Error) => void): () => void {
    clearTimeout(this._idle as number);
    if (this._holders.size === 0 && !isEndWatched()) this._socket.ref();
    this._holders.add(tell);
    return () => {
      if (!this._holders.delete(tell) || this._holders.size > 0 || this._isFailed) return;
      this._socket.unref();
      this._idle = later(() => this.close(), IDLE_MILLIS);
    };
  }

  /** Records that the server has sent something. */
  heard(): void {
    this._heardAt = now();
    this._pings = 0;
  }

  /** Makes the next request ping the server first. */
  suspect(): void {
    this._heardAt = Number.NEGATIVE_INFINITY;
  }

  /** Returns whether a request may be sent on it. If the connection has been quiet, the server is pinged first. */
  async isAlive(): Promise<boolean> {
    if (now() - this._heardAt < QUIET_MILLIS) return true;
    // A server that may not be pinged any more gets no new requests. Those in flight go on waiting.
    this._isOver ||= this._pings >= MAX_PINGS;
    return !this._isOver && this.probe();
  }

  /** Pings the server, unless it has been pinged too often. Without an answer the connection fails. */
  async probe(): Promise<boolean> {
    if (this._pings >= MAX_PINGS) return false;
    this._pings++;
    const answered = new Promise<boolean>((resolve) => {
      try {
        this._session?.ping((error) => resolve(!error));
      } catch {
        // The session has ended.
        resolve(false);
      }
    });
    const isThere = (await within(this._pingMillis, answered, later)) === true;
    if (isThere) this._heardAt = now();
    else this.fail(new Error('the server did not answer a PING'));
    return isThere;
  }

  /** Ends the connection, gracefully if nothing is in flight. */
  close(): void {
    this._isOver = true;
    const over = () => this.fail(new Error('the exporter was shut down'));
    if (this._session === undefined || this._holders.size > 0) over();
    else {
      this._session.close();
      // A server that no longer reads does not notice the close.
      this._idle = later(over, IDLE_MILLIS);
    }
  }

  /** Ends the connection and all requests in flight. */
  fail(error: Error): void {
    if (this._isFailed) return;
    this._isFailed = this._isOver = true;
    clearTimeout(this._idle as number);
    // Without settings the server speaks something other than HTTP/2, unless it refused our certificate.
    const isWithoutHttp2 = this._session !== undefined && !this.isOpen && !/ALERT/.test(codeOf(error));
    const told = isWithoutHttp2 || /NO_APPLICATION_PROTOCOL|^ALPN/.test(codeOf(error)) ? withoutHttp2(error) : error;
    this._session?.destroy();
    this._socket.destroy();
    for (const tell of this._holders) tell(told);
  }
}

function codeOf(error: NodeJS.ErrnoException): string {
  return String(error.code ?? error.message);
}

function withoutHttp2(cause: Error): Error {
  return new Error(
    'the server does not speak HTTP/2, which gRPC needs: OTLP over gRPC usually has port 4317, OTLP over HTTP port 4318',
    { cause },
  );
}
