import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:tls';
import { decodeRequest, encodeResponse, flatten } from '../../../oracle/otlp.ts';
import { Arrivals } from '../arrivals.ts';
import { CERTIFICATES, type CertificateName } from '../certificates.ts';
import { answerParent } from '../child.ts';
import { type Answer, type Fault, type Flood, HEALTHY } from '../fault.ts';
import type { FaultServerOptions, FaultServerReport } from '../fault-server.ts';
import { RequestReader, type WholeRequest } from '../request-reader.ts';
import { SELF_SIGNED } from '../self-signed.ts';
import { spanIdsOf } from '../span-ids.ts';

// The child process of FaultServers: servers that misbehave like networks, proxies and collectors.

const FLOOD_BYTES = 100_000_000;
const CHUNK = Buffer.alloc(65_536);
/** Gives the client time to read what was written, so that it waits for the rest. */
const BEFORE_BREAK_MILLIS = 50;
const MAX_KEPT_BYTES = 32 * 1024 * 1024;
const MAX_PROBLEMS = 3;
/** The limit for actions that a client takes on its own. */
const PATIENCE_MILLIS = 15_000;
const RETRIED = [429, 502, 503, 504];
const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 100\r\n\r\n';

/** One server, with what it has received. */
class Listener {
  fault: Fault = HEALTHY;
  readonly arrivals = new Arrivals();
  readonly problems: string[] = [];
  readonly requestSpans: number[] = [];
  connections = 0;
  open = 0;
  peakConcurrency = 0;
  sentBytes = 0;
  private readonly sockets = new Set<Socket>();
  private readonly kept: Buffer[] = [];
  private keptBytes = 0;
  private readonly server: Server;
  private readonly checkEvery: number;
  private port = 0;

  constructor({ certificate, checkEvery = 1 }: FaultServerOptions) {
    this.checkEvery = checkEvery;
    const serve = (socket: Socket) => {
      this.connections++;
      this.sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.sockets.delete(socket));
      new Connection(this, socket);
    };
    this.server =
      certificate === undefined
        ? createServer(serve)
        : createSecureServer({ key: SELF_SIGNED.key, cert: CERTIFICATES[certificate] }, serve);
    // A client that refuses the certificate.
    this.server.on('tlsClientError', () => {});
  }

  /** Listens, on the previous port if there was one. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(this.port, '127.0.0.1', () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    this.port = (this.server.address() as AddressInfo).port;
    return this.port;
  }

  /** Breaks all connections, and stops listening. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.server.close(() => resolve()));
    for (const socket of this.sockets) breakOff(socket);
    return closed;
  }

  show(certificate: CertificateName): void {
    (this.server as SecureServer).setSecureContext({ key: SELF_SIGNED.key, cert: CERTIFICATES[certificate] });
  }

  complain(problem: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem);
  }

  /** Records a request, whose spans before `firstTaken` are not accepted. Returns its ids. */
  take(body: Buffer, firstTaken: number): Uint32Array {
    let ids: Uint32Array = new Uint32Array();
    try {
      ids = spanIdsOf(body);
    } catch (error) {
      this.complain(`a body cannot be read: ${error}`);
    }
    if (this.requestSpans.length % this.checkEvery === 0 && this.keptBytes < MAX_KEPT_BYTES) {
      this.kept.push(body);
      this.keptBytes += body.length;
    }
    this.requestSpans.push(ids.length / 2);
    this.arrivals.see(ids, firstTaken);
    return ids;
  }

  report(): FaultServerReport {
    // Decode only now, because decoding takes longer than creating the spans.
    for (const body of this.kept.splice(0)) {
      try {
        for (const { name, startTimeUnixNano, endTimeUnixNano } of flatten(decodeRequest(body))) {
          if (endTimeUnixNano < startTimeUnixNano) this.complain(`${name} ended before it started`);
        }
      } catch (error) {
        this.complain(`a body does not decode: ${error}`);
      }
    }
    const { distinct, total, repeated } = this.arrivals;
    const { connections, requestSpans, peakConcurrency, problems, sentBytes } = this;
    return { connections, requestSpans, peakConcurrency, problems, sentBytes, received: distinct, total, repeated };
  }
}

/** A connection to one of them. The fault at the beginning of a request applies to it. */
class Connection {
  private readonly listener: Listener;
  private readonly socket: Socket;
  private readonly reader = new RequestReader();
  private served = 0;
  private fault: Fault | undefined;
  private idle: NodeJS.Timeout | undefined;

  constructor(listener: Listener, socket: Socket) {
    this.listener = listener;
    this.socket = socket;
    socket.on('close', () => this.settle());
    const { kind, at, only } = { at: '', ...listener.fault };
    if (only !== undefined || at !== 'connection') socket.on('data', (bytes: Buffer) => this.onData(bytes));
    else if (kind === 'break') breakOff(socket);
    // With silence, read nothing.
  }

  private onData(bytes: Buffer): void {
    const { listener, reader, socket } = this;
    // These bytes arrived while the connection was being closed. Reset it, like a server that no longer exists.
    if (socket.writableEnded) {
      breakOff(socket);
      return;
    }
    if (this.fault === undefined) {
      clearTimeout(this.idle);
      this.fault = listener.fault.only === 'kept' && this.served === 0 ? HEALTHY : listener.fault;
      listener.peakConcurrency = Math.max(listener.peakConcurrency, ++listener.open);
    }
    const { kind, at } = { at: '', ...this.fault };
    if (at === 'connection') {
      socket.pause();
      if (kind === 'break') breakOff(socket);
      return;
    }
    if (kind === 'slow reader') {
      socket.pause();
      setTimeout(() => socket.resume(), bytes.length);
    }
    try {
      const request = reader.push(bytes);
      if (at === 'half' && (request || 2 * reader.bodyBytes > Number(reader.length))) breakOff(socket);
      else if (request) this.onRequest(request);
    } catch (error) {
      listener.complain(String(error));
      breakOff(socket);
    }
  }

