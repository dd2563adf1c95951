import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createSecureServer, type TlsOptions } from 'node:tls';

// RFC 9113, section 6.
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const PREFACE_BYTES = 24;
const FRAME_HEAD_BYTES = 9;

/** Settings by number: RFC 9113, section 6.5.2. */
export const MAX_CONCURRENT_STREAMS = 3;
export const INITIAL_WINDOW_SIZE = 4;

/** Error codes: RFC 9113, section 7. */
export const NO_ERROR = 0;
export const INTERNAL_ERROR = 2;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const ENHANCE_YOUR_CALM = 11;

/** The head of a gRPC answer, and the end of a successful one. */
export const HEAD = { ':status': '200', 'content-type': 'application/grpc' };
export const OK = { 'grpc-status': '0' };
/** An empty message with its length prefix. */
export const EMPTY_MESSAGE = Buffer.alloc(5);

/** How a server behaves. By default, it answers each request like a collector that accepts everything. */
export interface Behaviour {
  /** Its settings at the beginning. `null` never sends any. */
  settings?: Readonly<Record<number, number>> | null;
  /** False never answers pings. Default: true. */
  acknowledgesPings?: boolean;
  /** False never extends the initial windows. Default: true. */
  opensWindows?: boolean;
  /** Called when the headers of a request have arrived. */
  onHeaders?(peer: Peer, stream: number): void;
  /** Called when a request is complete. Default: {@link Peer.succeed}. */
  onRequest?(peer: Peer, stream: number, body: Buffer): void;
}

/** A complete request. */
export interface FrameRequest {
  readonly connection: number;
  readonly stream: number;
  readonly body: Buffer;
}

