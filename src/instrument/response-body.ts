import { now } from '../core/clock.ts';

/** How a body ended that was not read to its end: its reader cancelled it, or it broke off. */
export interface BodyEnd {
  readonly cancelled?: boolean;
  readonly error?: unknown;
}

/** How far a body has been read. */
export interface Progress {
  isBegun: boolean;
  /** The clock reading of the latest chunk, or of the beginning; `undefined` if chunks are not seen. */
  readAt: number | undefined;
}

/** A body, which whoever can read on in it holds. */
export class WatchedBody {
  readonly progress: Progress;
  readonly end: (how?: BodyEnd) => void;
  /** How many copies of the body can be read: `clone()` and `tee()` create them. */
  copies = 0;

  constructor(progress: Progress, end: (how?: BodyEnd) => void) {
    this.progress = progress;
    this.end = end;
  }
}

/** Receives the events of one copy of a body. */
export class BodyWatcher {
  private readonly _body: WatchedBody;
  private _isOver = false;
  /** True if somebody has begun to read this copy. */
  isBegun = false;

  constructor(body: WatchedBody) {
    this._body = body;
    body.copies++;
  }

  /** Somebody reads, chunk by chunk if there is a clock reading: that of the latest chunk, or of the beginning. */
  reads(at?: number): void {
    this.isBegun = true;
    Object.assign(this._body.progress, { isBegun: true, readAt: at });
  }

  /** The copy is over. May be called more than once. The body is over with the first copy that nobody has cancelled. */
  end(how?: BodyEnd): void {
    if (this._isOver) return;
    this._isOver = true;
    if (--this._body.copies === 0 || !how?.cancelled) this._body.end(how);
  }

  copy(): BodyWatcher {
    return new BodyWatcher(this._body);
  }
}

type Method = (...args: unknown[]) => unknown;
type Stream = ReadableStream<Uint8Array>;

/** The part of a Node stream that is used. */
interface NodeStream {
  once?(event: string, listener: () => void): void;
  readonly errored?: unknown;
  readonly readableAborted?: boolean;
}

const READ_WHOLE = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'];

/**
 * Tells `watcher` how the body of `response` is read, in whatever way. The response and its body stay the same
 * objects; both get methods that wrap their own. Wrapping the response in another one would lose `url` and
 * `redirected`, and the body would be piped chunk by chunk where the runtime otherwise reads it at once.
 */
export function watchResponse(response: Response, watcher: BodyWatcher): void {
  for (const name of READ_WHOLE) {
    wrap(response, name, (read) => () => {
      // This call fails, and does not affect the reader that came first.
      if (watcher.isBegun || response.bodyUsed) return read();
      watcher.reads();
      return (read() as Promise<unknown>).then(
        (whole) => {
          watcher.end();
          return whole;
        },
        (error: unknown) => {
          // Invalid JSON was still read to its end.
          watcher.end(error instanceof SyntaxError ? undefined : { error });
          throw error;
        },
      );
    });
  }
  wrap(response, 'clone', (clone) => () => {
    const copy = clone() as Response;
    watchResponse(copy, watcher.copy());
    return copy;
  });
  if (Object.hasOwn(response, 'body')) {
    // A stand-in for a response in a test, or the response of another `fetch`.
    const { body } = response;
    if (body) watchStream(body, watcher);
    return;
  }
  const prototype = Object.getPrototypeOf(response) ?? {};
  const seen = new WeakSet<object>();
  Object.defineProperty(response, 'body', {
    configurable: true,
    get() {
      // Read on each access, because clone() replaces it. Not read earlier, because the runtime creates no stream for a
      // body until somebody asks for one.
      const body = Reflect.get(prototype, 'body', response) as Stream | null;
      if (body && !seen.has(body)) {
        seen.add(body);
        watchStream(body, watcher);
      }
      return body;
    },
  });
}

