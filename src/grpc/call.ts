import type { ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { later, markUnsent } from '#main';
import type { OtlpAnswer } from '../export/otlp/transport.ts';
import { CLOSED, type Connection } from './connection.ts';
import { MAX_RESPONSE_BYTES, messageIn, prefixOf } from './frame.ts';
import { answerOf } from './status.ts';

const NO_ERROR = 0;
const REFUSED_STREAM = 7;
const CANCEL = 8;
// A body of tiny pieces would take a hundred times its size in memory.
const MAX_PIECES = 4_096;
// The server is pinged if it has not answered after this time, or after a quarter of the timeout if that is less.
const WAITING_MILLIS = 3_000;

/** A request to send. */
export interface Request {
  readonly headers: OutgoingHttpHeaders;
  /** The parts of the message, to be concatenated. */
  readonly message: readonly Uint8Array[];
  readonly isCompressed: boolean;
  /** How long the call may take from now on. */
  readonly timeoutMillis: number;
}

/** The error of a request that the server has certainly not processed. */
export class NotSent extends Error {}

/**
 * Sends one request and returns its answer. Rejects if there is none. If the server has certainly not processed the
 * request, the error is a {@link NotSent}, which `isUnsent` recognizes.
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
      // Data still in flight, in either direction, is no longer needed.
      if (stream !== undefined && !stream.closed && !(isEnded && stream.writableFinished)) stream.close(CANCEL);
    };
    const fail = (error: unknown) => {
      if (isSettled) return;
      // The server cannot have processed an incomplete request, and may say that it has not processed a complete one.
      const isTaken =
        stream?.writableFinished && stream.rstCode !== REFUSED_STREAM && Number(stream.id) <= connection.lastStream;
      settle();
      reject(isTaken ? error : markUnsent(notSent(error, stream !== undefined)));
    };
    const onAbort = () => {
      // A connection that has not opened by now has failed. A silent one is pinged before the next request.
      if (stream === undefined && !connection.isOpen)
        connection.fail(new Error('could not connect in time', { cause: signal.reason }));
      else if (!isHeard) connection.suspect();
      fail(signal.reason);
    };
    const status = () => trailers['grpc-status'] ?? head['grpc-status'];
    /** Settles with what has arrived of the answer. */
    const answer = () => {
      if (isSettled) return;
      // A success does not count before the whole request is sent.
      if (status() === '0' && !stream?.writableFinished)
        fail(new Error('the server answered before it received the whole request'));
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
      // Send the request in one piece, as far as the server's flow-control windows allow.
      stream.cork();
      stream.write(prefixOf(message, isCompressed));
      for (const part of message) stream.write(part);
      stream.end();
      stream.uncork();
      watch();
    };
    // Ping once per call, since servers tolerate few pings.
    const watch = () => {
      timer = later(() => {
        // A ping would have to wait for the rest of the request.
        if (!stream?.writableFinished) watch();
        else if (!isHeard) connection.probe();
      }, waitingMillis);
    };

    const release = connection.hold(fail);
    signal.addEventListener('abort', onAbort);
    begin().catch(fail);
  });
}

/** Creates a separate error for each request: several may share a cause, and not all of them need be unsent. */
function notSent(error: unknown, isBegun: boolean): NotSent {
  if (isBegun) return new NotSent('the server has not processed the request', { cause: error });
  const { message = String(error), code, cause } = Object(error) as NodeJS.ErrnoException;
  return Object.assign(new NotSent(message, { cause }), { code });
}
