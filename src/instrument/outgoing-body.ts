import type { Context } from '../core/context.ts';
import { processState } from '../core/process-state.ts';

/** Is told how a body fares on its way to the client. */
export interface BodyListener {
  /** It is on its way. */
  touch(): void;
  /** All of it has gone out. */
  end(): void;
  /** What makes it has failed. */
  fail(error: unknown): void;
  /** Nobody reads on. */
  cancelled(): void;
}

type Piece = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;
type BodyReader = Pick<ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>, 'read' | 'cancel'>;

/** What nobody has but Workers. */
interface WorkersGlobals {
  readonly FixedLengthStream?: object;
}

// Of a body that is no longer than this, and whose length is known, nothing is worth what watching it takes.
const SMALL_BODY_BYTES = 65_536;
// In so many pieces runtimes hand out what is in memory.
const MAX_PIECES = 4;
// … each after so many microtasks at most: Deno takes five for a Blob.
const TURNS = 10;
// What is asked of a stream of Workers at once, which by itself hands out 4 KiB.
const READ_BYTES = 65_536;

/**
 * A response like this one, whose body tells `listener` of its end and is asked for more within `context`; or the same one, where
 * there is nothing to wait for.
 *
 * What is in memory is passed on as a whole, so that it keeps its `Content-Length`, and its end is told at once. A stream is
 * passed on as it is asked for. Workers could pump some of theirs by themselves, but not all, and do not say which: a client
 * would get nothing of the others.
 */
export async function passOnBody(
  response: Response,
  body: ReadableStream,
  context: Context,
  listener: BodyListener,
): Promise<Response> {
  const { FixedLengthStream } = globalThis as WorkersGlobals;
  const length = FixedLengthStream && (inspected(body, 'length') as number | undefined);
  if (length !== undefined && length <= SMALL_BODY_BYTES) {
    listener.end();
    return response;
  }
  const isTheirs = FixedLengthStream && inspected(body, 'supportsBYOB');
  const reader = isTheirs ? largeReader(body) : body.getReader();
  const read = () => processState.contextStorage.run(context, () => reader.read());
  const { pieces, next } = await inMemory(read);
  if (next === undefined) {
    listener.end();
    // A `Blob` would bring a content type in Bun.
    return new Response(pieces.length === 1 ? pieces[0] : await new Blob(pieces).arrayBuffer(), response);
  }
  return new Response(passedOnStream(reader, read, pieces, next, length, listener), response);
}

/** Asks a stream of Workers for more than it hands out by itself. */
function largeReader(body: ReadableStream): BodyReader {
  const reader = body.getReader({ mode: 'byob' });
  return {
    read: () => reader.read(new Uint8Array(READ_BYTES)) as Promise<Piece>,
    cancel: (reason) => reader.cancel(reason),
  };
}

/** The pieces that are there without anything to wait for, and the one that is not there yet, unless they are all. */
async function inMemory(
  read: () => Promise<Piece>,
): Promise<{ pieces: Uint8Array<ArrayBuffer>[]; next: Promise<Piece> | undefined }> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const next = read();
    let piece: Piece | undefined;
    next.then(
      (result) => {
        piece = result;
      },
      // Whoever reads on is told.
      () => {},
    );
    for (let turn = 0; turn < TURNS && piece === undefined; turn++) await undefined;
    if (piece?.done) return { pieces, next: undefined };
    // Anything may be put into a stream; what becomes of it is for the runtime to say.
    if (!(piece?.value instanceof Uint8Array) || pieces.length === MAX_PIECES) return { pieces, next };
    pieces.push(piece.value);
  }
}

function passedOnStream(
  reader: BodyReader,
  read: () => Promise<Piece>,
  pieces: Uint8Array<ArrayBuffer>[],
  first: Promise<Piece>,
  expectedLength: number | undefined,
  listener: BodyListener,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let next: Promise<Piece> | undefined = first;
  const source = {
    // On Workers it becomes the `Content-Length`.
    expectedLength,
    async pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) {
      listener.touch();
      const piece = pieces.shift();
      if (piece) return controller.enqueue(piece);
      try {
        const { done, value } = await (next ?? read());
        next = undefined;
        if (!done) return controller.enqueue(value);
      } catch (error) {
        listener.fail(error);
        throw error;
      }
      listener.end();
      controller.close();
    },
    cancel(reason: unknown) {
      listener.cancelled();
      return reader.cancel(reason);
    },
  };
  // Nothing is asked for before somebody wants it.
  return new ReadableStream(source, { highWaterMark: 0 });
}

/**
 * True where Bun has the body in memory or in a file. A response that is asked for such a body as a stream has no content type
 * any more and is sent otherwise; what the console shows of it is the only way to ask.
 */
export function isHeldByBun(response: Response): boolean {
  const { Bun } = globalThis as { Bun?: { inspect(value: unknown): string } };
  return Bun !== undefined && /\n {2}(Blob|FileRef) \(/.test(Bun.inspect(response));
}

/**
 * What the console of Workers shows of a stream: its length, where that is known, and whether it is one of theirs. There is
 * no other way to ask.
 */
function inspected(body: ReadableStream, name: string): unknown {
  const prototype = Object.getPrototypeOf(body) as object;
  const symbol = Object.getOwnPropertySymbols(prototype).find(({ description }) => description === name);
  const value = symbol && (body as unknown as Record<symbol, unknown>)[symbol];
  return typeof value === 'bigint' ? Number(value) : value;
}