function watchStream(stream: Stream, watcher: BodyWatcher): void {
  if (typeof stream.getReader !== 'function') {
    // A non-standard `fetch` may return a Node stream.
    const node = stream as object as NodeStream;
    node.once?.('close', () => watcher.end({ error: node.errored ?? undefined, cancelled: node.readableAborted }));
    return;
  }
  wrap(stream, 'getReader', (getReader) => (...args) => {
    const reader = getReader(...args) as ReadableStreamDefaultReader;
    watcher.reads(now());
    watchReader(reader, watcher);
    return reader;
  });
  wrap(stream, 'pipeTo', (pipeTo) => (...args) => {
    const wasLocked = stream.locked;
    const piped = pipeTo(...args) as Promise<void>;
    // Wrong arguments start nothing.
    if (wasLocked || !stream.locked) return piped;
    watcher.reads();
    return piped.then(
      () => watcher.end(),
      (error: unknown) => {
        // Without an error, whoever reads at the other end of the pipe has cancelled.
        const isAborted = (args[1] as StreamPipeOptions | undefined)?.signal?.aborted;
        watcher.end({ error: isAborted ? undefined : error, cancelled: true });
        throw error;
      },
    );
  });
  wrap(stream, 'pipeThrough', (pipeThrough) => (...args) => {
    const [through, options] = args as [ReadableWritablePair, StreamPipeOptions | undefined];
    if (stream.locked) return pipeThrough(...args);
    stream.pipeTo(through?.writable, options).catch(() => {});
    // If that has not begun, the native method says what is wrong.
    return stream.locked ? through.readable : pipeThrough(...args);
  });
  wrap(stream, 'tee', (tee) => () => {
    const [one, other] = tee() as [Stream, Stream];
    watchStream(one, watcher);
    watchStream(other, watcher.copy());
    return [one, other];
  });
  wrap(stream, 'cancel', (cancel) => (...args) => {
    if (!stream.locked) watcher.end({ cancelled: true });
    return cancel(...args);
  });
  const iterate =
    (native: Method): Method =>
    (...args) => {
      const iterator = native(...args) as AsyncIterator<Uint8Array>;
      watcher.reads(now());
      watchIterator(iterator, watcher, (args[0] as StreamIteratorOptions | null | undefined)?.preventCancel === true);
      return iterator;
    };
  wrap(stream, 'values', iterate);
  wrap(stream, Symbol.asyncIterator, iterate);
}

interface StreamIteratorOptions {
  readonly preventCancel?: boolean;
}

function watchIterator(iterator: AsyncIterator<Uint8Array>, watcher: BodyWatcher, isKept: boolean): void {
  wrap(
    iterator,
    'next',
    (next) => () =>
      (next() as Promise<IteratorResult<Uint8Array>>).then(
        (result) => {
          if (result.done) watcher.end();
          else watcher.reads(now());
          return result;
        },
        (error: unknown) => {
          watcher.end({ error });
          throw error;
        },
      ),
  );
  wrap(iterator, 'return', (end) => (value) => {
    // With `preventCancel`, the stream can be read further.
    if (!isKept) watcher.end({ cancelled: true });
    return end(value);
  });
}

function watchReader(reader: ReadableStreamDefaultReader, watcher: BodyWatcher): void {
  let isReleased = false;
  wrap(
    reader,
    'read',
    (next) =>
      (...args) =>
        (next(...args) as Promise<unknown>).then((result) => {
          watcher.reads(now());
          return result;
        }),
  );
  wrap(reader, 'cancel', (cancel) => (...args) => {
    if (!isReleased) watcher.end({ cancelled: true });
    return cancel(...args);
  });
  wrap(reader, 'releaseLock', (releaseLock) => () => {
    // From here on, `closed` says nothing about the stream.
    isReleased = true;
    releaseLock();
  });
  reader.closed.then(
    () => watcher.end(),
    (error: unknown) => {
      if (!isReleased) watcher.end({ error });
    },
  );
}

/** Wraps a method of an object. Does nothing if there is no such method, or if it cannot be replaced. */
function wrap(object: object, name: string | symbol, around: (native: Method) => Method): void {
  try {
    const native = (object as Record<string | symbol, unknown>)[name];
    if (typeof native !== 'function') return;
    const value = around((...args) => native.apply(object, args));
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
  } catch {
    // A frozen response stays as it is.
  }
}
