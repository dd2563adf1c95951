import type { ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { later, markUnsent } from '#main';
import type { OtlpAnswer } from '../export/otlp/transport.ts';
import { CLOSED, type Connection } from './connection.ts';
import { MAX_RESPONSE_BYTES, messageIn, prefixOf } from './frame.ts';
import { answerOf } from './status.ts';

const NO_ERROR = 0;
const REFUSED_STREAM = 7;
const CANCEL = 8;
// A body in crumbs would take a hundred times its memory.
const MAX_PIECES = 4_096;
// So long nobody wonders where an answer is; or a quarter of the time that it may take.
const WAITING_MILLIS = 3_000;

/** What is to be sent. */
export interface Request {
  readonly headers: OutgoingHttpHeaders;
  /** In parts. */
  readonly message: readonly Uint8Array[];
  readonly isCompressed: boolean;
  /** What it may take, beginning with now. */
  readonly timeoutMillis: number;
}

/** A request that the server has certainly not taken. */
export class NotSent extends Error {}

/**
 * One request and its answer. Rejects where there is none: with {@link NotSent}, or with what `isUnsent` knows, where the
 * server has not taken the request.
 */
export function call(
  connection: Connection,
  { headers, message, isCompressed, timeoutMillis }: Request,
  signal: AbortSignal,
): Promise<OtlpAnswer> {
  return new Promise((resolve, reject) => {
    const waitingMillis = Math.min(WAITING_MILLIS, timeoutMillis / 4);
    let stream: ClientHttp2Stream | undefined;
    let head: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const pieces: Uint8Array[] = [];
    let size = 0;
    let failure: unknown;
    let isHeard = false;
    let isEnded = false;
    let isSettled = false;
    let timer: unknown;

    const heard = () => {
      isHeard = true;
      connection.heard();
    };
    const settle = () => {
      isSettled = true;
      clearTimeout(timer as number);
      signal.removeEventListener('abort', onAbort);
      release();
      // What is still under way, in either direction, is of no use to anybody.
      if (stream !== undefined && !stream.closed && !(isEnded && stream.writableFinished)) stream.close(CANCEL);
    };
    const fail = (error: unknown) => {
      if (isSettled) return;
      // What the server does not have all of, it cannot have taken; and it may say that it has not looked at it.
      const isTaken =
        stream?.writableFinished && stream.rstCode !== REFUSED_STREAM && Number(stream.id) <= connection.lastStream;
      settle();
      reject(isTaken ? error : markUnsent(notSent(error, stream !== undefined)));
    };
    const onAbort = () => {
      // It had its chance to say something.
      if (stream === undefined && !connection.isOpen)
        connection.fail(new Error('no connection in time', { cause: signal.reason }));
      else if (!isHeard) connection.suspect();
      fail(signal.reason);
    };
    const status = () => trailers['grpc-status'] ?? head['grpc-status'];
    /** What there is of an answer. */
    const answer = () => {
      if (isSettled) return;
      // Success before the whole of the request is there is none.
      if (status() === '0' && !stream?.writableFinished)
        fail(new Error('the server answered before it had the request'));
      else if (head[':status'] === undefined)
        fail(failure ?? new Error('the server ended the request without an answer'));
      else {
        settle();
        const body = Buffer.concat(pieces);
        resolve(messageIn(body).then((content) => answerOf(head, trailers, content, body)));
      }
    };
    const begin = async () => {
      const session = await connection.opened;
      if (!(await connection.isAlive())) fail(new Error('the connection has been silent for too long'));
      if (isSettled) return;
      connection.served++;
      stream = session.request(headers);
      stream.on('response', (received) => {
        heard();
        head = received;
      });
      stream.on('trailers', (received) => {
        heard();
        trailers = received;
      });
      stream.on('data', (bytes: Uint8Array) => {
        heard();
        pieces.push(bytes);
        size += bytes.length;
        if (size > MAX_RESPONSE_BYTES || pieces.length > MAX_PIECES) answer();
      });
      stream.on('error', (error) => {
        failure = error;
      });
      stream.on('end', () => {
        isEnded = true;
        if (status() !== undefined) answer();
      });
      stream.on('close', () => {
        if (status() !== undefined || stream?.rstCode === NO_ERROR) answer();
        else
          fail(
            failure ?? new Error(connection.isOver ? CLOSED : `the server reset the stream, code ${stream?.rstCode}`),
          );
      });
      // In one piece, as far as the windows of the server are open.
      stream.cork();
      stream.write(prefixOf(message, isCompressed));
      for (const part of message) stream.write(part);
      stream.end();
      stream.uncork();
      watch();
    };
    // Once, since servers put up with few questions of this kind.
    const watch = () => {
      timer = later(() => {
        // What is still setting out is in front of what would ask.
        if (!stream?.writableFinished) watch();
        else if (!isHeard) connection.probe();
      }, waitingMillis);
    };

    const release = connection.hold(fail);
    signal.addEventListener('abort', onAbort);
    begin().catch(fail);
  });
}

/** An error of its own for each request, since several may have the same one, and not all of them be unsent. */
function notSent(error: unknown, isBegun: boolean): NotSent {
  if (isBegun) return new NotSent('the server has not taken the request', { cause: error });
  const { message = String(error), code, cause } = Object(error) as NodeJS.ErrnoException;
  return Object.assign(new NotSent(message, { cause }), { code });
}