/** A server that speaks HTTP/2 frame by frame, so that it can send anything. */
export interface FrameServer {
  readonly url: string;
  readonly port: number;
  /** All connections so far. */
  readonly peers: readonly Peer[];
  /** The complete requests. */
  readonly requests: readonly FrameRequest[];
  /** The streams that clients have reset, with their error codes. */
  readonly resets: readonly (readonly [stream: number, code: number])[];
  /** Resolves when there are this many of them. */
  reset(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Encodes a frame. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function uint32(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [at, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * at);
  return bytes;
}

/** Encodes headers as literals that are never indexed: RFC 7541, section 6.2.2. */
function fields(headers: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(headers).map(([name, value]) => {
    const [first, second] = [Buffer.from(name), Buffer.from(value, 'latin1')];
    return Buffer.concat([Buffer.from([0]), integer(first.length), first, integer(second.length), second]);
  });
  return Buffer.concat(parts);
}

/** Encodes a length in a prefix of seven bits, with further bytes if necessary: RFC 7541, section 5.1. */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** The server's side of a connection. */
export class Peer {
  readonly socket: Socket;
  readonly index: number;
  /** Stops reading and answering. */
  isStopped = false;
  pings = 0;
  private rest = Buffer.alloc(0);
  private hasPreface = false;
  private readonly bodies = new Map<number, Buffer[]>();
  private readonly behaviour: Behaviour;
  private readonly server: { requests: FrameRequest[]; resets: (readonly [number, number])[]; onReset(): void };

  constructor(socket: Socket, index: number, behaviour: Behaviour, server: Peer['server']) {
    this.socket = socket;
    this.index = index;
    this.behaviour = behaviour;
    this.server = server;
    socket.on('error', () => {}).on('data', (bytes: Buffer) => this.read(bytes));
  }

  send(...frames: Buffer[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames));
  }

  headers(stream: number, headers: Readonly<Record<string, string>>, isEnd = false): void {
    this.send(frame(HEADERS, END_HEADERS | (isEnd ? END_STREAM : 0), stream, fields(headers)));
  }

  data(stream: number, bytes: Uint8Array, isEnd = false): void {
    this.send(frame(DATA, isEnd ? END_STREAM : 0, stream, bytes));
  }

  reset(stream: number, code: number): void {
    this.send(frame(RST_STREAM, 0, stream, uint32(code)));
  }

  goaway(lastStream: number, code = NO_ERROR, text = ''): void {
    this.send(frame(GOAWAY, 0, 0, Buffer.concat([uint32(lastStream, code), Buffer.from(text)])));
  }

  settings(settings: Readonly<Record<number, number>>): void {
    const parts = Object.entries(settings).map(([id, value]) => {
      return Buffer.concat([Buffer.from([0, Number(id)]), uint32(value)]);
    });
    this.send(frame(SETTINGS, 0, 0, Buffer.concat(parts)));
  }

  /** Lets the client send this many more bytes on a stream, and on the connection. */
  open(stream: number, bytes: number): void {
    this.send(frame(WINDOW_UPDATE, 0, 0, uint32(bytes)), frame(WINDOW_UPDATE, 0, stream, uint32(bytes)));
  }

  /** Sends an answer without a message, by default an error. */
  fail(stream: number, headers: Readonly<Record<string, string>>): void {
    this.headers(stream, { ...HEAD, ...headers }, true);
  }

  /** Sends the answer of a collector that has accepted everything, or the given response. */
  succeed(stream: number, response: Uint8Array = new Uint8Array()): void {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(response.length, 1);
    this.headers(stream, HEAD);
    this.data(stream, Buffer.concat([prefix, response]));
    this.headers(stream, OK, true);
  }

  private read(bytes: Buffer): void {
    if (this.isStopped) return;
    this.rest = Buffer.concat([this.rest, bytes]);
    const { settings = {} } = this.behaviour;
    if (!this.hasPreface) {
      if (this.rest.length < PREFACE_BYTES) return;
      this.rest = this.rest.subarray(PREFACE_BYTES);
      this.hasPreface = true;
      if (settings !== null) this.settings(settings);
    }
    while (this.rest.length >= FRAME_HEAD_BYTES && !this.isStopped) {
      const end = FRAME_HEAD_BYTES + this.rest.readUIntBE(0, 3);
      if (this.rest.length < end) return;
      const [type, flags] = [this.rest[3], this.rest[4]];
      const stream = this.rest.readUInt32BE(5);
      const payload = this.rest.subarray(FRAME_HEAD_BYTES, end);
      this.rest = this.rest.subarray(end);
      if (settings !== null) this.take(type, flags, stream, payload);
    }
  }

  private take(type: number, flags: number, stream: number, payload: Buffer): void {
    const { acknowledgesPings = true, opensWindows = true, onHeaders, onRequest } = this.behaviour;
    if (type === SETTINGS && !(flags & ACK)) this.send(frame(SETTINGS, ACK, 0));
    if (type === PING && !(flags & ACK)) {
      this.pings++;
      if (acknowledgesPings) this.send(frame(PING, ACK, 0, payload));
    }
    if (type === RST_STREAM) {
      this.server.resets.push([stream, payload.readUInt32BE(0)]);
      this.server.onReset();
    }
    if (type === HEADERS) {
      this.bodies.set(stream, []);
      onHeaders?.(this, stream);
    }
    if (type === DATA) {
      this.bodies.get(stream)?.push(payload);
      if (payload.length > 0 && opensWindows) this.open(stream, payload.length);
    }
    if ((type === DATA || type === HEADERS) && flags & END_STREAM) {
      const body = Buffer.concat(this.bodies.get(stream) ?? []);
      this.server.requests.push({ connection: this.index, stream, body });
      if (onRequest === undefined) this.succeed(stream);
      else onRequest(this, stream, body);
    }
  }
}

/** Starts a server on loopback. `behave` determines the behavior of each connection. */
export async function startFrameServer(
  behave: Behaviour | ((connection: number) => Behaviour) = {},
  { tls, port = 0 }: { tls?: TlsOptions; port?: number } = {},
): Promise<FrameServer> {
  const peers: Peer[] = [];
  const requests: FrameRequest[] = [];
  const resets: (readonly [number, number])[] = [];
  const waiting: [count: number, resolve: () => void][] = [];
  const onReset = () => {
    for (const [count, resolve] of waiting) if (resets.length >= count) resolve();
  };
  const onSocket = (socket: Socket) => {
    const behaviour = typeof behave === 'function' ? behave(peers.length) : behave;
    peers.push(new Peer(socket, peers.length, behaviour, { requests, resets, onReset }));
  };
  const server = tls ? createSecureServer({ ALPNProtocols: ['h2'], ...tls }, onSocket) : createServer(onSocket);
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    port: address.port,
    peers,
    requests,
    resets,
    reset: (count) =>
      new Promise((resolve) => {
        waiting.push([count, resolve]);
        onReset();
      }),
    close() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const { socket } of peers) socket.destroy();
      return closed;
    },
  };
}
