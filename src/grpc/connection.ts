import type { ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { isEndWatched, later, now, within } from '#main';

// Common load balancers forget a connection after 60 seconds, some without a word.
const IDLE_MILLIS = 30_000;
// After a silence of so long a server is asked whether it is still there, before a request sets out.
const QUIET_MILLIS = 5_000;
// What it then has for an answer, or half of the time that a request may take.
const PING_MILLIS = 5_000;
// Servers of gRPC end a connection on which more than this come between two of their answers.
const MAX_PINGS = 3;

export const CLOSED = 'the server closed the connection';

/** A socket that connects, and what is to be spoken on it when it has. */
export interface Opening {
  readonly socket: Socket;
  readonly isSecure: boolean;
  startSession(): ClientHttp2Session;
}

/** A connection to a server, from its beginning to its end, and the requests that are on it. */
export class Connection {
  /** The session, once it is certain that there is one; never, where none comes about. */
  readonly opened: Promise<ClientHttp2Session>;
  isOpen = false;
  /** Requests that it has carried. */
  served = 0;
  /** The last stream that the server will look at. */
  lastStream = Number.POSITIVE_INFINITY;
  private readonly _socket: Socket;
  private _session: ClientHttp2Session | undefined = undefined;
  /** Who is to hear of its end. */
  private readonly _holders = new Set<(error: Error) => void>();
  private _isOver = false;
  private _isFailed = false;
  private _idle: unknown = undefined;
  private _heardAt = 0;
  /** Pings since the last answer. */
  private _pings = 0;
  private readonly _pingMillis: number;

  constructor({ socket, isSecure, startSession }: Opening, timeoutMillis: number) {
    this._socket = socket;
    this._pingMillis = Math.min(PING_MILLIS, timeoutMillis / 2);
    socket.setNoDelay(true);
    // Where the end of the process is waited for, it is by whoever flushes then, with a deadline.
    if (isEndWatched()) socket.unref();
    // A turn later: what the session knows says more, and there may be answers that it has not handed over yet.
    const failLater = (error: Error) => void setImmediate(() => this.fail(error));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Those of OpenSSL end in a line's end.
      error.message = error.message.trim();
      failLater(error);
    });
    socket.on('close', () => failLater(Object.assign(new Error(CLOSED), { code: 'ECONNRESET' })));
    this.opened = new Promise((resolve) => {
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        if (isSecure && (socket as TLSSocket).alpnProtocol !== 'h2') {
          this.fail(new Error('ALPN has no h2'));
          return;
        }
        const session = startSession();
        this._session = session;
        // Other servers than those of HTTP/2 never come to this; and from here on it is known how much they take at once.
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

  /** True where nothing new is to be sent on it. */
  get isOver(): boolean {
    // The session may know before it says so.
    return this._isOver || this._session?.closed === true || this._session?.destroyed === true;
  }

  /** Keeps it for a request, until what is returned is called. `tell` hears of it where it fails before. */
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

  /** Notes that the server has said something. */
  heard(): void {
    this._heardAt = now();
    this._pings = 0;
  }

  /** The server is to be asked whether it is still there, before the next request sets out. */
  suspect(): void {
    this._heardAt = Number.NEGATIVE_INFINITY;
  }

  /** Whether a request may set out on it. Where it has been quiet the server is asked. */
  async isAlive(): Promise<boolean> {
    if (now() - this._heardAt < QUIET_MILLIS) return true;
    // One that cannot be asked any more is left to those who wait on it.
    this._isOver ||= this._pings >= MAX_PINGS;
    return !this._isOver && this.probe();
  }

  /** Asks the server whether it is still there, if it may be asked; without an answer the connection has failed. */
  async probe(): Promise<boolean> {
    if (this._pings >= MAX_PINGS) return false;
    this._pings++;
    const answered = new Promise<boolean>((resolve) => {
      try {
        this._session?.ping((error) => resolve(!error));
      } catch {
        // It has ended.
        resolve(false);
      }
    });
    const isThere = (await within(this._pingMillis, answered, later)) === true;
    if (isThere) this._heardAt = now();
    else this.fail(new Error('the server does not answer a PING'));
    return isThere;
  }

  /** Ends it, in good order where nothing is on its way. */
  close(): void {
    this._isOver = true;
    const over = () => this.fail(new Error('the exporter was shut down'));
    if (this._session === undefined || this._holders.size > 0) over();
    else {
      this._session.close();
      // A server that does not read any more does not hear of it.
      this._idle = later(over, IDLE_MILLIS);
    }
  }

  /** Ends it, and with it what is on its way. */
  fail(error: Error): void {
    if (this._isFailed) return;
    this._isFailed = this._isOver = true;
    clearTimeout(this._idle as number);
    // Somebody was there, and it came to nothing. A certificate that is refused is another matter.
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
    'no HTTP/2 is spoken there, which gRPC needs: 4317 is the port of OTLP over gRPC as a rule, 4318 that of OTLP over HTTP',
    { cause },
  );
}
