import type { Context } from '../core/context.ts';
import { processState } from '../core/process-state.ts';

/** Is told how a body fares on its way to the client. */
export interface BodyListener {
  /** It is on its way; the next sign of life may take so many milliseconds. */
  touch(millis?: number): void;
  /** All of it has gone out. */
  end(): void;
  /** What makes it has failed. */
  fail(error: unknown): void;
  /** Nobody reads on. */
  cancelled(): void;
}

type Piece = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;

/** What Workers have: a stream that passes bytes on without JavaScript. */
interface WorkersGlobals {
  FixedLengthStream?: new (length: number) => TransformStream<Uint8Array, Uint8Array>;
}

// Of a body that is no longer than this, and whose length is known, nothing is worth what watching it takes.
const SMALL_BODY_BYTES = 65_536;
// In so many pieces runtimes hand out what is in memory.
const MAX_PIECES = 4;
// … each after so many microtasks at most: Deno takes five for a Blob.
const TURNS = 10;
// What Workers pump by themselves says nothing before it is over.
const PUMP_MILLIS = 3_600_000;

/**
 * A response like this one, whose body tells `listener` of its end and is asked for more within `context`; or the same one, where
 * there is nothing to wait for.
 *
 * What is in memory is passed on as a whole, so that it keeps its `Content-Length`, and its end is told at once. A stream is
 * passed on as it is asked for; on Workers without any JavaScript, where it is one of theirs and its length is known.
 */
export async function passOnBody(
  response: Response,
  body: ReadableStream,
  context: Context,
  listener: BodyListener,
): Promise<Response> {
  const { FixedLengthStream } = globalThis as WorkersGlobals;
  const length = FixedLengthStream && (inspected(body, 'length') as number | undefined);
  if (FixedLengthStream && length !== undefined) {
    if (length <= SMALL_BODY_BYTES) {
      listener.end();
      return response;
    }
    // A megabyte would take 10 ms of JavaScript, in pieces of 4 KiB (workerd 2026-04). Of the two ends of such a stream it
    // cannot be said which one has failed.
    if (inspected(body, 'supportsBYOB')) {
      listener.touch(PUMP_MILLIS);
      const through = new FixedLengthStream(length);
      body.pipeTo(through.writable).then(
        () => listener.end(),
        (error) => listener.fail(error),
      );
      return new Response(through.readable, response);
    }
  }
  const reader = body.getReader();
  const read = () => processState.contextStorage.run(context, () => reader.read());
  const { pieces, next } = await inMemory(read);
  if (next === undefined) {
    listener.end();
    return new Response(pieces.length === 1 ? pieces[0] : new Blob(pieces), response);
  }
  return new Response(passedOnStream(reader, read, pieces, next, length, listener), response);
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
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
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