  private onRequest(request: WholeRequest): void {
    const { listener, socket } = this;
    const { body } = request;
    let fault = this.fault as Fault;
    if (typeof fault.only === 'object' && !body.includes(fault.only.text)) fault = HEALTHY;
    switch (fault.kind) {
      case 'answer':
        this.answer(request, fault.overBytes && body.length <= fault.overBytes ? { kind: 'answer' } : fault);
        return;
      case 'raw': {
        const ids = listener.take(body, 0);
        if (fault.isAnswer) listener.arrivals.close(ids);
        socket.write(fault.bytes, 'latin1');
        this.settle();
        return;
      }
      case 'flood':
        this.flood(body, fault);
        return;
      case 'slow reader':
        this.answer(request, { kind: 'answer' });
        return;
    }
    // The answer's status decides, so the answer counts even if its body is incomplete.
    const ids = listener.take(body, 0);
    if (fault.at === 'body' || fault.at === 'answer') listener.arrivals.close(ids);
    if (fault.at === 'head') socket.write(ANSWER.slice(0, 60));
    if (fault.at === 'body') socket.write(`${ANSWER}${'x'.repeat(50)}`);
    if (fault.at === 'answer') socket.write(`${ANSWER}${'x'.repeat(100)}`);
    if (fault.kind === 'silence') return;
    this.settle();
    const { at, gently } = fault;
    const breaking = () => (gently ? socket.end() : breakOff(socket));
    if (at === 'request') breaking();
    else setTimeout(breaking, BEFORE_BREAK_MILLIS);
  }

  private answer(request: WholeRequest, answer: Answer): void {
    const { listener, socket } = this;
    const { status = 200, headers = {}, echoes, rejected, delayMillis, idleMillis } = answer;
    let { body: said = '', message } = answer;
    if (echoes && rejected === undefined) said = request.head;
    else if (echoes) message = request.head;
    const isPartial = rejected !== undefined || message !== undefined;
    const bytes = isPartial ? encodeResponse({ rejectedSpans: rejected, errorMessage: message }) : Buffer.from(said);
    const ids = listener.take(request.body, status < 300 ? Math.max(0, rejected ?? 0) : Number.POSITIVE_INFINITY);
    const respond = () => {
      if (socket.destroyed) return;
      if (!RETRIED.includes(status) && status !== 413) listener.arrivals.close(ids);
      this.settle();
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 ${status} \r\n${lines.join('')}content-length: ${bytes.length}\r\n\r\n`, 'latin1');
      socket.write(bytes);
      if (idleMillis !== undefined) this.idle = setTimeout(() => socket.end(), idleMillis);
    };
    if (delayMillis === undefined) respond();
    else setTimeout(respond, delayMillis);
  }

  private flood(request: Buffer, { status, framing }: Flood): void {
    const { listener, socket } = this;
    const ids = listener.take(request, status < 300 ? 0 : Number.POSITIVE_INFINITY);
    if (!RETRIED.includes(status)) listener.arrivals.close(ids);
    const isChunked = framing === 'chunked';
    socket.write(`HTTP/1.1 ${status} \r\n`);
    socket.write(isChunked ? 'transfer-encoding: chunked\r\n\r\n' : `content-length: ${FLOOD_BYTES}\r\n\r\n`);
    let left = FLOOD_BYTES;
    const pour = () => {
      for (let hasRoom = true; hasRoom && left > 0 && !socket.destroyed; ) {
        const part = CHUNK.subarray(0, left);
        left -= part.length;
        if (isChunked) socket.write(`${part.length.toString(16)}\r\n`);
        hasRoom = socket.write(part);
        if (isChunked) hasRoom = socket.write(left === 0 ? '\r\n0\r\n\r\n' : '\r\n');
      }
      if (left === 0) this.settle();
    };
    socket.on('drain', pour).on('close', () => {
      listener.sentBytes += FLOOD_BYTES - left;
    });
    pour();
  }

  /** Ends a request, so that the next one may begin. */
  private settle(): void {
    if (this.fault !== undefined) this.listener.open--;
    this.fault = undefined;
    this.served++;
  }
}

/** Resets a connection. One over TLS cannot be reset, so it is destroyed. */
function breakOff(socket: Socket): void {
  if ('encrypted' in socket) socket.destroy();
  else socket.resetAndDestroy();
}

const listeners: Listener[] = [];

answerParent({
  async start(options: FaultServerOptions) {
    const listener = new Listener(options);
    listeners.push(listener);
    return [listeners.length - 1, await listener.listen()];
  },
  listen: (at: number) => listeners[at].listen(),
  close: (at: number) => listeners[at].close(),
  show: ([at, certificate]: [number, CertificateName]) => listeners[at].show(certificate),
  turn: ([at, fault]: [number, Fault]) => {
    listeners[at].fault = fault;
  },
  async requested([at, count]: [number, number]) {
    const { requestSpans } = listeners[at];
    for (const start = performance.now(); requestSpans.length < count; await delay(5)) {
      if (performance.now() - start > PATIENCE_MILLIS) throw new Error(`${requestSpans.length} requests, not ${count}`);
    }
  },
  report: (at: number) => listeners[at].report(),
  ids: (at: number) => listeners[at].arrivals.ids(),
});
