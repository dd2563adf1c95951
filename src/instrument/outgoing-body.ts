import type { Context } from '../core/context.ts';
import { processState } from '../core/process-state.ts';

/** Receives the progress of a body on its way to the client. */
export interface BodyListener {
  /** The client asks for more. */
  touch(): void;
  /** The whole body has been passed on. */
  end(): void;
  /** The source of the body has failed. */
  fail(error: unknown): void;
  /** The client stopped reading. */
  cancelled(): void;
}

type Piece = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;

/** A reader of either kind. Only one for bytes uses `into`. */
interface BodyReader {
  read(into: Uint8Array | undefined): Promise<Piece>;
  cancel(reason: unknown): Promise<void>;
}

/** Globals that only one runtime has. */
interface RuntimeGlobals {
  readonly Bun?: { inspect(value: unknown): string };
  /** Of Workers. */
  readonly FixedLengthStream?: object;
}

// Watching a body of known length up to this size costs more than it tells.
const SMALL_BODY_BYTES = 65_536;
// Runtimes deliver a body that is in memory in at most this many pieces,
const MAX_PIECES = 4;
// … each after at most this many microtasks: Deno takes five for a Blob.
const TURNS = 10;
// After this much, at most one more piece is read ahead. So a body in one large piece is still read to its end.
const AHEAD_BYTES = 65_536;
// Requested at once from a stream of Workers, which by itself delivers 4 KiB.
const READ_BYTES = 65_536;

/**
 * Returns a response like this one whose body is read within `context` and notifies `listener`, if there is one; or the
 * same response, if there is nothing to wait for.
 *
 * A body in memory is passed on as a whole, so that it keeps its `Content-Length`, and `listener` is notified of its
 * end at once. To recognize it, a little of each body is read ahead. The rest is passed on as the client asks for it.
 * Workers could pump some of their streams natively, but not all, and do not say which: the client would receive
 * nothing of the others.
 */
export async function passOnBody(
  response: Response,
  body: ReadableStream,
  context: Context,
  listener: BodyListener | undefined,
): Promise<Response> {
  const { FixedLengthStream } = globalThis as RuntimeGlobals;
  const length = FixedLengthStream && (inspected(body, 'length') as number | undefined);
  if (length !== undefined && length <= SMALL_BODY_BYTES) {
    listener?.end();
    return response;
  }
  const isTheirs = FixedLengthStream && inspected(body, 'supportsBYOB');
  const reader = body.getReader(isTheirs ? { mode: 'byob' } : undefined) as BodyReader;
  const read = () =>
    processState.contextStorage.run(context, () => reader.read(isTheirs ? new Uint8Array(READ_BYTES) : undefined));
  const { pieces, next } = await inMemory(read);
  if (next === undefined) {
    listener?.end();
    // A `Blob` would bring a content type in Bun.
    return new Response(pieces.length === 1 ? pieces[0] : await new Blob(pieces).arrayBuffer(), response);
  }
  return new Response(passedOnStream(reader, read, pieces, next, length, context, listener), response);
}

/** Reads the pieces that are available without waiting, and returns the pending read unless the body is complete. */
async function inMemory(
  read: () => Promise<Piece>,
): Promise<{ pieces: Uint8Array<ArrayBuffer>[]; next: Promise<Piece> | undefined }> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (;;) {
    const next = read();
    let piece: Piece | undefined;
    next.then(
      (result) => {
        piece = result;
      },
      // The next reader gets the error.
      () => {},
    );
    for (let turn = 0; turn < TURNS && piece === undefined; turn++) await undefined;
    if (piece?.done) return { pieces, next: undefined };
    // A stream may contain anything; the runtime decides what to do with other values.
    if (!(piece?.value instanceof Uint8Array) || pieces.length === MAX_PIECES || size > AHEAD_BYTES) {
      return { pieces, next };
    }
    pieces.push(piece.value);
    size += piece.value.length;
  }
}

function passedOnStream(
  reader: BodyReader,
  read: () => Promise<Piece>,
  pieces: Uint8Array<ArrayBuffer>[],
  first: Promise<Piece>,
  expectedLength: number | undefined,
  context: Context,
  listener: BodyListener | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let next: Promise<Piece> | undefined = first;
  const source = {
    // On Workers, it becomes the `Content-Length`.
    expectedLength,
    async pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) {
      listener?.touch();
      const piece = pieces.shift();
      if (piece) return controller.enqueue(piece);
      try {
        const { done, value } = await (next ?? read());
        next = undefined;
        if (!done) return controller.enqueue(value);
      } catch (error) {
        listener?.fail(error);
        throw error;
      }
      listener?.end();
      controller.close();
    },
    cancel(reason: unknown) {
      // First, because the end of an event ends whatever still waits for bodies.
      const cancelled = processState.contextStorage.run(context, () => reader.cancel(reason));
      listener?.cancelled();
      return cancelled;
    },
  };
  // Nothing more is read before the client asks for it.
  return new ReadableStream(source, { highWaterMark: 0 });
}

/**
 * True if reading the body would change it, or what it costs:
 *
 * - Workers pass a compressed body on as it came. A stream of it is decompressed, and compressed again for the client:
 *   150 ms of CPU time instead of 2 for 8 MB, and the `Content-Length` is lost.
 * - Bun holds a body in memory or in a file. As a stream, the response would lose its content type and be sent in
 *   another way. What Bun's console shows of the response is the only way to find out.
 */
export function isLeftAlone(response: Response): boolean {
  const { Bun, FixedLengthStream } = globalThis as RuntimeGlobals;
  if (FixedLengthStream) return response.headers.has('content-encoding');
  return Bun !== undefined && /\n {2}(Blob|FileRef) \(/.test(Bun.inspect(response));
}

/**
 * A property that the console of Workers shows for a stream: its length, if known, and whether the stream is native.
 * There is no other way to find out.
 */
function inspected(body: ReadableStream, name: string): unknown {
  const prototype = Object.getPrototypeOf(body) as object;
  const symbol = Object.getOwnPropertySymbols(prototype).find(({ description }) => description === name);
  const value = symbol && (body as unknown as Record<symbol, unknown>)[symbol];
  return typeof value === 'bigint' ? Number(value) : value;
}
