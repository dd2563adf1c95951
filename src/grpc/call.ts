import type { ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { later, markUnsent } from '#main';
import type { OtlpAnswer } from '../export/otlp/transport.ts';
import type { Connection } from './connection.ts';
import { MAX_RESPONSE_BYTES, messageIn, prefixOf } from './frame.ts';
import { answerOf } from './status.ts';

const NO_ERROR = 0;
const REFUSED_STREAM = 7;
const CANCEL = 8;
// A body in crumbs would take a hundred times its memory.
const MAX_PIECES = 4_096;
// So long nobody wonders where an answer is.
const WAITING_MILLIS = 3_000;

/** A request that the server has certainly not taken. */
export class NotSent extends Error {}

/**
 * One request and its answer. Rejects where there is none: with {@link NotSent}, or with what `isUnsent` knows, where the
 * server has not taken the request.
 */
export function call(
  connection: Connection,
  headers: OutgoingHttpHeaders,
  message: Uint8Array,
  isCompressed: boolean,
  signal: AbortSignal,
): Promise<OtlpAnswer> {
  return new Promise((resolve, reject) => {
    let stream: ClientHttp2Stream | undefined;
    let head: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const pieces: Uint8Array[] = [];
    let size = 0;
    let failure: unknown;
    let isHeard = false;
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
      if (stream !== undefined && !stream.closed) stream.close(CANCEL);
    };
    const fail = (error: unknown) => {
      if (isSettled) return;
      settle();
      // What the server does not have all of, it cannot have taken; and it may say that it has not looked at it.
      const isTaken =
        stream?.writableFinished && stream.rstCode !== REFUSED_STREAM && Number(stream.id) <= connection.lastStream;
      reject(isTaken ? error : markUnsent(new NotSent('the server has not taken the request', { cause: error })));
    };
    const onAbort = () => {
      // It had its chance to say something.
      if (stream === undefined && !connection.isOpen)
        connection.fail(new Error('no connection in time', { cause: signal.reason }));
      else if (!isHeard) connection.suspect();
      fail(signal.reason);
    };
    /** What there is of an answer, if it has said what it is. */
    const answer = () => {
      if (isSettled) return;
      const { 'grpc-status': status = head['grpc-status'] } = trailers;
      // Success before the whole of the request is there is none.
      if (status === '0' && !stream?.writableFinished) fail(new Error('the server answered before it had the request'));
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
      if (!(await connection.isAlive())) connection.fail(new Error('the server does not answer a PING'));
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
        if ((trailers['grpc-status'] ?? head['grpc-status']) !== undefined) answer();
      });
      stream.on('close', () => {
        const hasStatus = (trailers['grpc-status'] ?? head['grpc-status']) !== undefined;
        if (hasStatus || stream?.rstCode === NO_ERROR) answer();
        else fail(failure ?? new Error(`the server broke off with error code ${stream?.rstCode} of HTTP/2`));
      });
      // In one piece, as far as the windows of the server are open.
      stream.cork();
      stream.write(prefixOf(message, isCompressed));
      stream.end(message);
      stream.uncork();
      watch();
    };
    const watch = () => {
      timer = later(async () => {
        // What is still setting out is in front of what would ask.
        if (stream?.writableFinished && connection.isQuietFor(WAITING_MILLIS)) await connection.probe();
        if (!isSettled) watch();
      }, WAITING_MILLIS);
    };

    const release = connection.hold((error) => fail(error));
    signal.addEventListener('abort', onAbort);
    begin().catch(fail);
  });
}
